import type { IncomingMessage } from 'node:http';
import { FanwireError } from '../errors.ts';

/** The address of a request; its host is not to be trusted and therefore not part of it. Throws 400. */
export function targetUrl(http: IncomingMessage): URL {
  const target = http.url ?? '/';
  const url = target.startsWith('/') ? URL.parse(`http://fanwire.invalid${target}`) : null;
  if (url) return url;
  throw new FanwireError('bad_request', 'the request target is not a path of this server', { status: 400 });
}
