/** How many messages may be published between one message's publishing and its receipt. */
const REMEMBERED = 1 << 20;
const MOST_SAMPLES = 1 << 20;

/** Numbers the messages of a run, remembers when each was published and by whom, and gathers latencies. */
export class Journal {
  published = 0;
  readonly #times = new Float64Array(REMEMBERED);
  readonly #publishers = new Uint16Array(REMEMBERED);
  #first = 0;
  #samples: number[] = [];

  /** The number for a message that `publisher` is about to send. Its latency counts from `at`. */
  publish(publisher: number, at = performance.now()): number {
    const sequence = this.published++;
    this.#times[sequence % REMEMBERED] = at;
    this.#publishers[sequence % REMEMBERED] = publisher;
    return sequence;
  }

  publisherOf(sequence: number): number | undefined {
    return this.#publishers[sequence % REMEMBERED];
  }

  received(sequence: number): void {
    const time = this.#times[sequence % REMEMBERED];
    const isRemembered = sequence > this.published - REMEMBERED;
    if (time === undefined || !isRemembered || sequence < this.#first || this.#samples.length >= MOST_SAMPLES)
      return;
    this.#samples.push(performance.now() - time);
  }

  /** Forgets the latencies so far, and those of all messages published so far. */
  restart(): void {
    this.#first = this.published;
    this.#samples = [];
  }

  /** Latencies of what was published since the last restart, milliseconds, sorted. */
  latencies(): Float64Array {
    return Float64Array.from(this.#samples).sort();
  }
}

/** The value that `share` (0 to 1) of the sorted values do not exceed; 0 where there is none. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
