import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { ClientAddress } from '../access/client-address.ts';
import { operator, type Principal, type Scope } from '../access/principal.ts';
import { FanwireError } from '../errors.ts';
import type { ApiPolicy } from './parts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set by the route's `onRequest` hook. */
    principal: Principal;
  }
}

type OnRequest = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/** What a hook asks for, so that the description of the API can say it: a scope, or credentials of any kind. */
export type Need = Scope | 'credentials' | 'nothing';

const needs = new WeakMap<object, Need>();

export function needOf(hook: unknown): Need | undefined {
  return typeof hook === 'function' ? needs.get(hook) : undefined;
}

/** `manage` is every scope of this API. */
export function hasScope({ scopes }: Principal, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('manage');
}

const noQuery = new URLSearchParams();

function queryOf({ url }: FastifyRequest): URLSearchParams {
  const start = url.indexOf('?');
  return start < 0 ? noQuery : new URLSearchParams(url.slice(start + 1));
}

/** Whether the request brings an API key of this server: one is not counted, whatever the route. */
export function isKnownKey(
  authenticator: Authenticator,
  request: FastifyRequest,
  client: ClientAddress,
): boolean {
  const { headers, socket } = request;
  const query = queryOf(request);
  if (query.size === 0 && authenticator.recall(headers, socket) !== null) return true;
  return authenticator.presentsKey({ query, headers, client });
}

interface AuthorizationParts {
  readonly authenticator: Authenticator;
  readonly callers: Callers;
  readonly policy: ApiPolicy;
}

/** Who may use a route. What they may do there with a channel is asked of the gate besides. */
export class Authorization {
  readonly #authenticator: Authenticator;
  readonly #callers: Callers;
  readonly #open: boolean;

  constructor({ authenticator, callers, policy }: AuthorizationParts) {
    this.#authenticator = authenticator;
    this.#callers = callers;
    this.#open = policy.managementOpen;
  }

  /** A hook that lets in who has the scope. Credentials that are presented and wrong are refused, always. */
  need(scope: Scope): OnRequest {
    return this.#hook(scope, !this.#open, (principal) => {
      this.#checkScope(principal, scope);
      return principal.via === 'anonymous' ? operator : principal;
    });
  }

  /** A hook that only finds out who asks. */
  identify({ required }: { required: boolean }): OnRequest {
    return this.#hook(required ? 'credentials' : 'nothing', required, (principal) => principal);
  }

  #hook(need: Need, required: boolean, admitted: (principal: Principal) => Principal): OnRequest {
    const admit = (request: FastifyRequest, principal: Principal): void => {
      request.principal = admitted(principal);
    };
    const hook: OnRequest = (request, _reply, done) => {
      const start = request.url.indexOf('?');
      const known = start < 0 ? this.#authenticator.recall(request.headers, request.socket) : null;
      if (known !== null) {
        admit(request, known);
        done();
        return;
      }
      this.#authenticate(request, required)
        .then((principal) => admit(request, principal))
        .then(() => done(), done);
    };
    needs.set(hook, need);
    return hook;
  }

  async #authenticate(request: FastifyRequest, required: boolean): Promise<Principal> {
    const { headers, socket, raw } = request;
    const client = this.#callers.addresses.of(raw);
    const query = queryOf(request);
    const principal = await this.#authenticator.authenticate(
      { query, headers, client, connection: socket },
      { required },
    );
    this.#callers.limits.requestAs(client, principal);
    return principal;
  }

  /** Where management is open, only an API key can have less than everything: it was made to have less. */
  #checkScope(principal: Principal, scope: Scope): void {
    if (hasScope(principal, scope) || (this.#open && principal.via !== 'key')) return;
    throw new FanwireError('forbidden', `this needs the scope "${scope}", which the credentials do not have`);
  }
}
