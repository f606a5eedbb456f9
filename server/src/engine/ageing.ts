import type { Clock } from '../clock.ts';

/** How much faster than time it goes while it is behind the wall clock. */
const catchingUp = 1.1;

/**
 * The time by which what is kept grows old. It is the wall clock's, as the times of messages are, but it never leaps
 * forwards: a clock that is set ahead, or a machine that slept, would make everything expire at once, the recovery
 * window of clients that are about to come back included, and the two cannot be told apart. After a leap it is behind,
 * and catches up by a tenth of the time that passes: so everything lives for nine tenths of its time at least, and too
 * long for a while. Set back, it goes back, too, or what is new would be old.
 */
export class Ageing {
  readonly #clock: Clock;
  #time: number;
  #read: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#time = clock.now();
    this.#read = clock.monotonic();
  }

  /** Unix milliseconds. */
  now(): number {
    const read = this.#clock.monotonic();
    const passed = read - this.#read;
    this.#read = read;
    this.#time = Math.min(this.#clock.now(), this.#time + passed * catchingUp);
    return Math.floor(this.#time);
  }
}
