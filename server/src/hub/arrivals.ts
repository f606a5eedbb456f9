/** The clock is looked at for one message of so many. */
const step = 64;

/**
 * When the messages of a queue came. For the cost of one look at the clock per `step` messages, a message counts as
 * having come when the first of its step did.
 */
export class Arrivals {
  /** By step; the first entry is that of the queue's head. */
  readonly #times: number[] = [];
  /** Places of the queue's head and end, counted from the first entry's first message. */
  #head = 0;
  #end = 0;

  /** A message joined the queue. */
  came(): void {
    if (this.#end++ % step === 0) this.#times.push(performance.now());
  }

  /** The first `count` messages leave. Returns when the first of them came. */
  leave(count: number): number {
    const first = this.#times[0] ?? 0;
    this.#head += count;
    if (this.#head >= this.#end) {
      this.#head = 0;
      this.#end = 0;
      this.#times.length = 0;
      return first;
    }
    const gone = Math.floor(this.#head / step);
    this.#times.splice(0, gone);
    this.#head -= gone * step;
    this.#end -= gone * step;
    return first;
  }
}
