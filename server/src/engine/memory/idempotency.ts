import type { Receipt } from '../engine.ts';

type Generation = Map<string, Map<string, Receipt>>;

/**
 * The first receipt of every keyed id, for the idempotency window. Two generations, turned once a window: an id
 * lives through one whole turn at least, and is let go together with its generation, so nothing is ever scanned.
 */
export class Idempotency {
  readonly #window: number;
  #current: Generation = new Map();
  #previous: Generation = new Map();
  #started: number;

  constructor(window: number, now: number) {
    this.#window = window;
    this.#started = now;
  }

  /** To be called before every batch, and now and then when there are none. */
  turn(now: number): void {
    if (now < this.#started) {
      // The clock was set back: wait for a whole window of the new time.
      this.#started = now;
    } else if (now - this.#started >= this.#window) {
      this.#previous = this.#current;
      this.#current = new Map();
      this.#started = now;
    }
  }

  find(channel: string, id: string, now: number): Receipt | undefined {
    // What is in the current generation came since it began, less than a window ago. Without a window that is
    // this very batch, in which ids count all the same.
    const current = this.#current.get(channel)?.get(id);
    if (current !== undefined) return current;
    const previous = this.#previous.get(channel)?.get(id);
    return previous !== undefined && previous.time > now - this.#window ? previous : undefined;
  }

  add(receipt: Receipt): void {
    let ids = this.#current.get(receipt.channel);
    if (ids === undefined) {
      ids = new Map();
      this.#current.set(receipt.channel, ids);
    }
    ids.set(receipt.id, receipt);
  }

  clear(): void {
    this.#current.clear();
    this.#previous.clear();
  }
}
