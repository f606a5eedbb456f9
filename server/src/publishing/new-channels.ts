import { Rates } from '../access/limits/rates.ts';
import { FanwireError } from '../errors.ts';

/** Names of a generation: those to which something was published lately. */
const generationSize = 16_384;

export interface NewChannelsParts {
  /** For one user, and for one connection of a guest. */
  readonly perMinute: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Whether something was published to the channel, as far as this thread knows. */
  readonly isKnown: (channel: string) => boolean;
}

/**
 * Bounds how fast channels come to life: each is rows for as long as it is remembered. Whether a channel is new is not
 * looked up: one that this thread has not seen lately and that nobody on it follows counts as such.
 */
export class NewChannels {
  readonly #parts: NewChannelsParts;
  readonly #each: Rates;
  readonly #accounts: Rates;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(parts: NewChannelsParts) {
    const { perMinute } = parts;
    this.#parts = parts;
    this.#each = new Rates({ perSecond: perMinute / 60, burst: perMinute });
    this.#accounts = new Rates({ perSecond: perMinute / 30, burst: 2 * perMinute });
  }

  /** Somebody of the account is about to publish. Throws `limit_reached`. */
  admit(channel: string, account: string, connection = ''): void {
    if (this.#young.has(channel)) return;
    if (!this.#old.has(channel) && !this.#parts.isKnown(channel)) this.#charge(account, connection);
    if (this.#young.size >= generationSize) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(channel);
  }

  /** A user is one key, on however many connections; guests are told apart by theirs. */
  #charge(account: string, connection: string): void {
    const now = this.#parts.now();
    const isUser = account.includes(':');
    const own = this.#each.bucket(isUser ? account : connection, now);
    const together = isUser ? own : this.#accounts.bucket(account, now);
    if (own.has(now) && together.has(now)) {
      own.take(now);
      if (together !== own) together.take(now);
      return;
    }
    throw new FanwireError(
      'limit_reached',
      `too many new channels in a minute (MAX_CHANNELS_CREATED_PER_MINUTE, ${this.#parts.perMinute}): publish to those that there are, or wait`,
    );
  }
}
