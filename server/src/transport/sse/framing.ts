import type { Framing } from '../../dialect/events/encoders.ts';

const chunkEnd = '\r\n';

/** For HTTP/1.0: the end of the connection is the end of the stream. */
export const plain: Framing = (events) => Buffer.from(events);

/**
 * For HTTP/1.1: one chunk (RFC 9112, 7.1), so that readers by chunk show every event at once. Each piece is whole
 * chunks, whoever it is sent to and whatever is left out before or behind it.
 */
export const chunked: Framing = (events) => {
  const length = Buffer.byteLength(events);
  // An empty chunk would be the last one.
  if (length === 0) return Buffer.alloc(0);
  return Buffer.from(`${length.toString(16)}${chunkEnd}${events}${chunkEnd}`);
};

/** The end of a stream in chunks, behind its last event. */
export const lastChunk = Buffer.from(`0${chunkEnd}${chunkEnd}`);
