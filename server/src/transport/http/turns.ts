import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answers } from './answers.ts';
import type { CutMeter } from './meter.ts';
import type { Serve, Visitor, Waiting } from './visitor.ts';
import type { Visitors } from './visitors.ts';

export interface TurnsParts {
  readonly visitors: Visitors;
  readonly answers: Answers;
  /** Requests that came and are not answered, of all connections together. */
  readonly limit: number;
  readonly meter: CutMeter;
  /** Whether the socket carries an event stream, or is about to: nothing may be asked on it any more. */
  readonly carries: (socket: Socket) => boolean;
}

/** Requests of one connection that may publish at the same time, and that may be unanswered before it is read further. */
const most = 64;

/** Milliseconds of a turn of the event loop for requests that have waited: who comes with one is not held up by them. */
const slice = 4;

/** What a held socket does when Node's HTTP server wants to read on, as it does behind every request. */
function stay(this: Visitor['socket']): Visitor['socket'] {
  return this;
}

/**
 * Whose turn it is of the requests that come behind one another on a connection without waiting for the answers. What
 * reads is served alone, once the answers before it are taken, so that a connection holds one answer that may be large;
 * what publishes is served together, or a connection could publish only once a tick. Node announces all requests of a
 * packet at once, up to thousands; they wait here, and the socket is not read meanwhile. Connections with more to ask
 * take turns, for some milliseconds of each turn of the event loop.
 */
export class Turns {
  readonly #parts: TurnsParts;
  readonly #written: (this: ServerResponse) => void;
  readonly #closed: (this: ServerResponse) => void;
  /** Those whose next request may begin, in the order of their coming here. */
  #ready: Visitor[] = [];

  constructor(parts: TurnsParts) {
    this.#parts = parts;
    const { visitors, answers } = parts;
    const over = (visitor: Visitor): void => this.#over(visitor);
    // One function for all answers: they know their request, and that its socket.
    this.#written = function written() {
      answers.written(visitors.of(this.req.socket));
    };
    this.#closed = function closed() {
      over(visitors.of(this.req.socket));
    };
  }

  /** A request came. */
  take(http: IncomingMessage, response: ServerResponse, serve: Serve): void {
    const { visitors, limit, meter, carries } = this.#parts;
    if (carries(http.socket)) {
      http.socket.destroy();
      return;
    }
    const visitor = visitors.of(http.socket);
    if (visitor.gone || visitor.socket.destroyed) return;
    visitors.asked(visitor);
    if (visitor.unanswered === 1) {
      this.#begin(visitor, { http, response, serve });
      return;
    }
    if (visitors.requests > limit) {
      meter.cut('requests');
      this.#drop(visitor);
      visitor.socket.destroy();
      return;
    }
    visitor.waiting.push({ http, response, serve });
    this.#next(visitor);
    if (visitor.unanswered >= most) hold(visitor);
  }

  /** A WebSocket was asked for: the socket is not Node's HTTP server's any more. */
  upgrading({ socket }: IncomingMessage): void {
    const { visitors } = this.#parts;
    const visitor = visitors.of(socket);
    if (visitor.held) letGo(visitor);
    visitor.upgrading = true;
    visitors.asked(visitor);
  }

  #next(visitor: Visitor): void {
    for (let [first] = visitor.waiting; first && mayBegin(visitor, first); [first] = visitor.waiting) {
      visitor.waiting.shift();
      this.#begin(visitor, first);
    }
  }

  #queue(visitor: Visitor): void {
    if (visitor.queued) return;
    visitor.queued = true;
    if (this.#ready.push(visitor) === 1) setImmediate(() => this.#serve());
  }

  /** What has no time any more waits until sockets have been read again. */
  #serve(): void {
    const until = performance.now() + slice;
    const ready = this.#ready;
    let served = 0;
    do {
      const visitor = ready[served++];
      if (!visitor) break;
      visitor.queued = false;
      this.#next(visitor);
    } while (performance.now() < until);
    this.#ready = ready.slice(served);
    if (this.#ready.length > 0) setImmediate(() => this.#serve());
  }

  #begin(visitor: Visitor, { http, response, serve }: Waiting): void {
    visitor.begun++;
    visitor.alone = http.method !== 'POST';
    visitor.last = http;
    response.on('prefinish', this.#written);
    response.on('close', this.#closed);
    serve(http, response);
    if (visitor.unanswered > 1 && this.#parts.carries(visitor.socket)) visitor.socket.destroy();
  }

  /** An answer was taken, or its connection is over. */
  #over(visitor: Visitor): void {
    this.#parts.answers.taken(visitor);
    if (visitor.gone) return;
    if (visitor.socket.destroyed) {
      this.#drop(visitor);
      return;
    }
    visitor.begun--;
    this.#parts.visitors.answered(visitor);
    if (visitor.waiting.length > 0) this.#queue(visitor);
    if (visitor.held && visitor.unanswered <= most / 2) {
      letGo(visitor);
      visitor.socket.resume();
    }
  }

  #drop(visitor: Visitor): void {
    this.#parts.visitors.drop(visitor);
    this.#parts.answers.taken(visitor);
  }
}

function mayBegin({ begun, alone, unread }: Visitor, { http }: Waiting): boolean {
  if (begun === 0) return true;
  return !alone && http.method === 'POST' && begun < most && unread === 0;
}

function hold(visitor: Visitor): void {
  if (visitor.held) return;
  visitor.held = true;
  visitor.socket.resume = stay;
  visitor.socket.pause();
}

function letGo(visitor: Visitor): void {
  visitor.held = false;
  Reflect.deleteProperty(visitor.socket, 'resume');
}
