import { connect, type Socket } from 'node:net';
import { messageOf } from '../rounds.ts';
import { EventReader } from './event-reader.ts';
import type { Place } from './opening.ts';
import { ResponseHead } from './response-head.ts';
import type { Subscriber } from './subscriber.ts';

/** One read buffer for all streams: a read is consumed before the next one starts. */
const READ_BUFFER = Buffer.allocUnsafe(1 << 16);

export interface StreamOptions extends Place {
  readonly port: number;
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

  private constructor({ port, path, localAddress }: StreamOptions) {
    this.#reader = new EventReader((event) => this.#event(event));
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: { buffer: READ_BUFFER, callback: (length) => this.#read(length) },
    });
    const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`;
    this.#socket.on('connect', () => this.#socket.write(request));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the server ended the stream'));
  }

  get counted(): number {
    return this.#reader.counted;
  }

  countFrom(bytes: number): void {
    this.#reader.collectBelow = bytes;
  }

  destroy(): void {
    this.closed ??= 'closed by the bench';
    this.#socket.resetAndDestroy();
  }

  #read(length: number): boolean {
    this.bytesRead += length;
    try {
      const start = this.#response === null ? 0 : this.#readHead(this.#response, length);
      if (start < length) this.#reader.push(READ_BUFFER, start, length);
    } catch (error) {
      this.#end(messageOf(error));
      this.#socket.resetAndDestroy();
    }
    return true;
  }

  /** Returns where in this read the events begin. */
  #readHead(head: ResponseHead, length: number): number {
    const end = head.push(READ_BUFFER, length);
    if (end === null) return length;
    this.#response = null;
    return end;
  }

  #event(event: Buffer): void {
    if (this.watch?.(event)) return;
    const text = event.toString();
    if (/^event: connected$/m.test(text)) this.#ready.resolve(this);
    else if (/^event: closed$/m.test(text)) this.#end(text.trim().replaceAll('\n', ' '));
  }

  #end(reason: string): void {
    this.closed ??= reason;
    this.#ready.reject(new Error(this.closed));
  }
}
