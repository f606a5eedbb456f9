import { randomInt } from 'node:crypto';

/** Numbers that follow from a seed, so that a failure can be played again: `FANWIRE_SEED=<seed>` before the command. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env.FANWIRE_SEED ?? randomInt(2 ** 31))) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** Runs a test with the seed in the message of whatever it throws. */
  async run(test: () => Promise<void>): Promise<void> {
    try {
      await test();
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`with FANWIRE_SEED=${this.seed}: ${text}`, { cause: thrown });
    }
  }
}
