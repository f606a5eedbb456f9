import type { Exhausted, StorageLimit } from '../engine/usage.ts';
import { FanwireError } from '../errors.ts';
import type { Publication } from '../hub/hub.ts';
import type { Author } from './author.ts';
import type { NewChannels } from './new-channels.ts';
import type { Quotas } from './quotas.ts';

const reasons: Readonly<Record<StorageLimit, string>> = {
  total: 'the store of this server is full (MAX_DATABASE_BYTES)',
  channel: 'this channel keeps as much as it may (MAX_CHANNEL_BYTES)',
  account: 'you have as much kept as you may (MAX_USER_BYTES)',
};

/** How much may be stored, and in how many new channels. What the engine counts is asked, nothing is looked up. */
export class StorageQuotas implements Quotas {
  readonly #exhausted: Exhausted;
  readonly #newChannels: NewChannels;

  constructor(exhausted: Exhausted, newChannels: NewChannels) {
    this.#exhausted = exhausted;
    this.#newChannels = newChannels;
  }

  admit(author: Author, { channel, account, persist = false }: Publication): void {
    const limit = this.#exhausted.limit(channel, account, persist);
    if (limit !== null) throw new FanwireError('limit_reached', `not published: ${reasons[limit]}`);
    if (account !== undefined) this.#newChannels.admit(channel, account, author.sender?.connection);
  }
}
