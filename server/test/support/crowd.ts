import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { eventually } from './eventually.ts';
import { clientFrame, handshakeHeaders, opcodes, payloadBounds, requestText } from './raw-socket.ts';

/** Handshakes under way at once: fewer than the system lets wait to be accepted. */
const together = 50;
/** The first byte of a ping. */
const ping = 0x89;

/**
 * Many subscribers of one channel that read everything and keep nothing: to each of them the server sends the very
 * same bytes, so that what is new is kept of whoever is ahead, and the others are compared with that.
 */
export class CrowdOfReaders implements Disposable {
  readonly readers: readonly Reader[];
  #bytes = Buffer.alloc(1024 * 1024);
  #length = 0;

  private constructor(count: number) {
    this.readers = Array.from({ length: count }, () => new Reader(this));
  }

  /** Resolves when all of them are subscribed. */
  static async join(url: string, channel: string, count: number): Promise<CrowdOfReaders> {
    const crowd = new CrowdOfReaders(count);
    for (let n = 0; n < count; n += together)
      await Promise.all(crowd.readers.slice(n, n + together).map((reader) => reader.join(url, channel)));
    return crowd;
  }

  /** How many were hung up on, or were sent something else than the others. */
  get lost(): number {
    return this.readers.filter(({ gone, astray }) => gone || astray).length;
  }

  /** Offsets of the messages in the bytes that all were sent, in their order. */
  get offsets(): number[] {
    const text = this.#bytes.toString('latin1', 0, this.#length);
    return [...text.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset));
  }

  /** Resolves once each has been sent everything that any of them was, up to the message with this offset. */
  async reached(offset: number): Promise<void> {
    const last = Buffer.from(`"offset":${offset},`);
    const all = (): boolean =>
      this.#bytes.subarray(0, this.#length).includes(last, Math.max(0, this.#length - 1000)) &&
      this.readers.every(({ read }) => read === this.#length);
    await eventually(async () => this.lost > 0 || all(), `message ${offset} at all readers`);
    assert.equal(this.lost, 0, 'readers that were cut or sent something else');
  }

  /** Whether these bytes are what the others got, or will get, behind so many. */
  take(read: number, bytes: Buffer): boolean {
    const known = Math.min(bytes.length, this.#length - read);
    if (bytes.compare(this.#bytes, read, read + known, 0, known) !== 0) return false;
    if (bytes.length > known) this.#append(bytes.subarray(known));
    return true;
  }

  [Symbol.dispose](): void {
    for (const reader of this.readers) reader.close();
  }

  #append(bytes: Buffer): void {
    while (this.#length + bytes.length > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    bytes.copy(this.#bytes, this.#length);
    this.#length += bytes.length;
  }
}

class Reader {
  /** Bytes since it was subscribed. */
  read = 0;
  /** It was sent something else than the others. */
  astray = false;
  gone = false;
  readonly #socket = new Socket();
  readonly #crowd: CrowdOfReaders;
  /** Bytes that the frame has which is being read. */
  #within = 0;
  /** The beginning of a frame, too short to be known. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(crowd: CrowdOfReaders) {
    this.#crowd = crowd;
  }

  async join(url: string, channel: string): Promise<void> {
    const { hostname, port } = new URL(url);
    this.#socket.connect(Number(port), hostname);
    this.#socket.write(requestText('GET /ws/connect HTTP/1.1', handshakeHeaders));
    await this.#heard('"connected"');
    this.#socket.write(clientFrame(opcodes.text, `{"action":"subscribe","data":{"channel":"${channel}"}}`));
    await this.#heard('"subscribed"');
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#socket.on('close', () => {
      this.gone = true;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Resolves with the end of the frame that holds this. */
  #heard(word: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let text = '';
    const hear = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!text.includes(word) || !text.endsWith('}')) return;
      this.#socket.removeAllListeners();
      resolve();
    };
    this.#socket.on('data', hear).on('error', reject);
    this.#socket.on('close', () => reject(new Error(`hung up on without ${word}: ${text}`)));
    return promise;
  }

  /** Pings are answered; they come where the server likes, so that they are not part of what all get. */
  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    let at = 0;
    while (at < bytes.length) {
      const within = Math.min(this.#within, bytes.length - at);
      this.#within -= within;
      at += within;
      const bounds = payloadBounds(bytes, at);
      if (bounds === null) break;
      const { end } = bounds;
      if (bytes[at] !== ping) this.#within = end - at;
      else if (end > bytes.length) break;
      else {
        this.#socket.write(clientFrame(opcodes.pong, bytes.subarray(bounds.start, end)));
        this.#compare(bytes.subarray(start, at));
        at = end;
        start = at;
      }
    }
    this.#compare(bytes.subarray(start, at));
    this.#rest = bytes.subarray(at);
  }

  #compare(bytes: Buffer): void {
    if (!this.#crowd.take(this.read, bytes)) this.astray = true;
    this.read += bytes.length;
  }
}
