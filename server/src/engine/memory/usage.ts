import { accountKey, channelKey, type Exhausted, type StorageLimits } from '../usage.ts';

/** What one kept message counts, and among whose. */
export interface Charge {
  readonly account: string | undefined;
  readonly bytes: number;
}

/** How many bytes of kept messages each channel and each account has, and all have together. */
export class Usage {
  readonly #limits: StorageLimits;
  readonly #exhausted: Exhausted;
  readonly #sums = new Map<string, number>();
  #total = 0;

  constructor(limits: StorageLimits, exhausted: Exhausted) {
    this.#limits = limits;
    this.#exhausted = exhausted;
  }

  add(channel: string, { account, bytes }: Charge): void {
    this.#change(channel, account, bytes);
  }

  take(channel: string, { account, bytes }: Charge): void {
    this.#change(channel, account, -bytes);
  }

  #change(channel: string, account: string | undefined, bytes: number): void {
    this.#sum(channelKey(channel), bytes, this.#limits.channel);
    if (account) this.#sum(accountKey(account), bytes, this.#limits.account);
    this.#total += bytes;
    this.#exhausted.measured(this.#total, this.#limits);
  }

  #sum(key: string, bytes: number, limit: number): void {
    const sum = (this.#sums.get(key) ?? 0) + bytes;
    if (sum > 0) this.#sums.set(key, sum);
    else this.#sums.delete(key);
    this.#exhausted.set(key, sum >= limit);
  }
}
