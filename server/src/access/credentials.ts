import type { IncomingHttpHeaders } from 'node:http';
import { FanwireError } from '../errors.ts';

export interface CredentialSource {
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The name of the API key's header, in any case. */
  readonly apiKeyHeader: string;
  /** Look for `?ticket=`; elsewhere that parameter means nothing. */
  readonly allowTicket: boolean;
}

/** What a request presents, unchecked; null = not presented. An empty text counts as presented. */
export interface Credentials {
  readonly token: string | null;
  readonly apiKey: string | null;
  readonly ticket: string | null;
  /** The client offered the subprotocol `bearer`, so the server must answer with it. */
  readonly subprotocol: boolean;
}

/**
 * Finds the credentials of a request: a token as `?token=`, `Authorization: Bearer …` or the WebSocket
 * subprotocol pair `bearer, <token>`; an API key as the configured header or `?api_key=`; a ticket as
 * `?ticket=`. The same one in two places is fine. Throws `bad_request` with status 400 where two differ,
 * because whichever we chose, someone would have meant the other.
 */
export function readCredentials(source: CredentialSource): Credentials {
  const { query, headers, apiKeyHeader, allowTicket } = source;
  const offered = bearerSubprotocols(headers);
  return {
    token: single('token', [...query.getAll('token'), ...authorization(headers), ...offered]),
    apiKey: single('API key', [...query.getAll('api_key'), ...apiKeys(headers, apiKeyHeader)]),
    ticket: allowTicket ? single('ticket', query.getAll('ticket')) : null,
    subprotocol: offered.length > 0,
  };
}

function single(what: string, presented: readonly string[]): string | null {
  const [first = null, ...others] = presented;
  if (others.every((other) => other === first)) return first;
  throw badParameters(`the request presents two different values for the ${what}; send only one`);
}

function authorization(headers: IncomingHttpHeaders): string[] {
  return valuesOf(headers, 'authorization').flatMap((value) => {
    const end = value.includes(' ') ? value.indexOf(' ') : value.length;
    return value.slice(0, end).toLowerCase() === 'bearer' ? [value.slice(end).trim()] : [];
  });
}

/** Node joins several headers of one name by commas, which no key has. */
function apiKeys(headers: IncomingHttpHeaders, name: string): string[] {
  return valuesOf(headers, name)
    .flatMap((value) => value.split(','))
    .map((key) => key.trim());
}

/** Split and trim, both linear: a pattern here has taken servers down (CVE-2021-32640). */
function bearerSubprotocols(headers: IncomingHttpHeaders): string[] {
  const offered = valuesOf(headers, 'sec-websocket-protocol')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim());
  const tokens: string[] = [];
  for (let at = 0; at < offered.length; at++) {
    if (offered[at] !== 'bearer') continue;
    at += 1;
    const token = offered[at];
    if (token === undefined || token === '') {
      throw badParameters(
        'Sec-WebSocket-Protocol: "bearer" must be followed by the token, as in "bearer, <token>"',
      );
    }
    tokens.push(token);
  }
  return tokens;
}

function valuesOf(headers: IncomingHttpHeaders, name: string): string[] {
  const key = name.toLowerCase();
  const value = Object.hasOwn(headers, key) ? headers[key] : undefined;
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function badParameters(message: string): FanwireError {
  return new FanwireError('bad_request', message, { status: 400 });
}
