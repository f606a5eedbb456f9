import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, FanwireError, toClientError, type UnknownErrorReporter } from '../errors.ts';

/** Seconds after which a client may ask again. */
const retryAfter = '5';

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
export function makeAnswer(report: UnknownErrorReporter): Answer {
  return (thrown, request, reply) => {
    const error = translate(thrown, request) ?? toClientError(thrown, report);
    if (error.status === 503) reply.header('retry-after', retryAfter);
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    reply.code(error.status).send(errorBody(error));
  };
}

/** For what the route's type does not know: an error, or JSON text that is ready. */
export function send(reply: FastifyReply, payload: unknown): void {
  reply.send(payload);
}

function translate(thrown: unknown, request: FastifyRequest): FanwireError | undefined {
  if (thrown instanceof FanwireError || !(thrown instanceof Error)) return undefined;
  const refusal = refusals.get(String((thrown as NodeJS.ErrnoException).code));
  return refusal?.(request.routeOptions.bodyLimit ?? 0);
}

function badHttp(message: string, status = 400): FanwireError {
  return new FanwireError('bad_request', message, { status });
}
