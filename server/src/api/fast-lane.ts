import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { Principal } from '../access/principal.ts';
import { errorBody, type FanwireError, toClientError, type UnknownErrorReporter } from '../errors.ts';
import type { Log } from '../transport/node.ts';
import { errorHeaders } from '../transport/raw-answer.ts';
import { requestId } from '../transport/request-id.ts';
import { countHosts } from '../transport/target.ts';
import { jsonType } from './answer.ts';
import { hasScope } from './authorization.ts';
import { parseBody } from './body.ts';
import { everywhere } from './front.ts';
import { logAnswer } from './log.ts';
import { type HttpMeter, noHttpMeter } from './meter.ts';
import type { ApiPolicy } from './parts.ts';
import type { LaneRoute } from './posting.ts';
import { refusal } from './validation.ts';

export interface LaneParts {
  readonly authenticator: Authenticator;
  readonly callers: Callers;
  readonly policy: ApiPolicy;
  readonly log: Log;
  readonly meter?: HttpMeter;
  readonly report: UnknownErrorReporter;
}

const plainTypes: ReadonlySet<string | undefined> = new Set(['application/json', jsonType]);
/** With any of these a request has something about it that the routes settle. */
const unusual = ['origin', 'expect', 'transfer-encoding', 'content-encoding', 'authorization'];
const standing = Object.entries(everywhere).flat();

/** A request that the lane took. */
interface Taken {
  readonly http: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: LaneRoute;
  readonly principal: Principal;
  readonly began: number;
}

/**
 * The commonest request has a way of its own past the router and its hooks: a back end that publishes on a connection
 * on which it has shown its API key before. What it gets is what the route would answer; whatever else there is about
 * a request, the route sees to it.
 */
export class FastLane {
  readonly #parts: LaneParts;
  readonly #meter: HttpMeter;
  readonly #maxBytes: number;
  readonly #routes = new Map<string, LaneRoute>();
  #closed = false;

  constructor(parts: LaneParts, maxBytes: number) {
    this.#parts = parts;
    this.#meter = parts.meter ?? noHttpMeter;
    this.#maxBytes = maxBytes;
  }

  add(route: LaneRoute): void {
    this.#routes.set(route.url, route);
  }

  /** From now on the routes tell everybody to come back elsewhere. */
  close(): void {
    this.#closed = true;
  }

  /** False when the request has to go its usual way; nothing of it has been read then. */
  take(http: IncomingMessage, response: ServerResponse): boolean {
    if (this.#closed || http.method !== 'POST') return false;
    const route = this.#routes.get(http.url ?? '');
    const principal = route && this.#isPlain(http) ? this.#principalOf(http) : null;
    if (!route || !principal) return false;
    this.#read({ http, response, route, principal, began: performance.now() });
    return true;
  }

  #isPlain(http: IncomingMessage): boolean {
    const { headers, httpVersion } = http;
    const length = Number(headers['content-length'] ?? 0);
    if (!(length > 0 && length <= this.#maxBytes) || !plainTypes.has(headers['content-type'])) return false;
    if (httpVersion !== '1.1' || unusual.some((name) => headers[name] !== undefined)) return false;
    return countHosts(http) === 1 && this.#parts.callers.serves(this.#parts.callers.addresses.of(http));
  }

  #principalOf({ headers, socket }: IncomingMessage): Principal | null {
    const principal = this.#parts.authenticator.recall(headers, socket);
    return principal !== null && hasScope(principal, 'publish') ? principal : null;
  }

  #read(taken: Taken): void {
    let body: Buffer | null = null;
    taken.http.on('data', (chunk: Buffer) => {
      body = body === null ? chunk : Buffer.concat([body, chunk]);
    });
    taken.http.on('end', () => this.#handle(taken, body ?? Buffer.alloc(0)));
  }

  #handle(taken: Taken, bytes: Buffer): void {
    const { http, route, principal } = taken;
    try {
      const { text, body } = parseBody(bytes);
      const problem = route.problem(body);
      if (problem !== null) throw refusal(problem, 422);
      route.handle({ principal, http, body, text }, (thrown, answer) => {
        if (thrown === null) this.#answer(taken, 200, answer);
        else this.#refuse(taken, thrown);
      });
    } catch (thrown) {
      this.#refuse(taken, thrown);
    }
  }

  #refuse(taken: Taken, thrown: unknown): void {
    const error: FanwireError = toClientError(thrown, this.#parts.report, { request: requestId(taken.http) });
    this.#meter.failed(error.code);
    const more = Object.entries(errorHeaders(error)).flat();
    this.#answer(taken, error.status, JSON.stringify(errorBody(error)), more);
  }

  #answer({ http, response, route, began }: Taken, status: number, text: string, more: string[] = []): void {
    const id = requestId(http);
    const length = String(Buffer.byteLength(text));
    const own = ['x-request-id', id, 'content-type', jsonType, 'content-length', length];
    response.writeHead(status, [...standing, ...own, ...more]);
    response.end(text);
    const ms = performance.now() - began;
    logAnswer(this.#parts.log, { id, method: 'POST', url: route.url, status }, ms);
    this.#meter.answered(route.url, 'POST', status, ms);
  }
}
