import type { Clock } from '../clock.ts';

/** Something that wants to be called at about a time that it names itself. */
export interface Sleeper {
  /** Does what is due and returns the Unix milliseconds at which it wants to be called again. */
  wake(now: number): number;
  /** Kept by the wheel. */
  due: number;
  slot: number;
  index: number;
}

const slots = 512;
const slotMs = 200;

/**
 * One timer for all pings, pongs, idle limits and expiries of a node: a hashed wheel (Varghese and Lauck, 1987).
 * Wakes at most one slot (200 ms) late.
 */
export class Wheel {
  readonly #clock: Clock;
  readonly #report: (thrown: unknown) => void;
  readonly #slots: Sleeper[][] = Array.from({ length: slots }, () => []);
  readonly #stop: () => void;
  #turned: number;

  constructor(clock: Clock, report: (thrown: unknown) => void) {
    this.#clock = clock;
    this.#report = report;
    this.#turned = slotOf(clock.now());
    this.#stop = clock.every(slotMs, () => this.turn());
  }

  add(sleeper: Sleeper, due: number): void {
    sleeper.due = due;
    sleeper.slot = Math.max(slotOf(due), this.#turned + 1) % slots;
    const slot = this.#slots[sleeper.slot];
    if (slot) sleeper.index = slot.push(sleeper) - 1;
  }

  remove(sleeper: Sleeper): void {
    const slot = this.#slots[sleeper.slot];
    if (slot?.[sleeper.index] !== sleeper) return;
    const last = slot.pop();
    if (!last || last === sleeper) return;
    slot[sleeper.index] = last;
    last.index = sleeper.index;
  }

  /** Asks the sleeper again at once, because what it waits for has changed. */
  rouse(sleeper: Sleeper): void {
    this.remove(sleeper);
    this.add(sleeper, this.#clock.now());
  }

  close(): void {
    this.#stop();
  }

  /** Wakes everybody who is due. */
  turn(): void {
    const now = this.#clock.now();
    const target = slotOf(now);
    const first = Math.max(this.#turned + 1, target - slots + 1);
    // Also when the clock was set back: else nobody who comes would be woken until it has caught up.
    this.#turned = target;
    for (let slot = first; slot <= target; slot++) this.#empty(slot % slots, now);
  }

  #empty(place: number, now: number): void {
    const sleepers = this.#slots[place];
    if (!sleepers || sleepers.length === 0) return;
    this.#slots[place] = [];
    for (const sleeper of sleepers) {
      sleeper.slot = -1;
      if (sleeper.due > now) this.add(sleeper, sleeper.due);
      else this.#wake(sleeper, now);
    }
  }

  #wake(sleeper: Sleeper, now: number): void {
    try {
      const due = sleeper.wake(now);
      if (due !== Number.POSITIVE_INFINITY) this.add(sleeper, Math.max(due, now + 1));
    } catch (thrown) {
      this.#report(thrown);
      this.add(sleeper, now + 1000);
    }
  }
}

function slotOf(time: number): number {
  return Math.floor(time / slotMs);
}
