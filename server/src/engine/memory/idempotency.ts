import type { Draft, Receipt } from '../engine.ts';

type Keyed = Pick<Draft, 'channel' | 'space' | 'id'>;
/** By channel, then by space and id. */
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

  find({ channel, space, id }: Keyed, now: number): Receipt | undefined {
    const key = keyOf(space, id);
    // What is in the current generation came since it began, less than a window ago. Without a window that is
    // this very batch, in which ids count all the same.
    const current = this.#current.get(channel)?.get(key);
    if (current !== undefined) return current;
    const previous = this.#previous.get(channel)?.get(key);
    return previous !== undefined && previous.time > now - this.#window ? previous : undefined;
  }

  add(receipt: Receipt, space: string): void {
    let ids = this.#current.get(receipt.channel);
    if (ids === undefined) {
      ids = new Map();
      this.#current.set(receipt.channel, ids);
    }
    ids.set(keyOf(space, receipt.id), receipt);
  }

  clear(): void {
    this.#current.clear();
    this.#previous.clear();
  }
}

/** No two pairs have the same one, whatever characters are in them. */
function keyOf(space: string, id: string): string {
  return `${space.length}:${space}${id}`;
}
