import type { Retention } from '../engine.ts';
import { ChannelLog } from './channel-log.ts';

/** Steps of one sweep, a channel visited or a message freed each: about a millisecond's work. */
const SWEEP_STEPS = 10_000;

/** The logs of all channels, and what must be known of those whose log is gone. */
export class ChannelTable {
  readonly #retention: Retention;
  readonly #logs = new Map<string, ChannelLog>();
  /** Last offsets of channels without a log: within an epoch, no channel may count from 1 a second time. */
  readonly #tops = new Map<string, number>();
  /** The latest time of any message in a log that is gone, so that time does not run backwards in a new one. */
  #floor = 0;
  /** Where the next sweep goes on. */
  #cursor = this.#logs.values();

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  /** Channels that have a log. */
  get size(): number {
    return this.#logs.size;
  }

  find(channel: string): ChannelLog | undefined {
    return this.#logs.get(channel);
  }

  /** The channel's log, a new one where there is none. */
  open(channel: string): ChannelLog {
    let log = this.#logs.get(channel);
    if (log === undefined) {
      log = new ChannelLog(channel, this.#retention, this.#tops.get(channel) ?? 0, this.#floor);
      this.#tops.delete(channel);
      this.#logs.set(channel, log);
    }
    return log;
  }

  /** The channel's last offset; 0 before the first. */
  top(channel: string): number {
    return this.#logs.get(channel)?.top ?? this.#tops.get(channel) ?? 0;
  }

  /** Sorted anew for each call: this engine is not for millions of channels. */
  names({ prefix, after, limit }: { prefix: string; after?: string; limit: number }): string[] {
    const used = [...this.#logs.values()].filter((log) => log.top > 0).map((log) => log.channel);
    const names = [...used, ...this.#tops.keys()].filter((name) => name.startsWith(prefix));
    // Each name becomes bytes once, not at every comparison.
    const behind = after === undefined ? undefined : Buffer.from(after);
    return names
      .map((name) => ({ name, bytes: Buffer.from(name) }))
      .filter(({ bytes }) => behind === undefined || Buffer.compare(bytes, behind) > 0)
      .sort((one, other) => Buffer.compare(one.bytes, other.bytes))
      .slice(0, limit)
      .map(({ name }) => name);
  }

  /**
   * Frees what has expired in channels that nobody uses, and the logs of those that keep nothing. It goes once
   * around all channels at most, and over several calls where they are many.
   */
  sweep(now: number): void {
    let steps = 0;
    while (steps < SWEEP_STEPS) {
      const next = this.#cursor.next();
      if (next.done) {
        this.#cursor = this.#logs.values();
        return;
      }
      const log = next.value;
      steps += 1 + log.trim(now);
      if (log.length === 0 && !log.followed) this.#forget(log);
    }
  }

  clear(): void {
    this.#logs.clear();
    this.#tops.clear();
    this.#cursor = this.#logs.values();
  }

  #forget(log: ChannelLog): void {
    this.#logs.delete(log.channel);
    if (log.top === 0) return;
    this.#tops.set(log.channel, log.top);
    if (log.time > this.#floor) this.#floor = log.time;
  }
}
