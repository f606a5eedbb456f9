/** The share of the time that writing to crowds may take before their messages wait for company. */
const busy = 0.5;
/** Milliseconds over which that share is taken. */
const memory = 250;
/** How long a message waits at most, in milliseconds and in intervals between two of its channel. */
const longest = 20;
const intervals = 1.5;
/** New figures count so much, against all that were before. */
const weight = 0.25;
/** After waiting in vain so often in a row, the next 2 to that power batches do not wait. */
const mostVain = 8;

/** How often messages come to the crowd of a channel, and whether it helps to wait for them. */
class Rhythm {
  #last = Number.NEGATIVE_INFINITY;
  #interval = Number.POSITIVE_INFINITY;
  #vain = 0;
  #skip = 0;

  beat(now: number): void {
    const interval = now - this.#last;
    const known = Number.isFinite(this.#interval) && Number.isFinite(interval);
    this.#interval = known ? this.#interval + weight * (interval - this.#interval) : interval;
    this.#last = now;
  }

  /** To be called for each batch: milliseconds within which another is to be expected; 0 when it is not worth waiting. */
  patience(): number {
    const patience = intervals * this.#interval;
    if (patience > longest) return 0;
    if (this.#skip === 0) return patience;
    this.#skip--;
    return 0;
  }

  waited(inVain: boolean): void {
    this.#vain = inVain ? Math.min(this.#vain + 1, mostVain) : 0;
    this.#skip = inVain ? 2 ** this.#vain : 0;
  }
}

/**
 * Decides how long a message for a crowd may wait for the next one, with which it can share a write. While there is
 * time for writing each by itself none waits. Once that would take half of all time, sharing writes makes room for
 * everybody else.
 */
export class Pace {
  /** Milliseconds of one write, as they were lately. */
  #cost = 0;
  /** The share of the time that it would take to write each batch by itself. */
  #demand = 0;
  #at = 0;
  readonly #rhythms = new WeakMap<object, Rhythm>();

  /** A batch came for so many recipients: milliseconds for which it may wait. Times are those of `performance.now()`. */
  came(channel: object, recipients: number, now: number): number {
    const rhythm = this.#rhythm(channel);
    rhythm.beat(now);
    const faded = this.#demand * Math.exp((this.#at - now) / memory);
    this.#demand = faded + (recipients * this.#cost) / memory;
    this.#at = now;
    return this.#demand < busy ? 0 : rhythm.patience();
  }

  /** A round of so many writes took so many milliseconds. */
  wrote(writes: number, ms: number): void {
    if (writes > 0) this.#cost += weight * (ms / writes - this.#cost);
  }

  /** Whether nothing came while a batch of the channel waited. */
  waited(channel: object, inVain: boolean): void {
    this.#rhythm(channel).waited(inVain);
  }

  #rhythm(channel: object): Rhythm {
    let rhythm = this.#rhythms.get(channel);
    if (!rhythm) {
      rhythm = new Rhythm();
      this.#rhythms.set(channel, rhythm);
    }
    return rhythm;
  }
}
