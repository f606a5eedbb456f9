/** Milliseconds between two turns that count, however long they were: nobody was listened to in the rest of them. */
const longestTurn = 1_000;
/** Lapses that are remembered. */
const remembered = 64;

interface Lapse {
  readonly from: number;
  readonly to: number;
}

/**
 * The times in which this thread served nobody: its process was stopped, the machine slept or was copied, its event
 * loop was blocked. A client's silence is no silence while nobody listens. Times are monotonic milliseconds.
 */
export class Lapses {
  readonly #lapses: Lapse[] = [];
  #turned: number;

  constructor(now: number) {
    this.#turned = now;
  }

  /** To be called several times a second. True when the last call was too long ago. */
  turned(now: number): boolean {
    const from = this.#turned + longestTurn;
    this.#turned = now;
    if (now <= from) return false;
    this.#lapses.push({ from, to: now });
    if (this.#lapses.length > remembered) this.#lapses.shift();
    return true;
  }

  /** How much of the time between these two was none of a lapse, the running one included. */
  attended(since: number, now: number): number {
    let ms = now - since - overlap(since, now, this.#turned + longestTurn, now);
    for (const { from, to } of this.#lapses) ms -= overlap(since, now, from, to);
    return Math.max(0, ms);
  }
}

function overlap(since: number, now: number, from: number, to: number): number {
  return Math.max(0, Math.min(now, to) - Math.max(since, from));
}
