import type { IncomingMessage } from 'node:http';
import { FanwireError } from '../errors.ts';

/** The address of a request; its host is not to be trusted and therefore not part of it. Throws 400. */
export function targetUrl(http: IncomingMessage): URL {
  checkHost(http);
  const target = http.url ?? '/';
  const url = target.startsWith('/') ? URL.parse(`http://fanwire.invalid${target}`) : null;
  if (url) return url;
  throw new FanwireError('bad_request', 'the request target is not a path of this server', { status: 400 });
}

/** Throws 400 unless there is exactly one Host (RFC 9112, 3.2): a proxy may have gone by another one than we do. */
export function checkHost({ httpVersion, rawHeaders }: IncomingMessage): void {
  if (httpVersion !== '1.1') return;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts === 1) return;
  const fault = hosts === 0 ? 'the header Host is missing' : 'the header Host is there more than once';
  throw new FanwireError('bad_request', fault, { status: 400 });
}
