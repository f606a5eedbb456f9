import { FanwireError } from '../errors.ts';

export type TransportName = 'websocket' | 'sse';

/** Most connections of the server, together and by transport. */
export interface CapacityLimits {
  readonly connections: number;
  readonly websocket: number;
  readonly sse: number;
}

/** Places of the counters: all connections, and those of each transport. */
const all = 0;
const places: Readonly<Record<TransportName, number>> = { websocket: 1, sse: 2 };
/** How many counters there are. */
export const capacityCounters = 3;

/**
 * Counts connections against the server's limits. The counters may be memory that several threads share: places are
 * taken in one atomic step, so that the limits hold exactly.
 */
export class Capacity {
  readonly limits: CapacityLimits;
  readonly #taken: Int32Array;
  /** The same for those that were taken here. */
  readonly #own: Int32Array;
  #closed = false;

  constructor(
    limits: CapacityLimits,
    taken: Int32Array = new Int32Array(capacityCounters),
    own: Int32Array = new Int32Array(capacityCounters),
  ) {
    this.limits = limits;
    this.#taken = taken;
    this.#own = own;
  }

  get closed(): boolean {
    return this.#closed;
  }

  count(transport: TransportName): number {
    return Atomics.load(this.#taken, places[transport]);
  }

  /** Whether there is any place at all. */
  hasRoom(transport: TransportName): boolean {
    return (
      this.#isBelow(all, this.limits.connections) && this.#isBelow(places[transport], this.limits[transport])
    );
  }

  /**
   * Takes a place, but for the last ones, the `reserved` share of all. Throws `server_full` when there is none, or when
   * the server is closing.
   */
  take(transport: TransportName, reserved = 0): void {
    if (this.#closed) throw closing();
    if (!this.#takeOne(transport, reserved)) throw full(reserved > 0 && this.hasRoom(transport));
    Atomics.add(this.#own, all, 1);
    Atomics.add(this.#own, places[transport], 1);
  }

  free(transport: TransportName): void {
    for (const counters of [this.#taken, this.#own]) {
      Atomics.sub(counters, places[transport], 1);
      Atomics.sub(counters, all, 1);
    }
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true;
  }

  #isBelow(at: number, limit: number): boolean {
    return Atomics.load(this.#taken, at) < limit;
  }

  #takeOne(transport: TransportName, reserved: number): boolean {
    const { connections, [transport]: limit } = this.limits;
    if (!addBelow(this.#taken, all, without(reserved, connections))) return false;
    if (addBelow(this.#taken, places[transport], without(reserved, limit))) return true;
    Atomics.sub(this.#taken, all, 1);
    return false;
  }
}

function full(isKeptBack: boolean): FanwireError {
  const text = isKeptBack
    ? 'the places that are left are kept for who signs in; do so, or try again later'
    : 'the server has its maximum of connections; try again later';
  return new FanwireError('server_full', text);
}

/** How many of so many are not reserved. */
function without(reserved: number, places: number): number {
  return places - Math.floor(places * reserved);
}

/** What somebody is told who comes while the server closes. */
export function closing(): FanwireError {
  return new FanwireError('server_full', 'the server is closing; try again in a moment');
}

/** Counts one more, unless there are as many as may be. */
function addBelow(counters: Int32Array, at: number, limit: number): boolean {
  let count = Atomics.load(counters, at);
  while (count < limit) {
    const found = Atomics.compareExchange(counters, at, count, count + 1);
    if (found === count) return true;
    count = found;
  }
  return false;
}

/** Gives back what was taken by somebody who is gone without a word. */
export function releaseTaken(taken: Int32Array, own: Int32Array): void {
  for (let at = 0; at < capacityCounters; at++) Atomics.sub(taken, at, Atomics.exchange(own, at, 0));
}
