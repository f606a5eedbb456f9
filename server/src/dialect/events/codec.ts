import type { Message } from '../../engine/engine.ts';
import { encode as encodeFrame } from '../channel/codec.ts';

/**
 * What some readers take for the end of a line beside CR and LF (Python's `splitlines`, among others). JSON has its
 * control characters escaped; these may stand in its strings as they are, and nowhere else.
 */
const lineEnds = /[\u0085\u2028\u2029]/g;
/** What would end a line for anybody, or be unseen. */
const unprintable = /[\p{Cc}\u2028\u2029]/gu;

/** A message as one event. `message` for text, so that `onmessage` sees it; other types by their own name. */
export function encode(message: Message, cursor: string): string {
  return encodeEvent(message.type === 'text' ? 'message' : message.type, encodeFrame(message), cursor);
}

/** `data` is JSON on one line; a name never ends its own. */
export function encodeEvent(name: string, data: string, cursor: string | null): string {
  const json = data.replace(lineEnds, escaped);
  return `event: ${name.replace(unprintable, ' ')}\ndata: ${json}\n${cursor === null ? '' : `id: ${cursor}\n`}\n`;
}

/** The first thing on a stream. `retry` in milliseconds. */
export function encodeStart(retry: number, data: string, cursor: string): string {
  return `retry: ${retry}\n${encodeEvent('connected', data, cursor)}`;
}

/** No event, and yet the place to come back to, as the HTML standard has it (9.2.6: an id is taken over with any block). */
export function encodePlace(cursor: string): string {
  return `id: ${cursor}\n\n`;
}

export const heartbeat = ': heartbeat\n\n';

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
