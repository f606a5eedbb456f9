import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  #elapsed = 1_000_000;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** In whole seconds, as tokens count. */
  get seconds(): number {
    return Math.floor(this.#now / 1000);
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#now += ms;
    this.#elapsed += ms;
  }

  /** The wall clock is set, forwards or back. */
  step(ms: number): void {
    this.#now += ms;
  }

  every(): () => void {
    throw new Error('nothing in access/ has a timer');
  }
}
