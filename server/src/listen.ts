import type { AddressInfo } from 'node:net';
import { StartError } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `http://host:port`, with the port that was taken. */
export function urlOf(address: string | AddressInfo | null, host: string): string {
  const port = typeof address === 'object' ? address?.port : undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What an operator has to know when the address cannot be had. */
export function listenFailed(thrown: unknown, { host, port }: Address): StartError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  const where = `${host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        `PORT: ${where} is in use. Stop what listens there, or set another PORT (0 takes any free one).`,
      );
    case 'EACCES':
      return new StartError(`PORT: no right to listen on ${where}. Ports below 1024 need privileges.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(`HOST: ${host} is not an address of this machine.`);
    case 'ENOTSUP':
      return new StartError(
        `WORKERS: threads cannot share a port (SO_REUSEPORT) on this system (${process.platform}). Set WORKERS to 1.`,
      );
    default:
      return new StartError(`HOST, PORT: cannot listen on ${where}: ${message}.`);
  }
}
