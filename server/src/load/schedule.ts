import type { Client } from './client.ts';
import type { Crowd } from './crowd.ts';
import { type Driver, failureOf } from './drive.ts';
import { Pacer } from './pacer.ts';
import type { PublishedFrame } from './published-frame.ts';

/**
 * Messages at a fixed rate. The journal notes when each was due, so that a server that makes others wait behind one
 * message pays for all of them.
 */
export class Schedule implements Driver {
  readonly #clients: readonly Client[];
  readonly #pacer: Pacer;

  /** The clients take turns. */
  constructor(clients: readonly Client[], crowd: Crowd, perSecond: number, frame: PublishedFrame) {
    this.#clients = clients;
    for (const client of clients) crowd.watch(client);
    this.#pacer = new Pacer(perSecond, (due, index) => {
      const place = index % clients.length;
      clients[place]?.write(frame.of([crowd.journal.publish(place, due)]));
    });
  }

  start(): void {
    this.#pacer.start();
  }

  stop(): void {
    this.#pacer.stop();
  }

  restart(): void {
    this.#pacer.restart();
  }

  failure(): string | null {
    return failureOf(this.#clients);
  }

  lateness(): number {
    return this.#pacer.lateness();
  }
}
