import type { Message } from '../../engine/engine.ts';
import type { Encoder } from '../../hub/recipient.ts';

const finalText = 0x81;

/** An unmasked, final text frame, as servers send them (RFC 6455, 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerSize(length) + length);
  writeFrame(frame, 0, text, length);
  return frame;
}

let shared: { readonly text: string; readonly frame: Buffer } = { text: '', frame: textFrame('') };

/** The same, one buffer for all who are sent the same text in a row. */
export function sharedFrame(text: string): Buffer {
  if (shared.text !== text) shared = { text, frame: textFrame(text) };
  return shared.frame;
}

/** An unmasked frame; `first` is its first byte. */
export function frameOf(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const frame = Buffer.allocUnsafe(headerSize(length) + length);
  payload.copy(frame, writeHeader(frame, 0, first, length));
  return frame;
}

const finalPing = 0x89;

export const pingFrame = Buffer.from([finalPing, 0]);

/** A ping with a number in it, which the pong brings back (RFC 6455, 5.5.3). */
export function probeFrame(place: number): Buffer {
  return frameOf(finalPing, Buffer.from(String(place)));
}

const finalPong = 0x8a;

/** Brings the payload of a ping back. */
export function pongFrame(payload: Buffer): Buffer {
  return frameOf(finalPong, payload);
}

/** The number in the answer to a probe; 0 for any other pong. */
export function placeIn(pong: Buffer): number {
  const place = pong.length === 0 || pong.length > 16 ? 0 : Number(pong.toString('latin1'));
  return Number.isSafeInteger(place) ? place : 0;
}

/** Frames of all messages, joined, from a dialect's text of one message; an empty text is no frame. */
export class FrameEncoder implements Encoder {
  readonly #text: (message: Message) => string;

  constructor(text: (message: Message) => string) {
    this.#text = text;
  }

  encode(messages: readonly Message[]): Buffer {
    const texts = messages.map(this.#text).filter((text) => text !== '');
    const [only] = texts;
    if (only !== undefined && texts.length === 1) return textFrame(only);
    const lengths = texts.map((text) => Buffer.byteLength(text));
    const size = lengths.reduce((sum, length) => sum + headerSize(length) + length, 0);
    const frames = Buffer.allocUnsafe(size);
    let at = 0;
    for (let i = 0; i < texts.length; i++) at = writeFrame(frames, at, texts[i] ?? '', lengths[i] ?? 0);
    return frames;
  }
}

function headerSize(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

function writeFrame(into: Buffer, start: number, text: string, length: number): number {
  const at = writeHeader(into, start, finalText, length);
  return at + into.write(text, at);
}

/** Returns where the payload begins. */
function writeHeader(into: Buffer, start: number, first: number, length: number): number {
  let at = start;
  into[at++] = first;
  if (length < 126) {
    into[at++] = length;
    return at;
  }
  if (length < 65_536) {
    into[at++] = 126;
    return into.writeUInt16BE(length, at);
  }
  into[at++] = 127;
  return into.writeBigUInt64BE(BigInt(length), at);
}
