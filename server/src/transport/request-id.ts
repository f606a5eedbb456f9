import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const header = 'x-request-id';
const sane = /^[A-Za-z0-9._-]{1,64}$/;

/** Different for each process, so that ids of two do not meet in one log. */
const prefix = randomBytes(6).toString('base64url');
let count = 0;

/** An id for what has no request. */
export function newRequestId(): string {
  return `${prefix}.${(++count).toString(36)}`;
}

/**
 * The id of a request: its own header `X-Request-Id` where that is at most 64 of A-Z a-z 0-9 . _ -, else one that is
 * made. Asked again it is the same: one that was made is put among the headers.
 */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers[header];
  if (typeof given === 'string' && sane.test(given)) return given;
  const made = newRequestId();
  headers[header] = made;
  return made;
}
