import type { IncomingMessage } from 'node:http';
import { FanwireError } from '../errors.ts';
import { checkHost } from './target.ts';

/** Percent-encoded bytes behind one another, some of them beyond ASCII. */
const encoded = /(?:%[0-9a-f]{2})+/gi;
const beyondAscii = /%[89a-f]/i;

/**
 * Throws 400 for what a request must not be, whatever it asks for: what we took one way a proxy in front, or the
 * client itself, may have meant another way.
 */
export function checkRequest(http: IncomingMessage): void {
  checkHost(http);
  checkTarget(http);
  checkQuery(http.url ?? '');
  checkAuthorization(http);
}

/** An absolute address is one of ours only when it names the host that the header does (RFC 9112, 3.2). */
function checkTarget({ url = '/' }: IncomingMessage): void {
  if (absolute.test(url)) throw fault('the request target names another host or scheme than the header Host');
}

/** A byte that is no UTF-8 would become a replacement character, and two names the same. */
function checkQuery(url: string): void {
  const start = url.indexOf('?');
  if (start < 0 || !beyondAscii.test(url)) return;
  for (const parameter of url.slice(start + 1).split('&')) {
    if (!parameter.match(encoded)?.some(isBroken)) continue;
    const name = parameter.split('=', 1)[0] ?? '';
    const where = /^[\w.[\]-]{1,64}$/.test(name) ? `the parameter ${name} of the query` : 'the query';
    throw fault(`${where} is not valid UTF-8`);
  }
}

function isBroken(bytes: string): boolean {
  try {
    decodeURIComponent(bytes);
    return false;
  } catch {
    return true;
  }
}

/** Node keeps the first of several and drops the others. */
function checkAuthorization({ headers, rawHeaders }: IncomingMessage): void {
  if (headers.authorization === undefined) return;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'authorization') continue;
    if (rawHeaders[at + 1] !== headers.authorization) {
      throw fault('the header Authorization is there twice, with different values; send only one');
    }
  }
}

const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i;
/** By scheme, the port that need not be written. */
const ports = new Map([
  ['http', '80'],
  ['ws', '80'],
  ['https', '443'],
  ['wss', '443'],
]);

/**
 * The target as a path: a client of a proxy sends the whole address (`GET http://host/path`), and servers have to take
 * it (RFC 9112, 3.2.2). One that is for another host than the header says, or of another scheme, stays as it is.
 */
export function originForm({ url = '/', headers }: IncomingMessage): string {
  const match = url.startsWith('/') ? null : absolute.exec(url);
  if (match === null) return url;
  const [whole = '', scheme = '', authority = ''] = match;
  const port = ports.get(scheme.toLowerCase());
  const { host = authority } = headers;
  if (port === undefined || authority === '' || bare(authority, port) !== bare(host, port)) return url;
  const rest = url.slice(whole.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function bare(host: string, port: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith(`:${port}`) ? lower.slice(0, -port.length - 1) : lower;
}

function fault(message: string): FanwireError {
  return new FanwireError('bad_request', message, { status: 400 });
}
