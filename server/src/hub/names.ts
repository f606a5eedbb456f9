/** Names in one bucket: a removal or an insertion moves half of them at most. */
const bucketSize = 512;

/** What a page of names is asked by. */
export interface NameQuery {
  /** Only names that begin with it. */
  readonly prefix: string;
  /** Only names behind it. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * A set of names that is always in order, by their UTF-8 bytes: a page costs the names that it has, wherever it
 * begins. Kept as a list of sorted buckets, each behind the one before.
 */
export class Names {
  readonly #buckets: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adding a name that is there already changes nothing. */
  add(name: string): void {
    const at = this.#bucketOf(name);
    const bucket = this.#buckets[at];
    if (!bucket) {
      this.#buckets.push([name]);
      this.#size++;
      return;
    }
    const place = seek(bucket, name);
    if (bucket[place] === name) return;
    bucket.splice(place, 0, name);
    this.#size++;
    if (bucket.length > bucketSize) this.#buckets.splice(at + 1, 0, bucket.splice(bucketSize >>> 1));
  }

  remove(name: string): void {
    const at = this.#bucketOf(name);
    const bucket = this.#buckets[at];
    if (!bucket) return;
    const place = seek(bucket, name);
    if (bucket[place] !== name) return;
    bucket.splice(place, 1);
    this.#size--;
    if (bucket.length === 0) this.#buckets.splice(at, 1);
  }

  page({ prefix, after, limit }: NameQuery): string[] {
    const page: string[] = [];
    const from = after === undefined || compareNames(after, prefix) < 0 ? prefix : after;
    for (let at = this.#bucketOf(from); at < this.#buckets.length; at++) {
      const bucket = this.#buckets[at] ?? [];
      for (let place = page.length === 0 ? seek(bucket, from) : 0; place < bucket.length; place++) {
        const name = bucket[place] ?? '';
        if (name === after) continue;
        if (page.length >= limit || !name.startsWith(prefix)) return page;
        page.push(name);
      }
    }
    return page;
  }

  /** The last bucket whose first name is not behind this one; the first bucket if all are. */
  #bucketOf(name: string): number {
    let low = 0;
    let high = this.#buckets.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (compareNames(this.#buckets[middle]?.[0] ?? '', name) <= 0) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Two sorted lists as one, each name once. */
export function mergeNames(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set([...one, ...other])].sort(compareNames);
}

/** The order of the names' UTF-8 bytes, which is that of their code points, without making the bytes. */
export function compareNames(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const left = one.charCodeAt(at);
    const right = other.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return one.length - other.length;
}

/** Surrogates stand for code points behind all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x2800 : unit;
}

/** The first place whose name is this one or behind it. */
function seek(bucket: readonly string[], name: string): number {
  let low = 0;
  let high = bucket.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareNames(bucket[middle] ?? '', name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
