import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly period: number;
  readonly run: () => void;
  /** By the monotonic time, as real timers are. */
  due: number;
}

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  /** Unlike any Unix time, so that who takes one for the other is found out. */
  #elapsed = 1_000_000;
  /** Between the monotonic and the wall clock. */
  #apart: number;
  readonly #timers = new Set<Timer>();

  constructor(start = 1_700_000_000_000) {
    this.#apart = start - this.#elapsed;
  }

  /** Timers that run: 0 once everything that took one has been closed. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#elapsed + this.#apart;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  every(ms: number, run: () => void): () => void {
    // Like setInterval, never faster than each millisecond; else `advance` would not come to an end.
    const period = Math.max(1, ms);
    const timer: Timer = { period, run, due: this.#elapsed + period };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Moves time on, and on the way runs every timer that falls due, each at its own time and in the order of time. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#elapsed = timer.due;
      timer.due += timer.period;
      timer.run();
    }
    this.#elapsed = end;
  }

  /** Sets the wall clock forwards or back by so much, as a correction of the system's time does. No timer runs. */
  step(ms: number): void {
    this.#apart += ms;
  }

  /**
   * Time passes in which the process does nothing, as when it was stopped or its event loop was blocked: every timer
   * that fell due runs once, late.
   */
  stall(ms: number): void {
    this.#elapsed += ms;
    for (const timer of [...this.#timers]) {
      if (timer.due > this.#elapsed || !this.#timers.has(timer)) continue;
      timer.due = this.#elapsed + timer.period;
      timer.run();
    }
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}
