import type { Message } from '../../engine/engine.ts';
import { encode as encodeFrame } from '../channel/codec.ts';

/** A message as one event. `message` for text, so that `onmessage` sees it; other types by their own name. */
export function encode(message: Message, cursor: string): string {
  const name = message.type === 'text' ? 'message' : message.type;
  return `event: ${name}\ndata: ${encodeFrame(message)}\nid: ${cursor}\n\n`;
}

/** An event that is not a message. `data` has to be one line. */
export function encodeEvent(name: string, data: string, cursor: string | null): string {
  return `event: ${name}\ndata: ${data}\n${cursor === null ? '' : `id: ${cursor}\n`}\n`;
}

/** The first thing on a stream. `retry` in milliseconds. */
export function encodeStart(retry: number, data: string, cursor: string): string {
  return `retry: ${retry}\n${encodeEvent('connected', data, cursor)}`;
}

export const heartbeat = ': heartbeat\n\n';
