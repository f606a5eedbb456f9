import type { Client } from './client.ts';
import type { Crowd } from './crowd.ts';
import { type Driver, failureOf } from './drive.ts';
import { type Journal, percentile } from './journal.ts';
import type { PublishedFrame } from './published-frame.ts';

/** Timers are up to this late, milliseconds: what remains is waited for turn by turn. */
const TIMER_SLACK_MS = 1.5;

/**
 * An open loop: the n-th message is due n intervals after the start and is sent then, whatever has come back. The
 * journal notes when it was due, so that a server that makes others wait behind one message pays for all of them.
 */
export class Schedule implements Driver {
  readonly #clients: readonly Client[];
  readonly #journal: Journal;
  readonly #intervalMs: number;
  readonly #frame: PublishedFrame;
  #startedAt = 0;
  #sent = 0;
  #isStopped = false;
  #lateness: number[] = [];

  /** The clients take turns. */
  constructor(clients: readonly Client[], crowd: Crowd, perSecond: number, frame: PublishedFrame) {
    this.#clients = clients;
    this.#journal = crowd.journal;
    for (const client of clients) crowd.watch(client);
    this.#intervalMs = 1000 / perSecond;
    this.#frame = frame;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#send();
  }

  stop(): void {
    this.#isStopped = true;
  }

  restart(): void {
    this.#lateness = [];
  }

  failure(): string | null {
    return failureOf(this.#clients);
  }

  lateness(): number {
    return percentile(Float64Array.from(this.#lateness).sort(), 0.99);
  }

  /** Sends all that is due, and sees to it that the next is. */
  #send(): void {
    if (this.#isStopped) return;
    for (let due = this.#due(); due <= performance.now(); due = this.#due()) this.#sendOne(due);
    const wait = this.#due() - performance.now() - TIMER_SLACK_MS;
    if (wait >= 1) setTimeout(() => this.#send(), wait);
    else setImmediate(() => this.#send());
  }

  #due(): number {
    return this.#startedAt + this.#sent * this.#intervalMs;
  }

  #sendOne(due: number): void {
    const index = this.#sent++ % this.#clients.length;
    const sequence = this.#journal.publish(index, due);
    this.#clients[index]?.write(this.#frame.of([sequence]));
    this.#lateness.push(performance.now() - due);
  }
}
