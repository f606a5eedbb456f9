import type { Principal } from '../access/principal.ts';
import type { CloseReason } from '../codes.ts';
import type { Sleeper } from './slots.ts';

/** Closes a connection when its token expires, by the wall clock. */
export class Expiry implements Sleeper {
  due = 0;
  slot = -1;
  index = 0;
  readonly #owner: { readonly principal: Principal; close(reason: CloseReason): void };

  constructor(owner: { readonly principal: Principal; close(reason: CloseReason): void }) {
    this.#owner = owner;
  }

  wake(now: number): number {
    const due = this.#owner.principal.expiresAt ?? Number.POSITIVE_INFINITY;
    if (now < due) return due;
    this.#owner.close('tokenExpired');
    return Number.POSITIVE_INFINITY;
  }
}
