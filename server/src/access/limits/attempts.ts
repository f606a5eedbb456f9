import { FanwireError } from '../../errors.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Bites } from './bites.ts';
import type { Rates } from './rates.ts';

/** What guesses are counted against, for clients of one kind. */
export type FailureRates = (client: ClientAddress) => Rates | null;

/**
 * Holds back whoever presents wrong credentials, by whichever way in and of whichever kind. Those that come after too
 * many are not looked at, right ones neither: otherwise the answer would still tell which is which.
 */
export class Attempts {
  readonly #rates: FailureRates;
  readonly #now: () => number;
  readonly #bites: Bites;

  constructor(rates: FailureRates, now: () => number, bites: Bites) {
    this.#rates = rates;
    this.#now = now;
    this.#bites = bites;
  }

  /** Throws `rate_limited` without checking, or what the check throws; counts it when that is `unauthorized`. */
  async check<Proved>(client: ClientAddress, check: () => Proved | Promise<Proved>): Promise<Proved> {
    this.admit(client);
    try {
      return await check();
    } catch (thrown) {
      if (thrown instanceof FanwireError && thrown.code === 'unauthorized') this.#failed(client);
      throw thrown;
    }
  }

  /** Whether credentials of this client are looked at. */
  open(client: ClientAddress): boolean {
    return this.#rates(client)?.known(client.key)?.has(this.#now()) ?? true;
  }

  /** Throws `rate_limited` when too many have failed. */
  admit(client: ClientAddress): void {
    const now = this.#now();
    const bucket = this.#rates(client)?.known(client.key);
    if (!bucket || bucket.has(now)) return;
    this.#bites.bite('credentials', 'address', { address: client.text });
    throw new FanwireError('rate_limited', 'too many wrong credentials came from this address; wait', {
      retryAfter: bucket.secondsToWait(now),
    });
  }

  #failed(client: ClientAddress): void {
    const now = this.#now();
    this.#rates(client)?.bucket(client.key, now).take(now);
  }
}
