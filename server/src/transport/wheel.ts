import type { Clock } from '../clock.ts';
import { Lapses } from './lapses.ts';
import { type Sleeper, Slots, slotMs } from './slots.ts';

export type { Sleeper } from './slots.ts';

/**
 * One timer for everything that the connections of a node do by time: pings, pongs and idle limits by the monotonic
 * clock, expiries by the wall clock, however that is set. Wakes at most one slot (200 ms) late.
 */
export class Wheel {
  readonly #clock: Clock;
  readonly #spans: Slots;
  readonly #dates: Slots;
  readonly #lapses: Lapses;
  readonly #stop: () => void;
  #listening = false;

  constructor(clock: Clock, report: (thrown: unknown) => void) {
    this.#clock = clock;
    this.#spans = new Slots(clock.monotonic(), report);
    this.#dates = new Slots(clock.now(), report);
    this.#lapses = new Lapses(clock.monotonic());
    this.#stop = clock.every(slotMs, () => this.turn());
  }

  /** To be woken at this monotonic time. */
  add(sleeper: Sleeper, due: number): void {
    this.#spans.add(sleeper, due);
  }

  /** To be woken at this Unix time. */
  addDated(sleeper: Sleeper, due: number): void {
    this.#dates.add(sleeper, due);
  }

  remove(sleeper: Sleeper): void {
    this.#spans.remove(sleeper);
    this.#dates.remove(sleeper);
  }

  /** Asks a sleeper with a monotonic time again at once, because what it waits for has changed. */
  rouse(sleeper: Sleeper): void {
    this.remove(sleeper);
    this.add(sleeper, this.#clock.monotonic());
  }

  /** Milliseconds since this monotonic time in which the node could hear its clients: what it slept through is none. */
  attended(since: number): number {
    return this.#lapses.attended(since, this.#clock.monotonic());
  }

  close(): void {
    this.#stop();
  }

  /**
   * Wakes everybody who is due. After a lapse the sockets are read first, once: what came meanwhile waits in the
   * kernel, and nobody may be judged by a silence that was none.
   */
  turn(): void {
    this.#dates.turn(this.#clock.now());
    if (this.#lapses.turned(this.#clock.monotonic())) this.#listen();
    else if (!this.#listening) this.#turnSpans();
  }

  /** Between two immediates is a whole poll phase, in which every socket that has something is read. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    setImmediate(() =>
      setImmediate(() => {
        this.#listening = false;
        this.#turnSpans();
      }),
    );
  }

  #turnSpans(): void {
    this.#spans.turn(this.#clock.monotonic());
  }
}
