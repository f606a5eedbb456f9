import { connect, type Socket } from 'node:net';
import { handshakeHeaders, requestText } from './raw-socket.ts';

/** What a flooder does on each of its connections. */
export interface Flood {
  /** Sent first; null for a client that only speaks HTTP. */
  readonly path: string | null;
  /** Sent again and again, as fast as it is taken. */
  readonly bytes: Buffer;
  /** Whether it waits for an answer before it sends again. @default false */
  readonly turns?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends without end on many connections, reads answers without looking at them, and comes back when it is thrown out. */
export class Flooder implements Disposable {
  readonly #url: URL;
  readonly #flood: Flood;
  readonly #sockets = new Set<Socket>();
  #over = false;
  /** Connections that ended. */
  ended = 0;
  /** Bytes that the system took. */
  sent = 0;

  constructor(url: string, connections: number, flood: Flood) {
    this.#url = new URL(url);
    this.#flood = flood;
    for (let n = 0; n < connections; n++) this.#connect();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(): void {
    if (this.#over) return;
    const { hostname, port } = this.#url;
    const socket = connect(Number(port), hostname);
    this.#sockets.add(socket);
    const { path, bytes, turns = false, headers = {} } = this.#flood;
    const pour = (): void => {
      // In small steps: whoever measures is in this process as well.
      if (!socket.writable) return;
      this.sent += bytes.length;
      if (socket.write(bytes) && !turns) setTimeout(pour, 1);
    };
    socket.on('error', () => {});
    if (!turns) socket.on('drain', pour);
    socket.on('data', turns ? pour : () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.ended++;
      setTimeout(() => this.#connect(), 20);
    });
    socket.on('connect', () => {
      if (path !== null) {
        socket.write(requestText(`GET ${path} HTTP/1.1`, [...handshakeHeaders, ...Object.entries(headers)]));
      }
      pour();
    });
  }
}
