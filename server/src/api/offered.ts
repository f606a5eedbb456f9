import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export function offersWebSocket(http: IncomingMessage): boolean {
  return http.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Ignores the offer of a protocol that is not spoken here, `h2c` say, as RFC 9110, 7.8 has it, where Node has taken it
 * up already: older releases do not ask. The answer ends the connection, since nobody reads a further request on it.
 */
export function serveOffer(http: IncomingMessage, socket: Socket, serve: RequestListener): void {
  const response = new ServerResponse(http);
  response.shouldKeepAlive = false;
  socket.on('error', () => {});
  response.assignSocket(socket);
  response.on('finish', () => {
    response.detachSocket(socket);
    socket.end();
  });
  serve(http, response);
}
