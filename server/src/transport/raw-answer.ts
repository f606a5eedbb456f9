import { STATUS_CODES } from 'node:http';
import { errorBody, type FanwireError } from '../errors.ts';

/** Seconds after which a refused client may try again, where the refusal does not say it better. */
export const retryAfter = 5;

/** Headers that an error has besides those of every answer. */
export function errorHeaders({
  status,
  retryAfter: seconds = retryAfter,
}: FanwireError): Readonly<Record<string, string>> {
  if (status === 503 || status === 429) return { 'Retry-After': String(seconds) };
  if (status === 426) return { Upgrade: 'websocket', Connection: 'Upgrade' };
  return status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
}

/**
 * A whole HTTP answer in the common error shape, for a socket that has no response object. The connection ends.
 * `more` are further header lines.
 */
export function rawAnswer(error: FanwireError, request: string, more: readonly string[] = []): string {
  const body = JSON.stringify(errorBody(error));
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    `X-Request-Id: ${request}`,
    ...Object.entries(errorHeaders(error)).map(([name, value]) => `${name}: ${value}`),
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
