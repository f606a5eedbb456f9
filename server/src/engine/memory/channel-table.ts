import type { Position, Retention } from '../engine.ts';
import { ChannelLog } from './channel-log.ts';
import type { Usage } from './usage.ts';

/** Steps of one sweep, a channel visited or a message freed each: about a millisecond's work. */
const SWEEP_STEPS = 10_000;

/** What is known of a channel whose log is gone: within an epoch, it may not count from 1 a second time. */
interface Rest {
  readonly channel: string;
  readonly top: number;
  readonly life: number;
  /** Of its last message or subscriber. */
  used: number;
}

export interface ChannelTableOptions {
  readonly retention: Retention;
  readonly epoch: string;
  /** Whether somebody owns the channel as a room. */
  readonly isOwned?: (channel: string) => boolean;
  readonly usage: Usage;
}

/** The logs of all channels, and what must be known of those whose log is gone. */
export class ChannelTable {
  readonly #retention: Retention;
  readonly #epoch: string;
  readonly #usage: Usage;
  readonly #isOwned: (channel: string) => boolean;
  readonly #logs = new Map<string, ChannelLog>();
  readonly #rests = new Map<string, Rest>();
  /** The number of a channel that begins now: see `#end`. */
  #newest = 0;
  /** The latest time of any message in a log that is gone, so that time does not run backwards in a new one. */
  #floor = 0;
  /** Where the next sweep goes on. */
  #cursor = this.#logs.values();
  #restCursor = this.#rests.values();

  constructor({ retention, epoch, usage, isOwned = () => false }: ChannelTableOptions) {
    this.#usage = usage;
    this.#retention = retention;
    this.#epoch = epoch;
    this.#isOwned = isOwned;
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
      const { life = this.#newest, top = 0, used = 0 } = this.#rests.get(channel) ?? {};
      const epoch = this.#epochOf(life);
      log = new ChannelLog(channel, this.#retention, {
        life,
        epoch,
        top,
        time: this.#floor,
        usage: this.#usage,
      });
      log.left = used;
      this.#rests.delete(channel);
      this.#logs.set(channel, log);
    }
    return log;
  }

  /** The channel's last offset, 0 before the first, and its epoch. */
  position(channel: string): Position {
    const log = this.#logs.get(channel);
    if (log !== undefined) return { epoch: log.epoch, offset: log.top };
    const { life = this.#newest, top = 0 } = this.#rests.get(channel) ?? {};
    return { epoch: this.#epochOf(life), offset: top };
  }

  /** Sorted anew for each call: this engine is not for millions of channels. */
  names({ prefix, after, limit }: { prefix: string; after?: string; limit: number }): string[] {
    const used = [...this.#logs.values()].filter((log) => log.top > 0).map((log) => log.channel);
    const names = [...used, ...this.#rests.keys()].filter((name) => name.startsWith(prefix));
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
   * Frees what has expired in channels that nobody uses, the logs of those that keep nothing, and what is known of those
   * that nobody has used for long. It goes once around all channels at most, and over several calls where they are many.
   */
  sweep(now: number): void {
    let steps = 0;
    while (steps < SWEEP_STEPS) {
      const next = this.#cursor.next();
      if (next.done) {
        this.#cursor = this.#logs.values();
        break;
      }
      const log = next.value;
      steps += 1 + log.trim(now);
      if (log.length === 0 && !log.followed) this.#letGo(log);
    }
    this.#sweepRests(now);
  }

  clear(): void {
    this.#logs.clear();
    this.#rests.clear();
    this.#cursor = this.#logs.values();
    this.#restCursor = this.#rests.values();
  }

  #letGo(log: ChannelLog): void {
    const { channel, top, time, life, left } = log;
    this.#logs.delete(channel);
    if (top === 0) return;
    this.#rests.set(channel, { channel, top, life, used: Math.max(time, left) });
    if (time > this.#floor) this.#floor = time;
  }

  #sweepRests(now: number): void {
    const { channelTtl = Number.POSITIVE_INFINITY, idempotencyWindow } = this.#retention;
    const horizon = now - Math.max(channelTtl, idempotencyWindow);
    for (let steps = 0; steps < SWEEP_STEPS; steps++) {
      const next = this.#restCursor.next();
      if (next.done) {
        this.#restCursor = this.#rests.values();
        return;
      }
      const rest = next.value;
      if (rest.used > horizon) continue;
      if (this.#isOwned(rest.channel)) rest.used = now;
      else this.#forget(rest);
    }
  }

  /**
   * A channel that is forgotten must not come back with an epoch that it had: when the first one with the newest number
   * goes, the next number is the newest.
   */
  #forget({ channel, life }: Rest): void {
    this.#rests.delete(channel);
    if (life === this.#newest) this.#newest++;
  }

  #epochOf(life: number): string {
    return life === 0 ? this.#epoch : `${this.#epoch}-${life.toString(36)}`;
  }
}
