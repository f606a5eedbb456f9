/** Milliseconds of one turn of the event loop that work in the lane may take before the rest waits for the next. */
const most = 4;
/** It is never less, so that the lane goes on however busy the server is. */
const least = 0.25;
/** A turn that takes longer than so many milliseconds is a long one. */
const longTurn = 10;

/**
 * Work that nobody waits for in real time, such as reading history: it takes a few milliseconds of each turn of the
 * event loop, first come, first served, so that however much of it is asked for, what is live goes on. What it begins
 * goes on outside of it, in encoding and writing: so after a long turn it begins less.
 */
export class Lane {
  #budget = most;
  #spent = 0;
  #turnAhead = false;
  #expectedSince = 0;
  readonly #waiting: (() => void)[] = [];

  /** Starts the work at once while there is time left in this turn, else when its turn has come. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#spent < this.#budget) return this.#start(work);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => this.#start(work).then(resolve, reject));
    });
  }

  #start<T>(work: () => Promise<T>): Promise<T> {
    this.#expectTurn();
    const began = performance.now();
    try {
      return work();
    } catch (thrown) {
      return Promise.reject(thrown);
    } finally {
      this.#spent += performance.now() - began;
    }
  }

  #expectTurn(): void {
    if (this.#turnAhead) return;
    this.#turnAhead = true;
    this.#expectedSince = performance.now();
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnAhead = false;
    this.#spent = 0;
    const isLong = performance.now() - this.#expectedSince > longTurn;
    this.#budget = isLong ? Math.max(least, this.#budget / 2) : Math.min(most, this.#budget * 1.5);
    while (this.#waiting.length > 0 && this.#spent < this.#budget) this.#waiting.shift()?.();
  };
}
