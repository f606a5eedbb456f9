import type { Message } from '../engine/engine.ts';
import type { History } from './history.ts';
import type { HubMeter } from './meter.ts';
import type { Subscription } from './recipient.ts';

/** Messages read from the engine at once. */
const pageSize = 200;
/** Bytes of data after which the recipient has to have taken them. */
const sliceBytes = 128 * 1024;

/** Where a replay begins. */
export interface ReplayStart {
  /** Everything behind this offset is wanted. */
  readonly after: number;
  /** From this offset on nothing was missing when the recipient was told what it would get. */
  readonly completeFrom: number;
}

/**
 * Reads a channel's messages page by page and sends them, at the pace of the recipient. What expires or is cleared
 * meanwhile is told as a gap, in its place.
 */
export class Replay {
  /** The recipient has everything up to here, or was told that it has not. */
  offset: number;
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

  /** The next page, as far as this offset and no further. */
  async next(last = Number.POSITIVE_INFINITY): Promise<void> {
    const { channel } = this.#subscription;
    const page = await this.#history.read(channel, { after: this.offset, limit: pageSize });
    const messages = page.messages.filter((message) => message.offset <= last);
    let start = 0;
    for (let i = 0; i < messages.length; i++) {
      const { offset } = messages[i] ?? { offset: this.offset };
      if (offset > Math.max(this.offset + 1, this.#completeFrom)) {
        await this.send(messages.slice(start, i));
        start = i;
        this.#tellLost(offset - 1);
      }
      this.offset = offset;
    }
    await this.send(messages.slice(start));
    if (page.more && messages.length === page.messages.length) return;
    const end = Math.min(page.offset, last);
    if (end > this.offset) this.#tellLost(end);
    this.offset = Math.max(this.offset, end);
  }

  /** In slices, each only when everything before it was taken: a replay never fills the outbox of a slow reader. */
  async send(messages: readonly Message[]): Promise<void> {
    const { recipient } = this.#subscription;
    let start = 0;
    while (start < messages.length && !this.ended) {
      const taken = recipient.drained();
      if (taken !== null) {
        await taken;
        // Of several replays that waited, another may have been faster.
        continue;
      }
      const end = sliceEnd(messages, start);
      const slice = messages.slice(start, end);
      const bytes = recipient.encoder.encode(slice);
      if (bytes.length > 0) {
        recipient.push(bytes, slice.length, false);
        this.#meter.delivered('replay', slice.length, bytes.length);
      }
      start = end;
      if (start < messages.length || messages.length === pageSize) recipient.flush();
    }
    await recipient.drained();
  }

  #tellLost(to: number): void {
    const from = Math.max(this.offset + 1, this.#completeFrom);
    if (from > to || this.ended) return;
    this.#subscription.recipient.gap(this.#subscription.channel, { from, to });
  }
}

function sliceEnd(messages: readonly Message[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < messages.length && bytes < sliceBytes) bytes += messages[end++]?.data.length ?? 0;
  return end;
}
