import { FanwireError } from '../../errors.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Principal } from '../principal.ts';
import { Attempts } from './attempts.ts';
import type { Bites, LimitHolder, LimitName } from './bites.ts';
import { Bucket, type Rate } from './bucket.ts';
import type { Counts } from './counts.ts';
import { FrameLimit } from './frames.ts';
import { Places } from './places.ts';
import { Rates } from './rates.ts';
import { type ClientRuleSets, type ClientRules, type KeyRules, shareOf } from './rules.ts';

export interface ClientLimitsParts {
  readonly rules: ClientRuleSets;
  readonly counts: Counts;
  readonly now: () => number;
  readonly bites: Bites;
  /** Threads that each count the rates for themselves. @default 1 */
  readonly threads?: number;
}

/** The tables of one set of rules. */
interface Tables {
  readonly rules: ClientRules;
  readonly address: KeyTables;
  readonly user: KeyTables;
  readonly failures: Rates | null;
}

interface KeyTables {
  readonly frames: Rates | null;
  readonly connects: Rates | null;
}

/** What a connection holds of the limits for as long as it is there. */
export interface HeldFrames {
  readonly limit: FrameLimit;
  release(): void;
}

/** Limits by connection, address and user. API keys are the operator's own and are not limited. */
export class ClientLimits {
  readonly places: Places;
  /** Of credentials that turn out wrong. */
  readonly attempts: Attempts;
  readonly #everybody: Tables;
  readonly #local: Tables;
  readonly #now: () => number;
  readonly #bites: Bites;

  constructor({ rules, counts, now, bites, threads = 1 }: ClientLimitsParts) {
    this.#everybody = tablesOf(rules.everybody, threads);
    this.#local = tablesOf(rules.local, threads);
    this.#now = now;
    this.#bites = bites;
    this.places = new Places({ counts, bites, rulesOf: (client) => this.#of(client).rules });
    this.attempts = new Attempts((client) => this.#of(client).failures, now, bites);
  }

  /** Somebody wants to connect; throws `rate_limited`. */
  connect(client: ClientAddress): void {
    this.#take('connects', 'address', this.#of(client).address.connects, client);
  }

  /** The same once it is known who that is. */
  connectAs(client: ClientAddress, { user, keyName }: Principal): void {
    if (user === null || keyName !== null) return;
    this.#take('connects', 'user', this.#of(client).user.connects, client, user);
  }

  /** An HTTP request; throws `rate_limited`. */
  request(client: ClientAddress): void {
    this.#take('requests', 'address', this.#of(client).address.frames, client);
  }

  /** The same once it is known who asks. */
  requestAs(client: ClientAddress, { user, keyName }: Principal): void {
    if (user === null || keyName !== null) return;
    this.#take('requests', 'user', this.#of(client).user.frames, client, user);
  }

  /** The buckets of a new connection, looked up once; null when it has no limit. */
  frames(client: ClientAddress, { user, keyName }: Principal): HeldFrames | null {
    if (keyName !== null) return null;
    const { rules, address, user: users } = this.#of(client);
    const now = this.#now();
    const ofUser = user === null ? null : users.frames;
    if (rules.frames === null && ofUser === null && address.frames === null) return null;
    const limit = new FrameLimit({
      connection: rules.frames && new Bucket(rules.frames, now),
      user: ofUser?.hold(user ?? '', now),
      address: address.frames?.hold(client.key, now),
    });
    return {
      limit,
      release: () => {
        ofUser?.release(user ?? '');
        address.frames?.release(client.key);
      },
    };
  }

  /** A frame was refused. */
  refused(holder: LimitHolder, client: ClientAddress, user: string | null): void {
    this.#bites.bite('frames', holder, { address: client.text, ...(user === null ? {} : { user }) });
  }

  /** Somebody is in a network that is not served. */
  turnedAway({ text }: ClientAddress): void {
    this.#bites.bite('networks', 'server', { address: text });
  }

  /** A guest found only places that are not for guests. */
  keptOut({ text }: ClientAddress): void {
    this.#bites.bite('guests', 'server', { address: text });
  }

  /** The share of places that a client without a credential cannot have. */
  reserved(client: ClientAddress, { via }: Principal): number {
    return via === 'anonymous' ? this.#of(client).rules.reserved : 0;
  }

  #of(client: ClientAddress): Tables {
    return client.isLocal ? this.#local : this.#everybody;
  }

  #take(
    limit: Extract<LimitName, 'connects' | 'requests'>,
    holder: 'address' | 'user',
    rates: Rates | null,
    client: ClientAddress,
    user?: string,
  ): void {
    if (rates === null) return;
    const now = this.#now();
    const bucket = rates.bucket(user ?? client.key, now);
    if (bucket.take(now)) return;
    this.#bites.bite(limit, holder, { address: client.text, ...(user === undefined ? {} : { user }) });
    throw tooFast(limit, holder, bucket.rate, bucket.secondsToWait(now));
  }
}

function tooFast(limit: 'connects' | 'requests', holder: string, { perSecond }: Rate, retryAfter: number) {
  const rate = Math.ceil(perSecond);
  const what =
    limit === 'connects' ? `opens more than ${rate} connections` : `sends more than ${rate} requests`;
  return new FanwireError('rate_limited', `this ${holder} ${what} a second; wait`, { retryAfter });
}

function tablesOf(rules: ClientRules, threads: number): Tables {
  return {
    rules,
    address: keyTables(rules.address, rules, threads),
    user: keyTables(rules.user, rules, threads),
    failures: tableOf(shareOf(rules.failures, threads)),
  };
}

function keyTables({ frames, connects }: KeyRules, of: ClientRules, threads: number): KeyTables {
  return {
    frames: tableOf(shareOf(frames, threads, of.frames)),
    connects: tableOf(shareOf(connects, threads)),
  };
}

function tableOf(rate: Rate | null): Rates | null {
  return rate === null ? null : new Rates(rate);
}
