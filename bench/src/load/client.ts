import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Speech } from '../targets/target.ts';
import { clientFrame, FrameReader, OPCODE } from './frames.ts';
import { openEach, type Place } from './opening.ts';
import { ResponseHead } from './response-head.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * One read buffer for all connections: a read is consumed before the next one starts, and a buffer that stays in
 * the processor's cache is cheaper to copy into than a fresh one for each read.
 */
const READ_BUFFER = Buffer.allocUnsafe(1 << 16);

/** Where to connect, and how to speak there. Without speech the connection is bare TCP. */
export interface ClientOptions extends Place {
  readonly port: number;
  readonly speech: Speech | null;
}

/** One connection of the load, over a plain socket. */
export class Client implements Subscriber {
  readonly reader: FrameReader;
  bytesRead = 0;
  /** Sees every text frame once the client is ready; true means "a delivery, seen to". */
  watch: ((payload: Buffer) => boolean) | null = null;
  /** Called after each read, when all frames in it were handled. */
  afterRead: (() => void) | null = null;
  /** The first error that the server told this client, or null. */
  complaint: string | null = null;
  /** Why the connection is over, or null while it is open. */
  closed: string | null = null;

  readonly #speech: Speech | null;
  readonly #socket: Socket;
  readonly #ready = Promise.withResolvers<Client>();
  #response: ResponseHead | null = new ResponseHead('101');
  #isReady = false;

  /** Resolves when the server has said that this client is ready (subscribed, where it subscribes). */
  static open(options: ClientOptions): Promise<Client> {
    return new Client(options).ready;
  }

  constructor(options: ClientOptions) {
    this.#speech = options.speech;
    this.reader = new FrameReader((opcode, payload) => this.#frame(opcode, payload));
    this.#socket = connect({
      host: '127.0.0.1',
      port: options.port,
      noDelay: true,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
      onread: { buffer: READ_BUFFER, callback: (length) => this.#read(length) },
    });
    this.#socket.on('connect', () => this.#connected());
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the server ended the connection'));
  }

  /** Resolves like `open`. */
  get ready(): Promise<Client> {
    return this.#ready.promise;
  }

  get counted(): number {
    return this.reader.counted;
  }

  /** From now on text frames of at least `bytes` are counted by the reader and not looked at. */
  countFrom(bytes: number): void {
    this.reader.collectBelow = bytes;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Reads nothing more: what the server sends stays in the kernel, and then at the server. */
  freeze(): void {
    this.#socket.pause();
  }

  thaw(): void {
    this.#socket.resume();
  }

  /** Ends by a reset, which leaves no port waiting. */
  destroy(): void {
    this.closed ??= 'closed by the bench';
    this.#socket.resetAndDestroy();
  }

  #connected(): void {
    if (this.#speech === null) {
      this.#becomeReady();
      return;
    }
    const key = randomBytes(16).toString('base64');
    this.#socket.write(
      `GET ${this.#speech.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
  }

  #read(length: number): boolean {
    this.bytesRead += length;
    try {
      const start = this.#response === null ? 0 : this.#readResponse(this.#response, length);
      if (start < length) this.reader.push(READ_BUFFER, start, length);
      this.afterRead?.();
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
      this.#socket.resetAndDestroy();
    }
    return true;
  }

  /** Reads the answer to the upgrade. Returns where in this read the frames begin. */
  #readResponse(head: ResponseHead, length: number): number {
    const end = head.push(READ_BUFFER, length);
    if (end === null) return length;
    this.#response = null;
    return end;
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.text) {
      if (this.#isReady && this.watch?.(payload)) return;
      this.#hear(payload.toString());
    } else if (opcode === OPCODE.ping) {
      this.write(clientFrame(OPCODE.pong, payload));
    } else if (opcode === OPCODE.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#end(`closed with ${code} ${payload.toString('utf8', 2)}`.trim());
      this.#socket.end(clientFrame(OPCODE.close, payload));
    }
  }

  #hear(text: string): void {
    const reaction = this.#speech?.hear(text);
    if (reaction === undefined) return;
    if (reaction.reply !== undefined) this.write(clientFrame(OPCODE.text, Buffer.from(reaction.reply)));
    if (reaction.complaint !== undefined) this.#complain(reaction.complaint);
    if (reaction.ready) this.#becomeReady();
  }

  #complain(text: string): void {
    this.complaint ??= text;
    this.#ready.reject(new Error(`the server answered: ${text}`));
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#ready.resolve(this);
  }

  #end(reason: string): void {
    this.closed ??= reason;
    this.#ready.reject(new Error(this.closed));
  }
}

/** Opens `count` clients, in order. All or nothing: one refusal closes the others. */
export function openClients(count: number, port: number, speech: Speech | null): Promise<Client[]> {
  return openEach(count, (place) => Client.open({ port, speech, ...place }));
}
