import type { IncomingMessage } from 'node:http';
import { FanwireError } from '../errors.ts';

/**
 * The path below which everything is served. It is taken off a request before anything else looks at its address, so
 * that routes, dialects and logs know of none.
 */
export class BasePath {
  /** Without a slash at its end; empty for none. */
  readonly prefix: string;
  readonly #entered = new WeakSet<IncomingMessage>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** The target below the base path, with its query; null where it is not below it. */
  inner(target: string): string | null {
    if (this.prefix === '') return target;
    if (!target.startsWith(this.prefix)) return null;
    const rest = target.slice(this.prefix.length);
    if (rest.startsWith('/')) return rest;
    return rest === '' || rest.startsWith('?') ? `/${rest}` : null;
  }

  /** Takes it off the request's target, once. Leaves a request alone that is for something else. */
  enter(http: IncomingMessage): void {
    if (this.prefix === '' || this.#entered.has(http)) return;
    const inner = this.inner(http.url ?? '/');
    if (inner === null) return;
    http.url = inner;
    this.#entered.add(http);
  }

  /** Throws 404 for a request that was not below it. */
  check(http: IncomingMessage): void {
    if (this.prefix === '' || this.#entered.has(http)) return;
    throw new FanwireError('not_found', `everything is served below ${this.prefix} (BASE_PATH)`);
  }
}
