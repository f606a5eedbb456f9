import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly period: number;
  readonly run: () => void;
  due: number;
}

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  /** Timers that run: 0 once everything that took one has been closed. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  every(ms: number, run: () => void): () => void {
    // Like setInterval, never faster than each millisecond; else `advance` would not come to an end.
    const period = Math.max(1, ms);
    const timer: Timer = { period, run, due: this.#now + period };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /**
   * Moves time on, and on the way runs every timer that falls due, each at its own time and in the order of time.
   * A negative `ms` sets the clock back, as a correction of the system's time does, and runs nothing; timers keep
   * their distance, since real ones do not follow the system's time.
   */
  advance(ms: number): void {
    const end = this.#now + ms;
    if (ms < 0) for (const timer of this.#timers) timer.due += ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#now = timer.due;
      timer.due += timer.period;
      timer.run();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}
