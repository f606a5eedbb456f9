/** Something that wants to be called at about a time that it names itself. */
export interface Sleeper {
  /** Does what is due and returns when it wants to be called again, by the same clock; Infinity for never. */
  wake(now: number): number;
  /** Kept by the slots that it sleeps in. */
  due: number;
  slot: number;
  index: number;
}

const slots = 512;
/** Milliseconds. */
export const slotMs = 200;

/** A hashed wheel (Varghese and Lauck, 1987), turned from outside. Wakes at most one slot (200 ms) late. */
export class Slots {
  readonly #report: (thrown: unknown) => void;
  readonly #slots: Sleeper[][] = Array.from({ length: slots }, () => []);
  #turned: number;

  constructor(now: number, report: (thrown: unknown) => void) {
    this.#report = report;
    this.#turned = slotOf(now);
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

  /** Wakes everybody who is due. */
  turn(now: number): void {
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
