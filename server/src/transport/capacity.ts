import { FanwireError } from '../errors.ts';

export type TransportName = 'websocket' | 'sse';

/** Most connections of the server, together and by transport. */
export interface CapacityLimits {
  readonly connections: number;
  readonly websocket: number;
  readonly sse: number;
}

/** Counts connections against the server's limits. */
export class Capacity {
  readonly limits: CapacityLimits;
  readonly #taken = { websocket: 0, sse: 0 };
  #closed = false;

  constructor(limits: CapacityLimits) {
    this.limits = limits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  count(transport: TransportName): number {
    return this.#taken[transport];
  }

  /** Throws `server_full` when there is no place, or when the server is closing. */
  check(transport: TransportName): void {
    const total = this.#taken.websocket + this.#taken.sse;
    if (this.#closed) throw new FanwireError('server_full', 'the server is closing; try again in a moment');
    if (total >= this.limits.connections || this.#taken[transport] >= this.limits[transport]) {
      throw new FanwireError('server_full', 'the server has its maximum of connections; try again later');
    }
  }

  take(transport: TransportName): void {
    this.#taken[transport]++;
  }

  free(transport: TransportName): void {
    this.#taken[transport]--;
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true;
  }
}
