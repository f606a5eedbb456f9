import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Principal, Scope } from '../access/principal.ts';
import { FanwireError } from '../errors.ts';
import type { ApiPolicy } from './parts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set by the route's `onRequest` hook. */
    principal: Principal;
  }
}

type OnRequest = (request: FastifyRequest) => Promise<void>;

/** What a hook asks for, so that the description of the API can say it: a scope, or credentials of any kind. */
export type Need = Scope | 'credentials' | 'nothing';

const needs = new WeakMap<object, Need>();

export function needOf(hook: unknown): Need | undefined {
  return typeof hook === 'function' ? needs.get(hook) : undefined;
}

const noQuery = new URLSearchParams();

/** Who may use a route. What they may do there with a channel is asked of the gate besides. */
export class Authorization {
  readonly #authenticator: Authenticator;
  readonly #open: boolean;

  constructor({ authenticator, policy }: { authenticator: Authenticator; policy: ApiPolicy }) {
    this.#authenticator = authenticator;
    this.#open = policy.managementOpen;
  }

  /** A hook that lets in who has the scope. Credentials that are presented and wrong are refused, always. */
  need(scope: Scope): OnRequest {
    const hook: OnRequest = async (request) => {
      const principal = await this.#authenticate(request, !this.#open);
      this.#checkScope(principal, scope);
      request.principal = principal;
    };
    needs.set(hook, scope);
    return hook;
  }

  /** A hook that only finds out who asks. */
  identify({ required }: { required: boolean }): OnRequest {
    const hook: OnRequest = async (request) => {
      request.principal = await this.#authenticate(request, required);
    };
    needs.set(hook, required ? 'credentials' : 'nothing');
    return hook;
  }

  #authenticate({ url, headers }: FastifyRequest, required: boolean): Promise<Principal> {
    const start = url.indexOf('?');
    const query = start < 0 ? noQuery : new URLSearchParams(url.slice(start + 1));
    return this.#authenticator.authenticate({ query, headers }, { required });
  }

  /** Where management is open, only an API key can have less than everything: it was made to have less. */
  #checkScope({ via, scopes }: Principal, scope: Scope): void {
    if (scopes.has(scope) || scopes.has('manage') || (this.#open && via !== 'key')) return;
    throw new FanwireError('forbidden', `this needs the scope "${scope}", which the credentials do not have`);
  }
}
