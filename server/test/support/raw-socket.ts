import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Inbox } from './inbox.ts';

/** Options of a frame that a proper client would never change. */
export interface FrameOptions {
  readonly fin?: boolean;
  /** The three reserved bits, as they stand in the first byte. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** What the header says instead of the payload's real length. */
  readonly length?: number;
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as a client sends it, or nearly (RFC 6455, 5.2). */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array = '',
  { fin = true, reserved = 0, masked = true, length }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const size = length ?? bytes.length;
  const short = size < 126 ? size : size < 65_536 ? 126 : 127;
  const extended = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (short === 126) extended.writeUInt16BE(size);
  else if (short === 127) extended.writeBigUInt64BE(BigInt(size));
  const head = Buffer.from([(fin ? 0x80 : 0) | reserved | opcode, (masked ? 0x80 : 0) | short]);
  if (!masked) return Buffer.concat([head, extended, bytes]);
  const mask = randomBytes(4);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return Buffer.concat([head, extended, mask, bytes]);
}

export function closePayload(code: number, reason = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/** A frame from the server. */
export interface ServerFrame {
  readonly opcode: number;
  /** The three reserved bits, as they stand in the first byte. */
  readonly reserved: number;
  readonly payload: Buffer;
}

/** The lines of a request. Header values are sent as they are; a name may come twice. */
export function requestText(
  line: string,
  headers: readonly (readonly [string, string])[],
  body = '',
): string {
  return [line, ...headers.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n');
}

type HeaderList = readonly (readonly [string, string])[];

/** The headers of a good handshake. */
export const handshakeHeaders: HeaderList = [
  ['Host', 'localhost'],
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
];

/** A TCP connection that sends whatever bytes it is told to, and keeps what comes back. */
export class RawSocket {
  readonly socket: Socket;
  /** Frames of the server, once the connection has been upgraded. */
  readonly frames: Inbox<ServerFrame>;
  readonly #changes: Inbox<number>;
  #gone = false;
  #received = Buffer.alloc(0);
  /** Where the next frame begins; -1 while the connection speaks HTTP. */
  #frameAt = -1;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#changes = new Inbox(`raw ${url}`);
    this.frames = new Inbox(`frames of raw ${url}`);
    this.socket = connect(Number(port), hostname);
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.#gone = true;
      this.#changes.end('the server hung up');
      this.frames.end('the server hung up');
    });
  }

  /** A WebSocket that has been let in. */
  static async webSocket(url: string, path: string, more: HeaderList = []): Promise<RawSocket> {
    const raw = new RawSocket(url);
    raw.write(requestText(`GET ${path} HTTP/1.1`, [...handshakeHeaders, ...more]));
    const head = await raw.head();
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(raw.text);
    raw.#frameAt = head.length + 4;
    raw.#parse();
    return raw;
  }

  /** All that came, as text of one character for each byte. */
  get text(): string {
    return this.#received.toString('latin1');
  }

  write(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** The head of the first answer, without the empty line. */
  async head(): Promise<string> {
    await this.until((text) => text.includes('\r\n\r\n'));
    return this.text.slice(0, this.text.indexOf('\r\n\r\n'));
  }

  /** Resolves once what came so far is as wanted. */
  until(holds: (text: string) => boolean): Promise<void> {
    return this.#changes.until(() => holds(this.text));
  }

  /** Resolves once the connection is over. */
  ended(): Promise<void> {
    return this.#changes.until(
      () => this.#gone,
      () => 'wanted the end of the connection',
    );
  }

  /** The code of the close frame; null when the connection ended without one. */
  async closeCode(): Promise<number | null> {
    const isClose = ({ opcode }: ServerFrame): boolean => opcode === opcodes.close;
    await Promise.race([this.frames.next(isClose).catch(() => {}), this.ended()]);
    const close = this.frames.all.find(isClose);
    return close === undefined ? null : close.payload.readUInt16BE(0);
  }

  async connected(): Promise<void> {
    if (this.socket.connecting) await once(this.socket, 'connect');
  }

  /** Resolves once the system took all that was written. */
  async sent(): Promise<void> {
    if (this.socket.writableLength > 0) await once(this.socket, 'drain');
  }

  /** Ends with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#frameAt >= 0) this.#parse();
    this.#changes.put(chunk.length);
  }

  #parse(): void {
    for (;;) {
      const bounds = payloadBounds(this.#received, this.#frameAt);
      if (bounds === null || bounds.end > this.#received.length) return;
      const first = this.#received[this.#frameAt] ?? 0;
      const [opcode, reserved] = [first & 0xf, first & 0x70];
      this.frames.put({ opcode, reserved, payload: this.#received.subarray(bounds.start, bounds.end) });
      this.#frameAt = bounds.end;
    }
  }
}

/** Where the payload of the server's frame begins and ends that begins here; null when its header is not all there. */
export function payloadBounds(bytes: Buffer, at: number): { start: number; end: number } | null {
  const short = bytes[at + 1];
  if (short === undefined) return null;
  const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < start) return null;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  return { start, end: start + length };
}

/** What a raw HTTP answer says: its status, and its body as JSON where it is any. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is what the test is about
  readonly body: any;
}

/** Sends these bytes on a connection of their own and reads the first answer. */
export async function rawAnswer(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const raw = new RawSocket(url);
  try {
    raw.write(bytes);
    const headers = await raw.head();
    const length = Number(/^content-length: (\d+)$/im.exec(headers)?.[1] ?? 0);
    await raw.until((text) => text.length >= headers.length + 4 + length);
    const body = raw.text.slice(headers.length + 4, headers.length + 4 + length);
    const isJson = /^content-type: application\/json/im.test(headers);
    return { status: Number(headers.slice(9, 12)), headers, body: isJson ? JSON.parse(body) : body };
  } finally {
    raw.close();
  }
}
