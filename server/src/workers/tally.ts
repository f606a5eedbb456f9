/** Counts pairs of texts: what somebody holds, and how often. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  add(one: string, other: string): void {
    const counts = this.#counts.get(one) ?? new Map<string, number>();
    this.#counts.set(one, counts);
    counts.set(other, (counts.get(other) ?? 0) + 1);
  }

  /** Counts one less; false when there is none. */
  take(one: string, other: string): boolean {
    const counts = this.#counts.get(one);
    const count = counts?.get(other);
    if (!counts || count === undefined) return false;
    if (count > 1) counts.set(other, count - 1);
    else counts.delete(other);
    if (counts.size === 0) this.#counts.delete(one);
    return true;
  }

  /** How many different others there are with this one. */
  size(one: string): number {
    return this.#counts.get(one)?.size ?? 0;
  }

  /** Every pair as often as it was counted; afterwards there are none. */
  *drain(): Generator<[one: string, other: string]> {
    const all = [...this.#counts];
    this.#counts.clear();
    for (const [one, counts] of all) {
      for (const [other, count] of counts) for (let n = 0; n < count; n++) yield [one, other];
    }
  }
}
