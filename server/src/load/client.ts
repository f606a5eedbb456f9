import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Endpoint, requestHead } from './endpoint.ts';
import { clientFrame, FrameReader, OPCODE } from './frames.ts';
import { messageOf } from './message-of.ts';
import { openEach, type Place } from './opening.ts';
import { ResponseHead } from './response-head.ts';
import { connectTo, reset } from './socket.ts';
import type { Speech } from './speech.ts';
import type { Subscriber } from './subscriber.ts';

/** Where to connect, and how to speak there. Without speech the connection is bare TCP. */
export interface ClientOptions extends Place {
  readonly server: Endpoint;
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

  readonly #server: Endpoint;
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
    this.#server = options.server;
    this.#speech = options.speech;
    this.reader = new FrameReader((opcode, payload) => this.#frame(opcode, payload));
    this.#socket = connectTo(options.server, options, {
      opened: () => this.#connected(),
      read: (bytes, length) => this.#read(bytes, length),
      ended: (reason) => this.#end(new Error(reason)),
    });
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
    reset(this.#socket);
  }

  #connected(): void {
    if (this.#speech === null) {
      this.#becomeReady();
      return;
    }
    const upgrade = {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
    };
    this.#socket.write(requestHead(this.#server, 'GET', this.#speech.path, upgrade));
  }

  #read(bytes: Buffer, length: number): void {
    this.bytesRead += length;
    try {
      const start = this.#response === null ? 0 : this.#readResponse(this.#response, bytes, length);
      if (start < length) this.reader.push(bytes, start, length);
      this.afterRead?.();
    } catch (error) {
      this.#end(error);
      reset(this.#socket);
    }
  }

  /** Reads the answer to the upgrade. Returns where in this read the frames begin. */
  #readResponse(head: ResponseHead, bytes: Buffer, length: number): number {
    const end = head.push(bytes, length);
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
      this.#end(new Error(`closed with ${code} ${payload.toString('utf8', 2)}`.trim()));
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

  #end(error: unknown): void {
    this.closed ??= messageOf(error);
    this.#ready.reject(error);
  }
}

/** Opens `count` clients, in order. All or nothing: one refusal closes the others. */
export function openClients(count: number, server: Endpoint, speech: Speech | null): Promise<Client[]> {
  return openEach(server, count, (place) => Client.open({ server, speech, ...place }));
}
