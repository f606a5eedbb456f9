/** Milliseconds of one turn of the event loop that work in the lane may take before the rest waits for the next. */
const budget = 4;

/**
 * Work that nobody waits for in real time, such as reading history: it takes a few milliseconds of each turn of the
 * event loop, first come, first served, so that however much of it is asked for, what is live goes on.
 */
export class Lane {
  #spent = 0;
  #turnAhead = false;
  readonly #waiting: (() => void)[] = [];

  /** Starts the work at once while there is time left in this turn, else when its turn has come. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#spent < budget) return this.#start(work);
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
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnAhead = false;
    this.#spent = 0;
    while (this.#waiting.length > 0 && this.#spent < budget) this.#waiting.shift()?.();
  };
}
