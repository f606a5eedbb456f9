import { connect, type Socket } from 'node:net';
import { messageOf } from '../rounds.ts';
import type { PublishRequest } from './publish-request.ts';
import { ResponseReader } from './response-reader.ts';

/** One read buffer for all connections: a read is consumed before the next one starts. */
const READ_BUFFER = Buffer.allocUnsafe(1 << 16);

const SHOWN_OF_A_REFUSAL = 300;

/** What a client needs to know and to tell. */
export interface Rounds {
  /** The number of the next request's first message. */
  next(): number;
  /** A request was answered with 200 to 299 after so many milliseconds. */
  answered(milliseconds: number): void;
}

/** One keep-alive connection of the load, over a plain socket: it sends its request, awaits the answer, and again. */
export class HttpClient {
  /** Why the client cannot go on, or null while it can. */
  failure: string | null = null;
  isWaiting = false;

  readonly #request: PublishRequest;
  readonly #rounds: Rounds;
  readonly #socket: Socket;
  readonly #reader = new ResponseReader((status, body) => this.#answer(status, body));
  readonly #open = Promise.withResolvers<HttpClient>();
  #sentAt = 0;
  #isStopped = false;

  /** Resolves when it is connected. */
  static open(port: number, request: PublishRequest, rounds: Rounds): Promise<HttpClient> {
    return new HttpClient(port, request, rounds).#open.promise;
  }

  private constructor(port: number, request: PublishRequest, rounds: Rounds) {
    this.#request = request;
    this.#rounds = rounds;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length) => this.#read(length) },
    });
    this.#socket.on('connect', () => this.#open.resolve(this));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the server ended the connection'));
  }

  /** Sends the first request; each answer sends the next. */
  start(): void {
    this.#send();
  }

  /** The request under way is the last. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Ends by a reset, which leaves no port waiting. */
  destroy(): void {
    this.failure ??= 'closed by the bench';
    this.#socket.resetAndDestroy();
  }

  #send(): void {
    this.#request.number(this.#rounds.next());
    this.isWaiting = true;
    this.#sentAt = performance.now();
    this.#socket.write(this.#request.bytes);
  }

  #read(length: number): boolean {
    try {
      this.#reader.push(READ_BUFFER, length);
    } catch (error) {
      this.#fail(messageOf(error));
      this.#socket.resetAndDestroy();
    }
    return true;
  }

  #answer(status: number, body: Buffer): void {
    if (!this.isWaiting) throw new Error(`the server answered ${status} to no request`);
    this.isWaiting = false;
    if (status < 200 || status > 299) {
      throw new Error(`the server answered ${status}: ${body.toString('utf8', 0, SHOWN_OF_A_REFUSAL)}`);
    }
    this.#rounds.answered(performance.now() - this.#sentAt);
    if (!this.#isStopped) this.#send();
  }

  #fail(reason: string): void {
    this.failure ??= reason;
    this.#open.reject(new Error(this.failure));
  }
}
