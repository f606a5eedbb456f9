import type { Recipient } from './recipient.ts';

/**
 * Remembers which recipients have something to write, so that each is written to once: at the end of the tick, or
 * at the end of this turn of the event loop when no tick is under way.
 */
export class Flusher {
  #dirty: Recipient[] = [];
  #scheduled = false;

  mark(recipient: Recipient): void {
    this.#dirty.push(recipient);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  /** Writes everything that waits now. */
  flush(): void {
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    this.#dirty = [];
    for (const recipient of dirty) recipient.flush();
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}
