import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { offersWebSocket, serveOffer } from '../api/offered.ts';
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

/** The upgrade listeners and the choices that are ours, of all guests: whatever else is there is the application's. */
const ours = new WeakSet<object>();

/**
 * Takes the guest's requests and upgrades out of what the server announces, before any listener sees them: neither
 * the application nor a WebSocket library on the same server is asked about them, whenever it was attached. Everything
 * else goes its way untouched. Returns what undoes it, in whatever order several guests leave.
 */
export function attach(server: Server, guest: Guest): () => void {
  const undo = [announceTo(server, guest), turnAway(server), chooseUpgrades(server, guest)];
  return () => {
    for (const one of undo) one();
  };
}

function announceTo(server: Server, guest: Guest): () => void {
  const emit = server.emit;
  let attached = true;
  const announce = (event: string | symbol, ...args: unknown[]): boolean =>
    (attached && taken(guest, event, args)) || Reflect.apply(emit, server, [event, ...args]);
  server.emit = announce as typeof emit;
  return () => {
    attached = false;
    if (server.emit === announce) server.emit = emit;
  };
}

/** Node looks for a listener before it announces an upgrade; where ours alone are there, nobody else will answer it. */
function turnAway(server: Server): () => void {
  const listener = (http: IncomingMessage, socket: Duplex): void => {
    if (!appListens(server) && server.listeners('upgrade').indexOf(listener) === 0) refuse(http, socket);
  };
  ours.add(listener);
  server.on('upgrade', listener);
  return () => server.off('upgrade', listener);
}

function appListens(server: Server): boolean {
  return server.listeners('upgrade').some((listener) => !ours.has(listener));
}

/** Node's own question whether an offer of another protocol is taken up; older releases do not ask. */
type Choosing = Server & { shouldUpgradeCallback?: (http: IncomingMessage) => boolean };

/**
 * Of ours WebSockets are taken up, and any other offer is ignored. An offer that nobody else takes up stays a request of the application's, as it was before:
 * our listener alone is no reason to take up `Upgrade: h2c`.
 */
function chooseUpgrades(server: Choosing, guest: Guest): () => void {
  const next = server.shouldUpgradeCallback;
  if (typeof next !== 'function') return () => {};
  const asked = ours.has(next) ? () => true : () => appListens(server);
  let attached = true;
  const choose = (http: IncomingMessage): boolean =>
    attached && isOurs(guest, http) ? offersWebSocket(http) : asked() && next.call(server, http);
  ours.add(choose);
  server.shouldUpgradeCallback = choose;
  return () => {
    attached = false;
    if (server.shouldUpgradeCallback === choose) server.shouldUpgradeCallback = next;
  };
}

/** Where a request is ours, so is what it offers: nobody else refuses it for a protocol that we do not speak. */
function isOurs(guest: Guest, http: IncomingMessage): boolean {
  return offersWebSocket(http) ? guest.ownsUpgrade(http) : guest.ownsRequest(http);
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
  if (!isOurs(guest, http)) return false;
  if (offersWebSocket(http)) guest.upgrade(http, socket, head);
  else serveOffer(http, socket, (request, response) => guest.request(request, response));
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

function refuse(http: IncomingMessage, socket: Duplex): void {
  const error = new FanwireError('not_found', 'no WebSocket is served at this path');
  socket.on('error', () => {});
  socket.end(rawAnswer(error, requestId(http)));
}
