const LF = 0x0a;
const EVENT_END = Buffer.from('\n\n');

/** More than any event the bench asks to see whole; a longer one means the stream was misread. */
const HELD_LIMIT = 1 << 20;

/** Receives the events that are not merely counted, their end included. Only valid during the call. */
export type EventSink = (event: Buffer) => void;

/**
 * The events of one stream, cut out of its reads wherever those begin and end. Like frames, deliveries are counted
 * and skipped unread: an event is first taken to be as long as the one before, which its last two bytes confirm, and
 * only else is its end searched for. A wrong guess would be counted wrong, and the run tells of what is missing.
 */
export class EventReader {
  /** Events that arrived whole and were skipped unread. */
  counted = 0;
  /** Events shorter than this, in bytes, go to the sink; others are counted. */
  collectBelow = Number.POSITIVE_INFINITY;

  readonly #sink: EventSink;
  /** The beginning of an event whose end has not come. */
  #held: Buffer | null = null;
  /** Of the last event that was counted; no event is as long before the first. */
  #length = Number.POSITIVE_INFINITY;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Takes the bytes `start..end` of a read. */
  push(chunk: Buffer, start: number, end: number): void {
    let at = this.#held === null ? start : this.#finish(this.#held, chunk.subarray(start, end)) + start;
    while (at < end) {
      at = this.#countRun(chunk, at, end);
      const found = at < end ? chunk.subarray(at, end).indexOf(EVENT_END) : -1;
      if (found === -1) break;
      this.#take(chunk.subarray(at, at + found + EVENT_END.length));
      at += found + EVENT_END.length;
    }
    if (at < end) this.#hold(Buffer.from(chunk.subarray(at, end)));
  }

  /** The hot loop: whole events as long as the one before, one after another. */
  #countRun(chunk: Buffer, start: number, end: number): number {
    const length = this.#length;
    let at = start;
    for (let next = at + length; next <= end; next += length) {
      if (chunk[next - 1] !== LF || chunk[next - 2] !== LF) break;
      this.counted++;
      at = next;
    }
    return at;
  }

  /** Ends the held event with the beginning of `read`. Returns where in `read` it ended. */
  #finish(held: Buffer, read: Buffer): number {
    const isSplitEnd = held.at(-1) === LF && read[0] === LF;
    const found = isSplitEnd ? -1 : read.indexOf(EVENT_END);
    if (found === -1 && !isSplitEnd) {
      this.#hold(Buffer.concat([held, read]));
      return read.length;
    }
    const at = found + EVENT_END.length;
    this.#held = null;
    this.#take(Buffer.concat([held, read.subarray(0, at)]));
    return at;
  }

  #hold(bytes: Buffer): void {
    if (bytes.length > HELD_LIMIT) throw new Error(`the server sent an event of over ${HELD_LIMIT} bytes`);
    this.#held = bytes;
  }

  #take(event: Buffer): void {
    if (event.length < this.collectBelow) {
      this.#sink(event);
      return;
    }
    this.#length = event.length;
    this.counted++;
  }
}
