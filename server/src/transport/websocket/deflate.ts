import type { IncomingMessage } from 'node:http';
import { constants, deflateRawSync } from 'node:zlib';
import type { PerMessageDeflateOptions, WebSocket } from 'ws';
import type { Message } from '../../engine/engine.ts';
import type { Encoder } from '../../hub/recipient.ts';
import { frameOf, textFrame } from './frame.ts';

export const extension = 'permessage-deflate';

/** A final text frame whose payload is compressed (RFC 7692, 6). */
const compressedText = 0xc1;
/** Shorter texts hardly shrink; longer ones would hold up everybody for milliseconds. Bytes. */
const shortest = 256;
const longest = 256 * 1024;
/** A flush ends with these four bytes, which are left out (RFC 7692, 7.2.1). */
const tail = 4;
/** Messages inflated at the same time, of all connections. */
const concurrencyLimit = 10;

/**
 * What is agreed with a client (RFC 7692, 7.1): no message depends on the one before, in neither direction. So what
 * the server compressed once is the same for everybody, and no connection holds a window between messages.
 */
export const deflateOptions: PerMessageDeflateOptions = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit,
};

/**
 * Whether this peer can be sent what is compressed for all. Who asked for a smaller window is sent everything as it
 * is, which the extension allows for any message.
 */
export function takesDeflated(peer: WebSocket, http: IncomingMessage): boolean {
  const offered = http.headers['sec-websocket-extensions'] ?? '';
  return peer.extensions.includes(extension) && !offered.includes('server_max_window_bits');
}

/** Frames of all messages, each compressed by itself where that makes it shorter. */
export class DeflateEncoder implements Encoder {
  readonly #text: (message: Message) => string;

  constructor(text: (message: Message) => string) {
    this.#text = text;
  }

  encode(messages: readonly Message[]): Buffer {
    const frames: Buffer[] = [];
    for (const message of messages) {
      const text = this.#text(message);
      if (text !== '') frames.push(deflatedFrame(text));
    }
    const [only] = frames;
    return only !== undefined && frames.length === 1 ? only : Buffer.concat(frames);
  }
}

function deflatedFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  if (length < shortest || length > longest) return textFrame(text);
  const flushed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  const payload = flushed.subarray(0, flushed.length - tail);
  return payload.length < length ? frameOf(compressedText, payload) : textFrame(text);
}
