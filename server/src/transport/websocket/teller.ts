import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket, WebSocketServer } from 'ws';
import { type CloseCode, type CloseReason, closeCodes } from '../../codes.ts';
import type { FanwireError } from '../../errors.ts';

/** Asks for refusals as a frame where no parameter can be set. */
export const refusalProtocol = 'refusals.frame';

/** So many at the same time; whoever comes beyond them is refused as HTTP. */
const maxTold = 100;
/** Milliseconds after which they are cut off, whether they have read it or not. */
const tellTimeout = 2_000;

/**
 * Refuses in a way that a browser's scripts can read, where they ask for it: the upgrade is accepted, one frame says
 * why, and the connection closes. It never becomes a connection of the server: nothing that it sends is read, it joins
 * nothing, and it has a place of its own, for moments, of a bounded number, so that no limit is got around.
 */
export class Teller {
  readonly #server: WebSocketServer;
  readonly #told = new Set<WebSocket>();

  constructor(server: WebSocketServer) {
    this.#server = server;
  }

  /** Takes over the socket and tells this frame. False when there are too many at the moment. */
  tell(http: IncomingMessage, socket: Socket, head: Buffer, frame: string, error: FanwireError): boolean {
    if (this.#told.size >= maxTold) return false;
    this.#server.handleUpgrade(http, socket, head, (peer) => {
      this.#told.add(peer);
      const timer = setTimeout(() => peer.terminate(), tellTimeout).unref();
      peer.on('error', () => {});
      peer.on('close', () => {
        clearTimeout(timer);
        this.#told.delete(peer);
      });
      peer.send(frame);
      const { code, reason } = closeOf(error);
      peer.close(code, reason);
    });
    return true;
  }

  cut(): void {
    for (const peer of this.#told) peer.terminate();
  }
}

/** Whether the client can read a refusal only once it is let in. */
export function wantsFrame({ url = '/', headers }: IncomingMessage): boolean {
  const query = URL.parse(url, 'http://fanwire.invalid')?.searchParams;
  if (query?.getAll('refusals').includes('frame')) return true;
  const offered = headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === refusalProtocol);
}

/** By status: how a connection is closed for the same cause. */
const reasons: ReadonlyMap<number, CloseReason> = new Map([
  [401, 'tokenExpired'],
  [403, 'permissionLost'],
  [421, 'permissionLost'],
  [429, 'rateLimit'],
]);

function closeOf({ status }: FanwireError): CloseCode {
  return closeCodes[reasons.get(status) ?? (status >= 500 ? 'noPlace' : 'badFrames')];
}
