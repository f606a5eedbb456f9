import { Bucket, type Rate } from './bucket.ts';

/** What is held of one key by those that are connected under it. */
interface Entry {
  readonly bucket: Bucket;
  /** Connections that take from the bucket by themselves. */
  holders: number;
}

/** Buckets that nobody holds, at the most. */
const mostIdle = 65_536;
/** Entries looked at for each new one: more than one, so that idle ones go faster than new ones come. */
const lookedAt = 2;

/**
 * A bucket for each key: address or user. Keys come from outside and without end, so a bucket that is full again is
 * forgotten, since a new one would be the same. Should there be more all the same, those that were made first go: who
 * has so many addresses gains nothing by one more fresh bucket.
 */
export class Rates {
  readonly #rate: Rate;
  readonly #max: number;
  /** Those looked at last are last. */
  readonly #entries = new Map<string, Entry>();
  #held = 0;

  constructor(rate: Rate, max = mostIdle) {
    this.#rate = rate;
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The bucket of a key, for once. */
  bucket(key: string, now: number): Bucket {
    return this.#entry(key, now).bucket;
  }

  /** The bucket of a key from which something was taken not long ago. */
  known(key: string): Bucket | undefined {
    return this.#entries.get(key)?.bucket;
  }

  /** The bucket of a key for as long as it is not released. */
  hold(key: string, now: number): Bucket {
    const entry = this.#entry(key, now);
    if (entry.holders++ === 0) this.#held++;
    return entry.bucket;
  }

  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && --entry.holders === 0) this.#held--;
  }

  #entry(key: string, now: number): Entry {
    const known = this.#entries.get(key);
    if (known) return known;
    this.#forget(now);
    const entry = { bucket: new Bucket(this.#rate, now), holders: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #forget(now: number): void {
    const crowded = this.#entries.size - this.#held >= this.#max;
    let looked = 0;
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      const idle = entry.holders === 0 && (crowded || entry.bucket.isFull(now));
      if (!idle) this.#entries.set(key, entry);
      if (++looked === lookedAt) return;
    }
  }
}
