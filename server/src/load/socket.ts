import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { addressOf, type Endpoint, hostOf } from './endpoint.ts';
import type { Place } from './opening.ts';

/**
 * One read buffer for all connections: a read is consumed before the next one starts, and a buffer that stays in
 * the processor's cache is cheaper to copy into than a fresh one for each read.
 */
const READ_BUFFER = Buffer.allocUnsafe(1 << 16);

export interface SocketEvents {
  /** It is connected, with TLS where there is TLS. */
  opened(): void;
  /** The first `length` bytes of `bytes` were read; they are only valid during the call. */
  read(bytes: Buffer, length: number): void;
  /** May be called more than once; the first reason is the right one. */
  ended(reason: string): void;
}

/** A connection of the load, whose reads go to `events` without a stream in between. */
export function connectTo(endpoint: Endpoint, place: Place, events: SocketEvents): Socket {
  const options: TcpNetConnectOpts = {
    host: addressOf(endpoint),
    port: endpoint.port,
    noDelay: true,
    ...(place.localAddress === undefined ? {} : { localAddress: place.localAddress }),
    onread: {
      buffer: READ_BUFFER,
      callback: (length) => {
        events.read(READ_BUFFER, length);
        return true;
      },
    },
  };
  const socket = endpoint.tls === true ? connectTls({ ...options, ...named(endpoint) }) : connectTcp(options);
  socket.on(endpoint.tls === true ? 'secureConnect' : 'connect', () => events.opened());
  socket.on('error', (error) => events.ended(error.message));
  socket.on('close', () => events.ended('the server ended the connection'));
  return socket;
}

/** Ends it by a reset, which leaves no port waiting, where there is no TLS. */
export function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/** TLS takes names only; the certificate of an address is checked against the address. */
function named(endpoint: Endpoint): { servername?: string } {
  const { hostname } = new URL(`https://${hostOf(endpoint)}`);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { servername: hostname } : {};
}
