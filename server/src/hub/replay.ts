import type { Message } from '../engine/engine.ts';
import type { History } from './history.ts';
import type { HubMeter } from './meter.ts';
import type { Subscription } from './recipient.ts';

/** Messages, and their bytes, that are read and sent at once; then the recipient has to have taken them. */
const slice = { limit: 200, bytes: 128 * 1024 };

/** Where a replay begins. */
export interface ReplayStart {
  /** Everything behind this offset is wanted. */
  readonly after: number;
  /** From this offset on nothing was missing when the recipient was told what it would get. */
  readonly completeFrom: number;
}

/** Messages that are wanted before a replay begins: those kept behind `after`, up to `to`. */
export interface Past {
  readonly after: number;
  readonly to: number;
  /** Only messages that were published to be kept. */
  readonly persisted: boolean;
}

/**
 * Reads a channel's messages slice by slice and sends them, at the pace of the recipient: a slice is read only when
 * everything before it was taken, so that a reader that takes nothing holds none. What expires or is cleared meanwhile
 * is told as a gap, in its place.
 */
export class Replay {
  /** The recipient has everything up to here, or was told that it has not. */
  offset: number;
  /** Whether there was any message. */
  sent = false;
  readonly #completeFrom: number;
  readonly #subscription: Subscription;
  readonly #history: History;
  readonly #meter: HubMeter;

  constructor(subscription: Subscription, start: ReplayStart, history: History, meter: HubMeter) {
    this.#subscription = subscription;
    this.offset = start.after;
    this.#completeFrom = start.completeFrom;
    this.#history = history;
    this.#meter = meter;
  }

  get ended(): boolean {
    return this.#subscription.state === 'ended';
  }

  /** All of what was before; what of it has gone meanwhile is missing, since nobody was promised it. */
  async past({ after, to, persisted }: Past): Promise<void> {
    let at: number | null = after;
    while (at !== null && at < to && !this.ended) {
      at = await this.#pastSlice(at, to, persisted);
      await this.#taking;
    }
  }

  /** The next slice, as far as this offset and no further. */
  async next(last = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#slice(last);
    await this.#taking;
  }

  /** Resolves to the offset up to which there may be more, or to null. */
  async #pastSlice(after: number, to: number, persisted: boolean): Promise<number | null> {
    await this.#taking;
    const page = await this.#history.read(this.#subscription.channel, { after, persisted, ...slice });
    const messages = page.messages.filter(({ offset }) => offset <= to);
    const whole = messages.length === page.messages.length;
    for (let taken = this.#taking; taken !== null; taken = this.#taking) await taken;
    this.#send(messages, whole && page.more);
    return whole && page.more ? (messages.at(-1)?.offset ?? null) : null;
  }

  async #slice(last: number): Promise<void> {
    await this.#taking;
    const page = await this.#history.read(this.#subscription.channel, { after: this.offset, ...slice });
    const messages = page.messages.filter((message) => message.offset <= last);
    const more = page.more && messages.length === page.messages.length;
    for (let taken = this.#taking; taken !== null; taken = this.#taking) await taken;
    let start = 0;
    for (const [place, { offset }] of messages.entries()) {
      if (offset > Math.max(this.offset + 1, this.#completeFrom)) {
        this.#send(messages.slice(start, place), false);
        start = place;
        this.#tellLost(offset - 1);
      }
      this.offset = offset;
    }
    this.#send(messages.slice(start), more);
    if (more) return;
    const end = Math.min(page.offset, last);
    if (end > this.offset) this.#tellLost(end);
    this.offset = Math.max(this.offset, end);
  }

  /**
   * Resolves when the recipient took everything; null when it has. To be asked again in the turn in which something is
   * sent: of several replays that waited, another may have been faster.
   */
  get #taking(): Promise<void> | null {
    return this.ended ? null : this.#subscription.recipient.drained();
  }

  #send(messages: readonly Message[], more: boolean): void {
    const { recipient } = this.#subscription;
    if (messages.length > 0 && !this.ended) {
      this.sent = true;
      const bytes = recipient.encoder.encode(messages);
      if (bytes.length > 0) {
        recipient.push(bytes, messages.length, false);
        this.#meter.delivered('replay', messages.length, bytes.length);
      }
    }
    if (more) recipient.flush();
  }

  #tellLost(to: number): void {
    const from = Math.max(this.offset + 1, this.#completeFrom);
    if (from > to || this.ended) return;
    this.#subscription.recipient.gap(this.#subscription.channel, { from, to });
  }
}
