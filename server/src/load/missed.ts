import { findStamp, readStamp } from './stamp.ts';

/** A place in the channel: everything behind it is yet to come. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

interface Delivery {
  readonly type?: unknown;
  readonly channel?: unknown;
  readonly content?: unknown;
  readonly epoch?: unknown;
  readonly offset?: unknown;
}

/** Where a delivery stands; null for any other frame. */
export function positionIn(text: string): Position | null {
  const { type, epoch, offset } = JSON.parse(text) as Delivery;
  return type === 'text' && typeof epoch === 'string' && typeof offset === 'number'
    ? { epoch, offset }
    : null;
}

/**
 * What everybody has to get: the n-th message published has offset n. Deliveries of a message are the same text for
 * everybody, so each is taken apart once, and others are compared with it.
 */
export class Expected {
  readonly #channel: string;
  readonly #epoch: string;
  readonly #known = new Map<number, string>();

  constructor(channel: string, epoch: string) {
    this.#channel = channel;
    this.#epoch = epoch;
  }

  /** What is wrong with `text` as the delivery of the message with this offset; null where nothing is. */
  fault(text: string, offset: number): string | null {
    const known = this.#known.get(offset);
    if (text === known) return null;
    const fault = this.#inspect(text, offset);
    if (fault === null) this.#known.set(offset, text);
    return fault;
  }

  #inspect(text: string, offset: number): string | null {
    const frame = JSON.parse(text) as Delivery;
    if (frame.type !== 'text') return `a frame of type ${frame.type} among the messages`;
    if (frame.channel !== this.#channel || frame.epoch !== this.#epoch) return 'a message of elsewhere';
    if (typeof frame.offset !== 'number') return 'a message without an offset';
    if (frame.offset < offset) return 'a message twice, or out of order';
    if (frame.offset > offset) return 'a message left out';
    const content = Buffer.from(typeof frame.content === 'string' ? frame.content : '');
    const at = findStamp(content);
    return at === 0 && readStamp(content, at) === offset - 1 ? null : 'a message with the content of another';
  }
}
