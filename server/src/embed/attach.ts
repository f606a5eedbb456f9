import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { FanwireError } from '../errors.ts';
import { rawAnswer } from '../transport/raw-answer.ts';
import { requestId } from '../transport/request-id.ts';

/** What serves some of the requests of a server that belongs to somebody else. */
export interface Guest {
  ownsRequest(http: IncomingMessage): boolean;
  ownsUpgrade(http: IncomingMessage): boolean;
  request(http: IncomingMessage, response: ServerResponse): void;
  upgrade(http: IncomingMessage, socket: Socket, head: Buffer): void;
  /** Whether the socket carries a stream, so that nothing of HTTP may be written on it. */
  streams(socket: Socket): boolean;
}

/**
 * Takes the guest's requests and upgrades out of what the server announces, before any listener sees them: neither
 * the application nor a WebSocket library on the same server is asked about them, whenever it was attached. Everything
 * else goes its way untouched. Returns what undoes it.
 */
export function attach(server: Server, guest: Guest): () => void {
  const emit = server.emit;
  const announce = (event: string | symbol, ...args: unknown[]): boolean =>
    taken(guest, event, args) || Reflect.apply(emit, server, [event, ...args]);
  server.emit = announce as typeof emit;
  // Node looks for a listener before it announces an upgrade.
  const turnAway = (http: IncomingMessage, socket: Socket): void => {
    if (server.listenerCount('upgrade') === 1) refuse(http, socket);
  };
  server.on('upgrade', turnAway);
  return () => {
    if (server.emit === announce) server.emit = emit;
    server.off('upgrade', turnAway);
  };
}

/** True when the guest has dealt with it. */
function taken(guest: Guest, event: string | symbol, args: readonly unknown[]): boolean {
  switch (event) {
    case 'request':
    case 'checkContinue':
      return takeRequest(guest, event, args as [IncomingMessage, ServerResponse]);
    case 'upgrade':
      return takeUpgrade(guest, args as [IncomingMessage, Socket, Buffer]);
    case 'clientError':
      return takeFault(guest, args as [Error, Socket]);
    default:
      return false;
  }
}

function takeRequest(
  guest: Guest,
  event: string,
  [http, response]: [IncomingMessage, ServerResponse],
): boolean {
  if (cut(guest, http.socket)) return true;
  if (!guest.ownsRequest(http)) return false;
  if (event === 'checkContinue') response.writeContinue();
  guest.request(http, response);
  return true;
}

function takeUpgrade(guest: Guest, [http, socket, head]: [IncomingMessage, Socket, Buffer]): boolean {
  if (cut(guest, socket)) return true;
  if (!guest.ownsUpgrade(http)) return false;
  guest.upgrade(http, socket, head);
  return true;
}

function takeFault(guest: Guest, [, socket]: [Error, Socket]): boolean {
  return cut(guest, socket);
}

/** A further request on the connection of a stream is a fault of the client. */
function cut(guest: Guest, socket: Socket): boolean {
  if (!guest.streams(socket)) return false;
  socket.destroy();
  return true;
}

function refuse(http: IncomingMessage, socket: Socket): void {
  const error = new FanwireError('not_found', 'no WebSocket is served at this path');
  socket.on('error', () => {});
  socket.end(rawAnswer(error, requestId(http)));
}
