import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Callers } from '../access/callers.ts';
import type { ClientAddress } from '../access/client-address.ts';
import { forwardedBy, type OpenManagement } from '../access/management.ts';
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

/** What a route is besides the scope that it needs. */
export interface NeedOptions {
  /** One of the older system's commands, which carry no key. @default false */
  readonly command?: boolean;
}

/** Who may use a route. What they may do there with a channel is asked of the gate besides. */
export class Authorization {
  readonly #authenticator: Authenticator;
  readonly #callers: Callers;
  readonly #management: OpenManagement;

  constructor({ authenticator, callers, policy }: AuthorizationParts) {
    this.#authenticator = authenticator;
    this.#callers = callers;
    this.#management = policy.management;
  }

  /** A hook that lets in who has the scope. Credentials that are presented and wrong are refused, always. */
  need(scope: Scope, { command = false }: NeedOptions = {}): OnRequest {
    const open = this.#management === 'all' || (command && this.#management === 'commands');
    return this.#hook(scope, !open, (principal, headers) => {
      if (!open) return scoped(principal, scope);
      const by = forwardedBy(headers);
      if (by === null) return freely(principal, scope);
      if (principal.via !== 'anonymous') return scoped(principal, scope);
      throw new FanwireError(
        'unauthorized',
        `credentials are required: without any, management is for programs of this machine, and the header ${by} says that the request came from elsewhere`,
      );
    });
  }

  /** A hook that only finds out who asks. */
  identify({ required }: { required: boolean }): OnRequest {
    return this.#hook(required ? 'credentials' : 'nothing', required, (principal) => principal);
  }

  #hook(
    need: Need,
    required: boolean,
    admitted: (principal: Principal, headers: IncomingHttpHeaders) => Principal,
  ): OnRequest {
    const admit = (request: FastifyRequest, principal: Principal): void => {
      request.principal = admitted(principal, request.headers);
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
}

function scoped(principal: Principal, scope: Scope): Principal {
  if (hasScope(principal, scope)) return principal;
  throw new FanwireError('forbidden', `this needs the scope "${scope}", which the credentials do not have`);
}

/** Where management is open, only an API key can have less than everything: it was made to have less. */
function freely(principal: Principal, scope: Scope): Principal {
  if (principal.via === 'key') return scoped(principal, scope);
  return principal.via === 'anonymous' ? operator : principal;
}
