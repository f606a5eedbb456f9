/** Refusals in a row, without one second of keeping to the limit, after which patience ends: so many seconds' worth. */
const patienceSeconds = 5;
const leastPatience = 20;

/** A token bucket: `rate` frames a second, and as many at once. */
export class RateLimit {
  readonly #rate: number;
  #tokens: number;
  #updated: number;
  #refused = 0;

  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#tokens = rate;
    this.#updated = now;
  }

  /** Keeps exceeding its limit: it may be closed with 4429. */
  get exhausted(): boolean {
    return this.#refused >= Math.max(leastPatience, this.#rate * patienceSeconds);
  }

  /** False when this frame is one too many. */
  take(now: number): boolean {
    // Nobody pays for a clock that is set back.
    const refill = (Math.max(0, now - this.#updated) / 1000) * this.#rate;
    this.#updated = now;
    this.#tokens = Math.min(this.#rate, this.#tokens + refill);
    if (this.#tokens < 1) {
      this.#refused++;
      return false;
    }
    if (this.#tokens === this.#rate) this.#refused = 0;
    this.#tokens -= 1;
    return true;
  }
}
