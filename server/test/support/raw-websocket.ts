import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A WebSocket made by hand, for what a proper client never sends. It reads nothing but the code of the close frame. */
export class RawWebSocket implements Disposable {
  readonly #socket: Socket;
  /** Bytes that are not part of a whole frame yet. */
  #rest = Buffer.alloc(0);
  #settle: (code: number | null) => void = () => {};
  /** The code of the server's close frame; null when the connection ended without one. */
  readonly closed = new Promise<number | null>((resolve) => {
    this.#settle = resolve;
  });

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** `url` as `http://host:port`. Resolves after the upgrade. */
  static async open(url: string, path: string): Promise<RawWebSocket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    const raw = new RawWebSocket(socket);
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await raw.#upgraded();
    return raw;
  }

  /** Bytes as they are. */
  write(...bytes: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #upgraded(): Promise<void> {
    let head = Buffer.alloc(0);
    while (!head.includes('\r\n\r\n')) {
      const [chunk] = await once(this.#socket, 'data');
      head = Buffer.concat([head, chunk]);
    }
    if (!head.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(head.toString('latin1'));
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('close', () => this.#settle(null));
    this.#read(head.subarray(head.indexOf('\r\n\r\n') + 4));
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let frame = wholeFrame(this.#rest); frame !== null; frame = wholeFrame(this.#rest)) {
      this.#rest = this.#rest.subarray(frame.end);
      if (frame.opcode === 8) this.#settle(frame.payload.readUInt16BE(0));
    }
  }
}

/** A masked frame, as clients send them. The mask is 0, which leaves the payload readable. */
export function maskedFrame(firstByte: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const length =
    bytes.length < 126
      ? Buffer.from([0x80 | bytes.length])
      : Buffer.from([0x80 | 126, bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([Buffer.from([firstByte]), length, Buffer.alloc(4), bytes]);
}

/** A whole text frame. */
export const text = 0x81;

interface WholeFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly end: number;
}

function wholeFrame(bytes: Buffer): WholeFrame | null {
  if (bytes.length < 2) return null;
  const short = bytes.readUInt8(1) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return null;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  return bytes.length < end
    ? null
    : { opcode: bytes.readUInt8(0) & 0xf, payload: bytes.subarray(start, end), end };
}
