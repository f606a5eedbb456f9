import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, FanwireError, toClientError, type UnknownErrorReporter } from '../errors.ts';
import { errorHeaders } from '../transport/raw-answer.ts';
import type { HttpMeter } from './meter.ts';
import { inviteBack, invitesBack } from './stream-refusal.ts';

/** The longest body that is read to its end only to be refused. */
const maxDrainedBytes = 64 * 1024 * 1024;

/** Fastify's own refusals, by their code, as ours. */
const refusals = new Map<string, (limit: number) => FanwireError>([
  ['FST_ERR_CTP_BODY_TOO_LARGE', (limit) => new FanwireError('too_large', `the body is over ${limit} bytes`)],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    () => badHttp('send the body as JSON, with the header "Content-Type: application/json"', 415),
  ],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', () => badHttp('the body is not as long as Content-Length says')],
  ['FST_ERR_BAD_URL', () => badHttp('the path has a broken percent-encoding')],
  // The client hung up in the middle of the body.
  ['ECONNRESET', () => badHttp('the body did not arrive')],
]);

export type Answer = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** The one way from something thrown to an HTTP answer, for routes and for what comes before them. */
export function makeAnswer(report: UnknownErrorReporter, meter: HttpMeter): Answer {
  return (thrown, request, reply) => {
    const error = translate(thrown, request) ?? toClientError(thrown, report, { request: request.id });
    meter.failed(error.code);
    if (invitesBack(error, request)) {
      inviteBack(error, reply);
      return;
    }
    reply.headers(errorHeaders(error));
    // Who goes too fast pays for each further request with a connection, and for what it sent ahead with nothing.
    if (error.code === 'rate_limited') reply.header('connection', 'close');
    if (mayKeepAlive(error, request)) reply.removeHeader('connection');
    reply.code(error.status).send(errorBody(error));
  };
}

/**
 * Fastify closes the connection after a body it did not take. A client that is still sending would then see its
 * connection reset instead of our answer; so the rest of a body is let run out, within the request's deadline, unless
 * it says that it is huge.
 */
function mayKeepAlive({ code }: FanwireError, { headers }: FastifyRequest): boolean {
  if (code === 'bad_json') return true;
  return code === 'too_large' && Number(headers['content-length'] ?? 0) <= maxDrainedBytes;
}

/** The Content-Type of JSON text that is ready. */
export const jsonType = 'application/json; charset=utf-8';

/** For a payload that the route's type does not know, such as JSON text that is ready. */
export function send(reply: FastifyReply, payload: unknown): void {
  reply.send(payload);
}

/** For the end of a chain of promises: answers with what was thrown, which may be anything. */
export function failure(reply: FastifyReply): (thrown: unknown) => void {
  return (thrown) => {
    const error =
      thrown instanceof Error ? thrown : new Error('something other than an Error', { cause: thrown });
    reply.send(error);
  };
}

function translate(thrown: unknown, request: FastifyRequest): FanwireError | undefined {
  if (thrown instanceof FanwireError || !(thrown instanceof Error)) return undefined;
  const refusal = refusals.get(String((thrown as NodeJS.ErrnoException).code));
  return refusal?.(request.routeOptions.bodyLimit ?? 0);
}

function badHttp(message: string, status = 400): FanwireError {
  return new FanwireError('bad_request', message, { status });
}
