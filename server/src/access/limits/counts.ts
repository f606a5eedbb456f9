/** One of what there may be so many of under this key. */
export interface Claim {
  readonly key: string;
  readonly limit: number;
}

/** How many there are of something, by key; of a server with several threads, all of them together. */
export interface Counts {
  /** Counts one more for all claims, or for none: then it is the place of the one that has its limit. */
  enter(claims: readonly Claim[]): Entered | Promise<Entered>;
  leave(keys: readonly string[]): void;
}

/** The place of the claim that could not be met; null when all were. */
export type Entered = number | null;

/** Counts in this thread's memory, which has no more entries than there is to count. */
export class LocalCounts implements Counts {
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#counts.size;
  }

  enter(claims: readonly Claim[]): Entered {
    const full = claims.findIndex(({ key, limit }) => this.count(key) >= limit);
    if (full >= 0) return full;
    for (const { key } of claims) this.#counts.set(key, this.count(key) + 1);
    return null;
  }

  leave(keys: readonly string[]): void {
    for (const key of keys) {
      const count = this.count(key);
      if (count > 1) this.#counts.set(key, count - 1);
      else this.#counts.delete(key);
    }
  }

  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}
