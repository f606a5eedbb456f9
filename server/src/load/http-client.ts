import type { Socket } from 'node:net';
import type { Endpoint } from './endpoint.ts';
import { messageOf } from './message-of.ts';
import type { Place } from './opening.ts';
import type { PublishRequest } from './publish-request.ts';
import { ResponseReader } from './response-reader.ts';
import { connectTo, reset } from './socket.ts';

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
  static open(
    server: Endpoint,
    request: PublishRequest,
    rounds: Rounds,
    place: Place = {},
  ): Promise<HttpClient> {
    return new HttpClient(server, request, rounds, place).#open.promise;
  }

  private constructor(server: Endpoint, request: PublishRequest, rounds: Rounds, place: Place) {
    this.#request = request;
    this.#rounds = rounds;
    this.#socket = connectTo(server, place, {
      opened: () => this.#open.resolve(this),
      read: (bytes, length) => this.#read(bytes, length),
      ended: (reason) => this.#fail(reason),
    });
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
    reset(this.#socket);
  }

  #send(): void {
    this.#request.number(this.#rounds.next());
    this.isWaiting = true;
    this.#sentAt = performance.now();
    this.#socket.write(this.#request.bytes);
  }

  #read(bytes: Buffer, length: number): void {
    try {
      this.#reader.push(bytes, length);
    } catch (error) {
      this.#fail(messageOf(error));
      reset(this.#socket);
    }
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
