/** Milliseconds. */
const first = 500;
const most = 30_000;

/** Growing waits between attempts, with jitter, so that clients which lost one server do not come back at once. */
export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt: at least `least`, which the server asked for. */
  next(least = 0): number {
    const ceiling = Math.min(most, first * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 16);
    return Math.round(least + ceiling * (0.5 + this.#random() / 2));
  }

  /** It worked: the next wait is short again. */
  reset(): void {
    this.#attempts = 0;
  }
}
