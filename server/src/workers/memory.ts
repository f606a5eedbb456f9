import { capacityCounters } from '../transport/capacity.ts';

/** Counters that all workers of a server share, as memory. */
export interface SharedMemory {
  /** Connections, as `Capacity` counts them. */
  readonly taken: Int32Array;
  /** The last connection's number. */
  readonly serial: BigInt64Array;
}

export function shareMemory(): SharedMemory {
  return {
    taken: shareCounters(),
    serial: new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)),
  };
}

/** Counters of one worker's own connections. */
export function shareCounters(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(capacityCounters * Int32Array.BYTES_PER_ELEMENT));
}

/** Numbers connections in the order of their coming, on whichever worker. */
export function serials({ serial }: SharedMemory): () => number {
  return () => Number(Atomics.add(serial, 0, 1n)) + 1;
}
