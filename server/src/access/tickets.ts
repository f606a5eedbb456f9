import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Principal } from './principal.ts';

export interface TicketOptions {
  readonly clock: Clock;
  /** Milliseconds that a ticket is good for. @default 30_000 */
  readonly ttlMs?: number;
  /** Tickets outstanding at once; one more drops the oldest. @default 10_000 */
  readonly max?: number;
}

/** The answer of `POST /sse/ticket`; `expires_in` in whole seconds. */
export interface IssuedTicket {
  readonly ticket: string;
  readonly expires_in: number;
}

interface Entry {
  readonly principal: Principal;
  /** Monotonic milliseconds until which it is good; its token may expire before. */
  readonly until: number;
}

const ticketBytes = 32;

/** Where tickets are kept, which one of several threads may do for all. */
export interface TicketBook {
  issue(principal: Principal): IssuedTicket | Promise<IssuedTicket>;
  /** Whose ticket it is, the first time; null if it is unknown, used or expired. */
  redeem(ticket: string): Principal | null | Promise<Principal | null>;
}

/**
 * Stand-ins for a token in the address of an EventSource, which cannot send headers: a ticket in a log or a
 * history is worth nothing, because it works once and for 30 s. A ticket carries its principal unchanged, with
 * the token's own expiry, and never outlives it. Only hashes are kept.
 */
export class Tickets implements TicketBook {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #max: number;
  /** By hash, oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor({ clock, ttlMs = 30_000, max = 10_000 }: TicketOptions) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#max = max;
  }

  issue(principal: Principal): IssuedTicket {
    this.#dropExpired();
    if (this.#entries.size >= this.#max) this.#dropOldest();
    const ticket = randomBytes(ticketBytes).toString('base64url');
    this.#entries.set(hashOf(ticket), { principal, until: this.#clock.monotonic() + this.#ttlMs });
    const left = Math.min(this.#ttlMs, tokenLeft(principal, this.#clock));
    return { ticket, expires_in: Math.max(0, Math.floor(left / 1000)) };
  }

  redeem(ticket: string): Principal | null {
    const key = hashOf(ticket);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    const good = this.#clock.monotonic() < entry.until && tokenLeft(entry.principal, this.#clock) > 0;
    return good ? entry.principal : null;
  }

  /** The oldest come first, so this stops at the first good one; one cut short by its token waits its turn. */
  #dropExpired(): void {
    const now = this.#clock.monotonic();
    for (const [key, entry] of this.#entries) {
      if (now < entry.until) return;
      this.#entries.delete(key);
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** Milliseconds for which the token is good, by the wall clock. */
function tokenLeft({ expiresAt }: Principal, clock: Clock): number {
  return expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - clock.now();
}

function hashOf(ticket: string): string {
  return hash('sha256', ticket, 'base64url');
}
