import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { HostRule } from '../access/host.ts';
import { corsHeaders, type OriginRule } from '../access/origin.ts';
import { FanwireError } from '../errors.ts';
import type { BasePath } from '../transport/base-path.ts';
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

/** Names separated by commas; each character is looked at once. */
const headerNames = /^[!#$%&'*+.^_`|~0-9a-z, -]+$/i;

/** Seconds that a browser may remember the answer to a preflight. */
const preflightAge = '600';

/** Routes that probes ask, from wherever they run. */
const probes: ReadonlySet<string> = new Set(['/health', '/ready']);

/** Where the transport settles itself who asks: its tickets work once. */
const stream = '/sse/connect';

interface FrontParts {
  readonly authenticator: Authenticator;
  readonly callers: Callers;
  readonly host: HostRule;
  readonly origin: OriginRule;
  readonly policy: ApiPolicy;
}

/** What is settled for every request before its route: headers, the page it comes from, and whether there is a route. */
export class Front {
  readonly #parts: FrontParts;
  readonly #base: BasePath;
  readonly #allowedHeaders: string;

  constructor(parts: FrontParts, base: BasePath) {
    this.#base = base;
    this.#parts = parts;
    this.#allowedHeaders = `Content-Type, Authorization, ${parts.policy.apiKeyHeader}, Idempotency-Key, Last-Event-ID, X-Request-Id`;
  }

  /**
   * Sets the headers of every answer. Throws `forbidden` for a page that may not talk to this server. Returns what has
   * to be waited for, and may reject with `misdirected`, where the request goes by a name that is not ours.
   */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void> | null {
    reply.headers(everywhere);
    reply.header('x-request-id', request.id);
    this.#knock(request);
    checkRequest(request.raw);
    this.#base.check(request.raw);
    const { authenticator, callers, host } = this.#parts;
    const { headers, url, routeOptions } = request;
    if (host.answers(headers.host) || probes.has(routeOptions.url ?? '')) {
      this.#checkOrigin(request, reply);
      return null;
    }
    if (routeOptions.url === stream) return null;
    const start = url.indexOf('?');
    const query = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
    const authenticated = authenticator.authenticate(
      { query, headers, client: callers.addresses.of(request.raw) },
      { required: true },
    );
    return host.identify(headers.host, authenticated).then(() => this.#checkOrigin(request, reply));
  }

  #checkOrigin(request: FastifyRequest, reply: FastifyReply): void {
    const { origin, host } = request.headers;
    if (origin === undefined) return;
    const verdict = this.#parts.origin.check(origin, host, { required: false });
    if (verdict.ok) {
      for (const [name, value] of corsHeaders(verdict)) reply.header(name, value);
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
    const { addresses, limits } = this.#parts.callers;
    const isProbe = probes.has(request.routeOptions.url ?? '');
    const client = isProbe ? addresses.of(request.raw) : this.#parts.callers.admit(request.raw);
    if (!isKnownKey(this.#parts.authenticator, request, client)) limits.request(client);
  }

  /** A page of a listed origin may send whatever headers it says that it wants to. */
  #answerPreflight(methods: string, { headers }: FastifyRequest, reply: FastifyReply): void {
    const asked = headers['access-control-request-headers'];
    const isListed = reply.getHeader('access-control-allow-credentials') !== undefined;
    const reflected = isListed && asked !== undefined && headerNames.test(asked) ? asked : null;
    reply.header('access-control-allow-methods', methods);
    reply.header('access-control-allow-headers', reflected ?? this.#allowedHeaders);
    reply.header('access-control-max-age', preflightAge);
    if (reflected !== null) reply.header('vary', 'Origin, Access-Control-Request-Headers');
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
    if (request.headers.origin !== undefined) this.#answerPreflight(allowed, request, reply);
    reply.code(204).send();
  }
}
