import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpSocket } from '../answered.ts';

/** What answers a request. */
export type Serve = (http: IncomingMessage, response: ServerResponse) => void;

/** A request whose turn has not come. */
export interface Waiting {
  readonly http: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: Serve;
}

/** A connection that speaks HTTP. */
export class Visitor {
  readonly socket: HttpSocket;
  /** Whether it came to a server of ours; else another program's server owns the connection. */
  readonly ours: boolean;
  /** Requests that came and have no whole answer yet. */
  unanswered = 0;
  /** Of those, the ones that are being served. */
  begun = 0;
  /** Whether the one that is being served wants to be alone. */
  alone = false;
  waiting: Waiting[] = [];
  /** Its next request is about to begin. */
  queued = false;
  /** The request that began last: whether it has arrived whole. */
  last: IncomingMessage | null = null;
  /** Its socket is not read. */
  held = false;
  /** Bytes of answers that the kernel has not taken, as they were counted last. */
  unread = 0;
  /** What the kernel had still to take at the last look. */
  left = 0;
  /** Looks in a row at which it had taken nothing. */
  still = 0;
  /** When it came, until it has asked for something: monotonic milliseconds. */
  newSince = performance.now();
  /** It asked for a WebSocket, and will be one in a moment or be refused. */
  upgrading = false;
  /** It speaks HTTP no more. */
  gone = false;

  constructor(socket: HttpSocket, ours: boolean) {
    this.socket = socket;
    this.ours = ours;
  }

  /** Whether it keeps the server waiting: with a request that is not all here, or an answer that it does not take. */
  get dawdles(): boolean {
    if (this.unread > 0 || this.socket.writableEnded) return true;
    return this.last !== null && !this.last.complete;
  }
}
