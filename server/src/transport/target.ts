import type { IncomingMessage } from 'node:http';
import { FanwireError } from '../errors.ts';

/** The address of a request; its host is not to be trusted and therefore not part of it. Throws 400. */
export function targetUrl(http: IncomingMessage): URL {
  const target = http.url ?? '/';
  const url = target.startsWith('/') ? URL.parse(`http://fanwire.invalid${target}`) : null;
  if (url) return url;
  throw new FanwireError('bad_request', 'the request target is not a path of this server', { status: 400 });
}

/** Throws 400 unless there is exactly one Host (RFC 9112, 3.2): a proxy may have gone by another one than we do. */
export function checkHost(http: IncomingMessage): void {
  if (http.httpVersion !== '1.1') return;
  const hosts = countHosts(http);
  if (hosts === 1) return;
  const fault = hosts === 0 ? 'the header Host is missing' : 'the header Host is there more than once';
  throw new FanwireError('bad_request', fault, { status: 400 });
}

/** How many headers of this name there are. */
export function countHosts({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}
