/**
 * RFC 6455 frames, as much of them as a load generator needs. What a server sends to a subscriber is counted
 * from its header and skipped unread, so that reading costs the load process as little as possible.
 */

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const KNOWN_OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE));

/** More than any frame the bench asks to see whole; a longer one means the stream was misread. */
const COLLECT_LIMIT = 1 << 20;

const LONGEST_HEADER = 10;

/** Receives the frames that are not merely counted. `payload` is only valid during the call. */
export type FrameSink = (opcode: number, payload: Buffer) => void;

/** The frames of one connection, cut out of its reads wherever those begin and end. */
export class FrameReader {
  /** Text frames that arrived whole and were skipped unread. */
  counted = 0;
  /** Text frames with a payload shorter than this, and all control frames, go to the sink; others are counted. */
  collectBelow = Number.POSITIVE_INFINITY;

  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(LONGEST_HEADER);
  #headerHeld = 0;
  #inPayload = false;
  #opcode = 0;
  #left = 0;
  #collecting = false;
  #collected: Buffer | null = null;
  #collectedBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the bytes `start..end` of a read. Throws on what no server under test may send. */
  push(chunk: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (!this.#inPayload && this.#headerHeld === 0) at = this.#countRun(chunk, at, end);
      if (at < end) at = this.#step(chunk, at, end);
    }
  }

  /** The hot loop: whole text frames with a 16-bit length, one after another. Stops at anything else. */
  #countRun(chunk: Buffer, start: number, end: number): number {
    const below = this.collectBelow;
    let at = start;
    let counted = 0;
    while (end - at >= 4 && chunk[at] === 0x81 && chunk[at + 1] === 126) {
      const length = ((chunk[at + 2] ?? 0) << 8) | (chunk[at + 3] ?? 0);
      const next = at + 4 + length;
      if (length < below || next > end) break;
      at = next;
      counted++;
    }
    this.counted += counted;
    return at;
  }

  #step(chunk: Buffer, start: number, end: number): number {
    let at = start;
    if (!this.#inPayload) {
      at = this.#readHeader(chunk, at, end);
      if (!this.#inPayload) return at;
    }
    return this.#readPayload(chunk, at, end);
  }

  #readHeader(chunk: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      this.#header[this.#headerHeld++] = chunk[at++] ?? 0;
      if (this.#headerHeld >= 2 && this.#headerHeld === headerLength(this.#header)) {
        this.#beginPayload();
        break;
      }
    }
    return at;
  }

  #beginPayload(): void {
    const first = this.#header[0] ?? 0;
    const length = payloadLength(this.#header);
    this.#opcode = first & 0x0f;
    if ((first & 0xf0) !== 0x80) throw new Error('the server sent a fragmented or compressed message');
    if (!KNOWN_OPCODES.has(this.#opcode)) throw new Error(`the server sent opcode ${this.#opcode}`);
    this.#headerHeld = 0;
    this.#inPayload = true;
    this.#left = length;
    this.#collecting = this.#opcode !== OPCODE.text || length < this.collectBelow;
    if (this.#collecting && length > COLLECT_LIMIT)
      throw new Error(`the server sent ${length} bytes at once`);
  }

  #readPayload(chunk: Buffer, start: number, end: number): number {
    const taken = Math.min(this.#left, end - start);
    const at = start + taken;
    this.#left -= taken;
    if (!this.#collecting) {
      if (this.#left === 0) {
        this.#inPayload = false;
        this.counted++;
      }
      return at;
    }
    if (this.#left === 0 && this.#collected === null) {
      this.#inPayload = false;
      this.#sink(this.#opcode, chunk.subarray(start, at));
      return at;
    }
    this.#collected ??= Buffer.allocUnsafe(taken + this.#left);
    this.#collectedBytes += chunk.copy(this.#collected, this.#collectedBytes, start, at);
    if (this.#left === 0) {
      const payload = this.#collected;
      this.#inPayload = false;
      this.#collected = null;
      this.#collectedBytes = 0;
      this.#sink(this.#opcode, payload);
    }
    return at;
  }
}

function headerLength(header: Buffer): number {
  const form = header[1] ?? 0;
  if (form > 127) throw new Error('the server sent a masked frame');
  return form < 126 ? 2 : form === 126 ? 4 : 10;
}

function payloadLength(header: Buffer): number {
  const form = header[1] ?? 0;
  if (form < 126) return form;
  return form === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
}

/** A client frame. Its mask is the key zero, which leaves the payload as it is and costs no work here. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const length = payload.length;
  if (length > 0xffff) throw new RangeError(`a client frame of ${length} bytes is not supported`);
  const extended = length < 126 ? 0 : 2;
  const frame = Buffer.alloc(2 + extended + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : 126);
  if (extended > 0) frame.writeUInt16BE(length, 2);
  payload.copy(frame, 6 + extended);
  return frame;
}
