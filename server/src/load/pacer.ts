import { percentile } from './journal.ts';

/** Timers are up to this late, milliseconds: what remains is waited for turn by turn. */
const TIMER_SLACK_MS = 1.5;

/** An open loop: the n-th call is due n intervals after the start and is made then, whatever has come of the others. */
export class Pacer {
  readonly #intervalMs: number;
  readonly #send: (due: number, index: number) => void;
  #startedAt = 0;
  #sent = 0;
  #isStopped = false;
  #lateness: number[] = [];

  constructor(perSecond: number, send: (due: number, index: number) => void) {
    this.#intervalMs = 1000 / perSecond;
    this.#send = send;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#go();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Forgets how late it was so far. */
  restart(): void {
    this.#lateness = [];
  }

  /** How late it was itself: the 99th percentile, milliseconds. */
  lateness(): number {
    return percentile(Float64Array.from(this.#lateness).sort(), 0.99);
  }

  /** Sends all that is due, and sees to it that the next is. */
  #go(): void {
    if (this.#isStopped) return;
    for (let due = this.#due(); due <= performance.now(); due = this.#due()) {
      this.#send(due, this.#sent++);
      this.#lateness.push(performance.now() - due);
    }
    const wait = this.#due() - performance.now() - TIMER_SLACK_MS;
    if (wait >= 1) setTimeout(() => this.#go(), wait);
    else setImmediate(() => this.#go());
  }

  #due(): number {
    return this.#startedAt + this.#sent * this.#intervalMs;
  }
}
