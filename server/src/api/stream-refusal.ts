import type { FastifyReply, FastifyRequest } from 'fastify';
import { encodeEvent } from '../dialect/events/codec.ts';
import type { FanwireError } from '../errors.ts';
import { errorHeaders, retryAfter } from '../transport/raw-answer.ts';

const streamPath = '/sse/connect';
const streamType = 'text/event-stream';

/** Refusals that pass by themselves. */
const temporary: ReadonlySet<number> = new Set([429, 503]);

/**
 * Whether an EventSource is to be told to come back: after any other status than 200 it gives up for ever, although
 * the server may only be full, or about to start again.
 */
export function invitesBack({ status }: FanwireError, { headers, routeOptions }: FastifyRequest): boolean {
  const accepts = headers.accept?.toLowerCase().includes(streamType) ?? false;
  return temporary.has(status) && accepts && routeOptions.url === streamPath;
}

/** A stream of one event, `error`, after which the client comes back: not all at once. */
export function inviteBack(error: FanwireError, reply: FastifyReply): void {
  const seconds = Number(errorHeaders(error)['Retry-After'] ?? retryAfter);
  const retry = Math.ceil(1_000 * seconds * (1 + Math.random()));
  const content = { type: error.code, error: error.message, retryable: true };
  reply
    .code(200)
    .headers({ 'content-type': streamType, 'cache-control': 'no-store, no-transform' })
    .send(`retry: ${retry}\n${encodeEvent('error', JSON.stringify(content), null)}`);
}
