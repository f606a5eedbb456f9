import type { IncomingMessage } from 'node:http';
import { extension } from './deflate.ts';

const header = 'sec-websocket-extensions';

/** What each parameter of permessage-deflate may have as its value; undefined is none (RFC 7692, 7.1). */
const parameters = new Map<string, (value: string | undefined) => boolean>([
  ['server_no_context_takeover', (value) => value === undefined],
  ['client_no_context_takeover', (value) => value === undefined],
  ['server_max_window_bits', isWindow],
  ['client_max_window_bits', (value) => value === undefined || isWindow(value)],
]);

/**
 * Leaves of what is offered the first offer that can be taken: any other is declined, which is to say nothing about it
 * (RFC 7692, 5.1). `ws` would refuse the whole upgrade for it.
 */
export function keepAcceptableOffer({ headers }: IncomingMessage): void {
  const offered = headers[header];
  if (offered === undefined) return;
  const taken = offered.split(',').find(isAcceptable);
  if (taken === undefined) delete headers[header];
  else headers[header] = taken.trim();
}

function isAcceptable(offer: string): boolean {
  const [name, ...given] = offer.split(';').map((part) => part.trim());
  if (name !== extension || given.length > parameters.size) return false;
  const seen = new Set<string>();
  return given.every((parameter) => {
    const [key = '', value] = parameter.split(/\s*=\s*/, 2);
    if (seen.has(key)) return false;
    seen.add(key);
    return parameters.get(key)?.(value === undefined ? value : unquoted(value)) ?? false;
  });
}

function isWindow(value: string | undefined): boolean {
  return value !== undefined && /^([89]|1[0-5])$/.test(value);
}

function unquoted(value: string): string {
  return /^"[^"\\]*"$/.test(value) ? value.slice(1, -1) : value;
}
