import { connect } from 'node:net';
import type { Endpoint } from '../../load/endpoint.ts';
import { Failure } from '../exit.ts';
import { shownUrl, type Target } from '../remote/target.ts';
import { unreachable } from '../remote/unreachable.ts';

/** Milliseconds for a connection. */
const patience = 10_000;

/** Where the load connects to. The name is looked up once, by a connection, as it may have addresses that nobody serves. */
export async function endpointOf(target: Target): Promise<Endpoint> {
  const { url, headers } = target;
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  return {
    address: await reach(target, url.hostname.replace(/^\[|\]$/g, ''), port),
    port,
    host: url.host,
    tls,
    base: url.pathname.replace(/\/$/, ''),
    headers,
  };
}

async function reach(target: Target, host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host, port, timeout: patience });
  socket.on('connect', () => resolve(socket.remoteAddress));
  socket.on('timeout', () => reject(new Error('it does not answer')));
  socket.on('error', reject);
  try {
    const address = await promise;
    if (address !== undefined) return address;
  } catch (thrown) {
    throw unreachable(target, thrown);
  } finally {
    socket.destroy();
  }
  throw new Failure(`${shownUrl(target)} hung up.`);
}
