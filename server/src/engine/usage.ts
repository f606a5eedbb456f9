/** Limits of what is stored, in bytes. */
export interface StorageLimits {
  /** Of everything. Its last tenth is for the recovery window: messages that are to be kept are refused before. */
  readonly total: number;
  /** Of the kept messages of one channel. */
  readonly channel: number;
  /** Of the kept messages of one account: a user, or all guests together. */
  readonly account: number;
}

export const unlimited: StorageLimits = {
  total: Number.POSITIVE_INFINITY,
  channel: Number.POSITIVE_INFINITY,
  account: Number.POSITIVE_INFINITY,
};

export type StorageLimit = keyof StorageLimits;

/** What a message takes beside its data, roughly. */
export const overhead = 100;
/** The share of everything that kept messages may take. */
const keptShare = 0.9;

/** The account of a signed-in user; other accounts have no colon. */
export const accountOfUser = (user: string): string => `user:${user}`;

/** Asked for every kept message: makes no text. */
export function isAccountOf(user: string, account: string | undefined): boolean {
  return (
    account !== undefined &&
    account.length === user.length + 5 &&
    account.startsWith('user:') &&
    account.endsWith(user)
  );
}

/** What counts for one message. */
export function costOf(dataLength: number): number {
  return dataLength + overhead;
}

/** Keys of what may be exhausted: everything for all messages or for kept ones, a channel, an account. */
const all = 'all';
const kept = 'kept';
export const channelKey = (channel: string): string => `channel ${channel}`;
export const accountKey = (account: string): string => `account ${account}`;

/**
 * What is exhausted. It is known a moment after the commit: what is on its way at that time passes. So it can be asked
 * for every message, on every thread.
 */
export class Exhausted {
  readonly #keys = new Set<string>();
  readonly #listeners = new Set<(key: string, isExhausted: boolean) => void>();

  get keys(): readonly string[] {
    return [...this.#keys];
  }

  set(key: string, isExhausted: boolean): void {
    if (this.#keys.has(key) === isExhausted) return;
    if (isExhausted) this.#keys.add(key);
    else this.#keys.delete(key);
    for (const listener of this.#listeners) listener(key, isExhausted);
  }

  /** Everything takes so many bytes. */
  measured(bytes: number, { total }: StorageLimits): void {
    this.set(all, bytes >= total);
    this.set(kept, bytes >= total * keptShare);
  }

  /** Called with every change; returns what ends that. */
  onChange(listener: (key: string, isExhausted: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The limit that keeps a message from being stored; null when none does. */
  limit(channel: string, account: string | undefined, persist: boolean): StorageLimit | null {
    const keys = this.#keys;
    if (keys.size === 0) return null;
    if (keys.has(all)) return 'total';
    if (!persist) return null;
    if (keys.has(kept)) return 'total';
    if (keys.has(channelKey(channel))) return 'channel';
    return account && keys.has(accountKey(account)) ? 'account' : null;
  }
}
