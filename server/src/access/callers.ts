import { FanwireError } from '../errors.ts';
import type { Arrival, ClientAddress, ClientAddresses } from './client-address.ts';
import type { ClientLimits } from './limits/client-limits.ts';
import { Networks } from './networks.ts';

export interface CallersParts {
  readonly addresses: ClientAddresses;
  readonly limits: ClientLimits;
  /** Networks that are served; none is all. */
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
}

/** Who calls from where, and how much of what they may do. */
export class Callers {
  readonly addresses: ClientAddresses;
  readonly limits: ClientLimits;
  readonly #allowed: Networks;
  readonly #denied: Networks;

  constructor({ addresses, limits, allowed, denied }: CallersParts) {
    this.addresses = addresses;
    this.limits = limits;
    this.#allowed = new Networks(allowed);
    this.#denied = new Networks(denied);
  }

  /** Where the request comes from. Throws `forbidden` for a network that is not served. */
  admit(arrival: Arrival): ClientAddress {
    const client = this.addresses.of(arrival);
    if (this.serves(client)) return client;
    this.limits.turnedAway(client);
    throw new FanwireError(
      'forbidden',
      `your address ${client.text} is not served here: ask the operator (ALLOWED_NETWORKS, DENIED_NETWORKS)`,
    );
  }

  /** A socket without an address is of this machine. */
  serves({ address }: ClientAddress): boolean {
    if (address === null) return true;
    return (this.#allowed.empty || this.#allowed.includes(address)) && !this.#denied.includes(address);
  }
}
