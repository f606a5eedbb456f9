import type { Socket } from 'node:net';
import { type Endpoint, requestHead } from './endpoint.ts';
import { EventReader } from './event-reader.ts';
import { messageOf } from './message-of.ts';
import type { Place } from './opening.ts';
import { ResponseHead } from './response-head.ts';
import { connectTo, reset } from './socket.ts';
import type { Subscriber } from './subscriber.ts';

export interface StreamOptions extends Place {
  readonly server: Endpoint;
  /** What to ask for: path and query, channels included. */
  readonly path: string;
}

/** One event stream of the load, over a plain socket. */
export class StreamClient implements Subscriber {
  readonly #reader: EventReader;
  readonly #socket: Socket;
  readonly #ready = Promise.withResolvers<StreamClient>();
  bytesRead = 0;
  watch: ((payload: Buffer) => boolean) | null = null;
  closed: string | null = null;
  #response: ResponseHead | null = new ResponseHead('200');

  /** Resolves at the event `connected`: from there on a stream misses nothing. */
  static open(options: StreamOptions): Promise<StreamClient> {
    return new StreamClient(options).#ready.promise;
  }

  private constructor({ server, path, ...place }: StreamOptions) {
    this.#reader = new EventReader((event) => this.#event(event));
    // Of version 1.0, whose answers come without chunk sizes between the events: they are counted, not read.
    // What accepts nothing but streams would be told by one that the server is full.
    const request = requestHead(server, 'GET', path, { Accept: '*/*' }, '1.0');
    this.#socket = connectTo(server, place, {
      opened: () => this.#socket.write(request),
      read: (bytes, length) => this.#read(bytes, length),
      ended: (reason) => this.#end(new Error(reason)),
    });
  }

  get counted(): number {
    return this.#reader.counted;
  }

  countFrom(bytes: number): void {
    this.#reader.collectBelow = bytes;
  }

  destroy(): void {
    this.closed ??= 'closed by the bench';
    reset(this.#socket);
  }

  #read(bytes: Buffer, length: number): void {
    this.bytesRead += length;
    try {
      const start = this.#response === null ? 0 : this.#readHead(this.#response, bytes, length);
      if (start < length) this.#reader.push(bytes, start, length);
    } catch (error) {
      this.#end(error);
      reset(this.#socket);
    }
  }

  /** Returns where in this read the events begin. */
  #readHead(head: ResponseHead, bytes: Buffer, length: number): number {
    const end = head.push(bytes, length);
    if (end === null) return length;
    this.#response = null;
    return end;
  }

  #event(event: Buffer): void {
    if (this.watch?.(event)) return;
    const text = event.toString();
    if (/^event: connected$/m.test(text)) this.#ready.resolve(this);
    else if (/^event: closed$/m.test(text)) this.#end(new Error(text.trim().replaceAll('\n', ' ')));
  }

  #end(error: unknown): void {
    this.closed ??= messageOf(error);
    this.#ready.reject(error);
  }
}
