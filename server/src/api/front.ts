import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { OriginRule } from '../access/origin.ts';
import { FanwireError } from '../errors.ts';
import { checkRequest } from '../transport/well-formed.ts';
import { isKnownKey } from './authorization.ts';
import type { ApiPolicy } from './parts.ts';
import { isCall } from './socket-addresses.ts';

/** On every answer; a cache keyed without Origin would hand one page's permission to another. */
export const everywhere = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  vary: 'Origin',
};

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Seconds that a browser may remember the answer to a preflight. */
const preflightAge = '600';

/** Routes that probes ask, from wherever they run. */
const probes: ReadonlySet<string> = new Set(['/health', '/ready']);

interface FrontParts {
  readonly origin: OriginRule;
  readonly callers: Callers;
  readonly authenticator: Authenticator;
  readonly policy: ApiPolicy;
}

/** What is settled for every request before its route: headers, the page it comes from, and whether there is a route. */
export class Front {
  readonly #origin: OriginRule;
  readonly #callers: Callers;
  readonly #authenticator: Authenticator;
  readonly #allowedHeaders: string;

  constructor({ origin, callers, authenticator, policy }: FrontParts) {
    this.#origin = origin;
    this.#callers = callers;
    this.#authenticator = authenticator;
    this.#allowedHeaders = `Content-Type, Authorization, ${policy.apiKeyHeader}, Idempotency-Key, Last-Event-ID, X-Request-Id`;
  }

  /** Sets the headers of every answer. Throws `forbidden` for a page that may not talk to this server. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(everywhere);
    reply.header('x-request-id', request.id);
    const { origin, host } = request.headers;
    this.#knock(request);
    checkRequest(request.raw);
    if (origin === undefined) return;
    const verdict = this.#origin.check(origin, host, { required: false });
    if (verdict.ok) {
      reply.header('access-control-allow-origin', verdict.corsOrigin);
      reply.header('access-control-expose-headers', 'Retry-After, X-Request-Id');
    } else if (!probes.has(request.routeOptions.url ?? '')) {
      throw new FanwireError(
        'forbidden',
        `Origin ${origin.slice(0, 100)} is not allowed here: add it to ALLOWED_ORIGINS`,
      );
    }
  }

  /** Throws `forbidden` for a network that is not served, but to probes; `rate_limited` for too many requests. */
  #knock(request: FastifyRequest): void {
    const { addresses, limits } = this.#callers;
    const isProbe = probes.has(request.routeOptions.url ?? '');
    const client = isProbe ? addresses.of(request.raw) : this.#callers.admit(request.raw);
    if (!isKnownKey(this.#authenticator, request, client)) limits.request(client);
  }

  /** Answers a request that no route matched: a preflight, a wrong method (405), or an unknown path (404). */
  turnAway(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): void {
    const [path = ''] = request.url.split('?', 1);
    const served = methods.filter((method) =>
      isCall(app, path) ? app.hasRoute({ method, url: path }) : app.findRoute({ method, url: path }) !== null,
    );
    if (served.length === 0) throw new FanwireError('not_found', 'nothing is served at this path');
    const allowed = [...served, 'OPTIONS'].join(', ');
    reply.header('allow', allowed);
    if (request.method !== 'OPTIONS') {
      throw new FanwireError('bad_request', `the method has to be one of ${allowed}`, { status: 405 });
    }
    if (request.headers.origin !== undefined) {
      reply.header('access-control-allow-methods', allowed);
      reply.header('access-control-allow-headers', this.#allowedHeaders);
      reply.header('access-control-max-age', preflightAge);
    }
    reply.code(204).send();
  }
}
