import { FanwireError } from '../../errors.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Principal } from '../principal.ts';
import type { Bites } from './bites.ts';
import type { Claim, Counts } from './counts.ts';
import type { ClientRules, ConnectionRule } from './rules.ts';

export type PlaceTransport = Exclude<keyof ConnectionRule, 'all'>;

/** Gives back a place. */
export type FreePlace = () => void;

const nothing: FreePlace = () => {};

export interface PlacesParts {
  readonly counts: Counts;
  readonly rulesOf: (client: ClientAddress) => ClientRules;
  readonly bites: Bites;
}

/** Connections by address and by user: nobody alone takes all places. */
export class Places {
  readonly #parts: PlacesParts;

  constructor(parts: PlacesParts) {
    this.#parts = parts;
  }

  /** Takes a place, or throws `limit_reached`. API keys are the operator's own. */
  take(
    transport: PlaceTransport,
    client: ClientAddress,
    { user, keyName }: Principal,
  ): FreePlace | Promise<FreePlace> {
    if (keyName !== null) return nothing;
    const rules = this.#parts.rulesOf(client);
    const claims = [
      ...claimsOf('address', client.key, transport, rules.address.connections),
      ...(user === null ? [] : claimsOf('user', user, transport, rules.user.connections)),
    ];
    if (claims.length === 0) return nothing;
    const who = { address: client.text, ...(user === null ? {} : { user }) };
    const entered = this.#parts.counts.enter(claims);
    return entered instanceof Promise
      ? entered.then((full) => this.#entered(claims, full, who))
      : this.#entered(claims, entered, who);
  }

  #entered(claims: readonly PlaceClaim[], full: number | null, who: Who): FreePlace {
    const over = full === null ? undefined : claims[full];
    if (over) {
      this.#parts.bites.bite('connections', over.holder, who);
      throw tooMany(over);
    }
    const keys = claims.map(({ key }) => key);
    return () => this.#parts.counts.leave(keys);
  }
}

interface Who {
  readonly address: string;
  readonly user?: string;
}

interface PlaceClaim extends Claim {
  readonly holder: 'address' | 'user';
}

function claimsOf(
  holder: PlaceClaim['holder'],
  key: string,
  transport: PlaceTransport,
  rule: ConnectionRule | null,
): PlaceClaim[] {
  if (rule === null) return [];
  return (['all', transport] as const).map((of) => ({
    holder,
    key: `${holder} ${of} ${key}`,
    limit: rule[of],
  }));
}

/** Seconds after which somebody may have gone. */
const retryAfter = 5;

function tooMany({ holder, limit }: PlaceClaim): FanwireError {
  const setting = holder === 'user' ? 'MAX_CONNECTIONS_PER_USER' : 'MAX_CONNECTIONS_PER_ADDRESS';
  return new FanwireError(
    'limit_reached',
    `this ${holder} has its ${limit} connections already (${setting}); close one of them first`,
    { retryAfter },
  );
}
