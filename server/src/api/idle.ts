import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpSocket } from '../transport/answered.ts';
import { isHandedOver } from './http-server.ts';

/** The connections of a server that still speak HTTP, and some that are gone already. */
class Reading {
  readonly #sockets = new Set<HttpSocket>();
  #looked = this.#sockets.values();

  /**
   * A listener for `close` on every socket would be simpler. But with it the requests of a connection outlive each
   * other until V8's next full collection, which halves what the server can do; so those that are gone are let go as
   * others come, two looks for each.
   */
  add(socket: HttpSocket): void {
    this.#look();
    this.#look();
    this.#sockets.add(socket);
  }

  delete(socket: HttpSocket): void {
    this.#sockets.delete(socket);
  }

  [Symbol.iterator](): Iterator<HttpSocket> {
    return this.#sockets.values();
  }

  #look(): void {
    const { done, value } = this.#looked.next();
    if (done) this.#looked = this.#sockets.values();
    else if (value.destroyed) this.#sockets.delete(value);
  }
}

/**
 * Returns what cuts those connections of a server that speak HTTP and have no request under way. Node's own
 * `closeIdleConnections` leaves those alone that have sent a part of a request's head, and with `close` Node stops
 * looking at their deadline: one of them would hold up the end of the server.
 */
export function watchIdle(server: Server): () => void {
  const reading = new Reading();
  server.on('connection', (socket: Socket) => reading.add(socket));
  server.on('upgrade', (http) => reading.delete(http.socket));
  return () => {
    for (const socket of reading) {
      if (socket._httpMessage || socket.writableLength > 0 || isHandedOver(socket)) continue;
      socket.destroy();
    }
  };
}
