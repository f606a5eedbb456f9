import type { Hub } from '../hub/hub.ts';
import type { Capacity } from '../transport/capacity.ts';
import { Connection } from '../transport/connection.ts';
import type { Log } from '../transport/node.ts';
import type { Wheel } from '../transport/wheel.ts';

/** What clients come in by. */
export interface DrainDoor {
  /** Lets nobody in any more. Resolves when everybody has gone. */
  stop(): Promise<unknown>;
  /** Does not wait for them any longer. */
  cut(): void;
}

export interface DrainParts {
  readonly hub: Hub;
  readonly capacity: Capacity;
  readonly wheel: Wheel;
  /** Milliseconds that clients get to take what was sent to them. */
  readonly timeout: number;
  readonly log: Log;
  /** Called once the last connection has gone. */
  readonly ended: () => void;
}

/** How a server ends: nobody new, everything accepted is committed and delivered, then everybody is told to go. */
export class Drain {
  readonly door: DrainDoor;
  readonly #parts: DrainParts;
  #running: Promise<void> | null = null;

  constructor(door: DrainDoor, parts: DrainParts) {
    this.door = door;
    this.#parts = parts;
  }

  /** Idempotent. */
  run(): Promise<void> {
    this.#running ??= this.#drain();
    return this.#running;
  }

  async #drain(): Promise<void> {
    const { hub, capacity, wheel, timeout, log, ended } = this.#parts;
    log.info({ connections: hub.connections.size }, 'draining');
    capacity.close();
    await hub.settled();
    const told = [...hub.connections.all()].filter((recipient) => recipient instanceof Connection);
    for (const connection of told) connection.close('restart');
    const cut = setTimeout(() => {
      this.door.cut();
      // Node's HTTP server knows nothing any more of sockets that were upgraded.
      for (const connection of told) connection.cut();
    }, timeout);
    await this.door.stop();
    clearTimeout(cut);
    wheel.close();
    ended();
    await hub.close();
  }
}
