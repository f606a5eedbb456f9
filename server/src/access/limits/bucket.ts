/** So many a second in the long run, and so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket. Times are milliseconds of any clock, always the same one. */
export class Bucket {
  readonly rate: Rate;
  #tokens: number;
  #updated: number;

  constructor(rate: Rate, now: number) {
    this.rate = rate;
    this.#tokens = rate.burst;
    this.#updated = now;
  }

  /** False when there is none left. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether one could be taken. */
  has(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= 1;
  }

  /** Nothing was taken for so long that it is as a new one. */
  isFull(now: number): boolean {
    this.#refill(now);
    return this.#tokens === this.rate.burst;
  }

  /** Whole seconds until one can be taken, 1 at least. */
  secondsToWait(now: number): number {
    this.#refill(now);
    return Math.max(1, Math.ceil((1 - this.#tokens) / this.rate.perSecond));
  }

  #refill(now: number): void {
    // Nobody pays for a clock that is set back.
    const gained = (Math.max(0, now - this.#updated) / 1000) * this.rate.perSecond;
    this.#updated = now;
    this.#tokens = Math.min(this.rate.burst, this.#tokens + gained);
  }
}
