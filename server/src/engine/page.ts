import type { HistoryQuery, Message } from './engine.ts';

/** Most bytes of a page, an answer or a piece of a replay. Source: PROTOCOLS.md, dialect 3. */
export const maxPageBytes = 512 * 1024;

/** What a frame has around the parts that differ: names of members, time, offset and epoch. */
const frameBytes = 192;

/** About the bytes that a message takes when it is sent. Its data alone can be long. */
export function weightOf({ id, channel, type, data, sender }: Message): number {
  const names = id.length + channel.length + type.length;
  const people = sender
    ? (sender.user?.length ?? 0) + sender.connection.length + (sender.client?.length ?? 0)
    : 0;
  return frameBytes + names + people + Buffer.byteLength(data);
}

/** A page of messages while it is filled, from the end at which its query begins. */
export class Page {
  readonly messages: Message[] = [];
  readonly #limit: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor({ limit, bytes = maxPageBytes }: Pick<HistoryQuery, 'limit' | 'bytes'>) {
    this.#limit = limit;
    this.#maxBytes = Math.min(bytes, maxPageBytes);
  }

  /** False when the page is full: the message is not in it. The first one always is, however long. */
  take(message: Message): boolean {
    const { length } = this.messages;
    if (length >= this.#limit) return false;
    const bytes = this.#bytes + weightOf(message);
    if (length > 0 && bytes > this.#maxBytes) return false;
    this.#bytes = bytes;
    this.messages.push(message);
    return true;
  }
}
