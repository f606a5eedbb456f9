import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpSocket } from '../transport/answered.ts';
import { isHandedOver } from './http-server.ts';

/**
 * Returns what cuts those connections of a server that speak HTTP and have no request under way. Node's own
 * `closeIdleConnections` leaves those alone that have sent a part of a request's head, and with `close` Node stops
 * looking at their deadline: one of them would hold up the end of the server.
 */
export function watchIdle(server: Server): () => void {
  const reading = new Set<HttpSocket>();
  server.on('connection', (socket: Socket) => {
    reading.add(socket);
    socket.on('close', () => reading.delete(socket));
  });
  server.on('upgrade', (http) => reading.delete(http.socket));
  return () => {
    for (const socket of reading) {
      if (socket._httpMessage || socket.writableLength > 0 || isHandedOver(socket)) continue;
      socket.destroy();
    }
  };
}
