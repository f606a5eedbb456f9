import type { Client } from './client.ts';
import type { Crowd } from './crowd.ts';
import { type Driver, failureOf } from './drive.ts';
import type { PublishedFrame } from './published-frame.ts';

/** Keeps its share of the window in flight: what it published and has not received back itself. */
class Publisher {
  readonly #client: Client;
  readonly #crowd: Crowd;
  readonly #index: number;
  readonly #share: number;
  readonly #frame: PublishedFrame;
  #inFlight = 0;
  #isStopped = false;

  constructor(client: Client, crowd: Crowd, index: number, share: number, frame: PublishedFrame) {
    this.#client = client;
    this.#crowd = crowd;
    this.#index = index;
    this.#share = share;
    this.#frame = frame;
    crowd.sample(client, (sequence) => {
      if (crowd.journal.publisherOf(sequence) === index) this.#inFlight--;
    });
    client.afterRead = () => this.fill();
  }

  /** Publishes in one write as many messages as the window has room for. */
  fill(): void {
    const room = this.#share - this.#inFlight;
    if (room <= 0 || this.#isStopped) return;
    const sequences = Array.from({ length: room }, () => this.#crowd.journal.publish(this.#index));
    this.#inFlight += room;
    this.#client.write(this.#frame.of(sequences));
  }

  stop(): void {
    this.#isStopped = true;
  }
}

/** A closed loop: so many messages in flight, shared out over the publishers, the next when one has come back. */
export class Window implements Driver {
  readonly #clients: readonly Client[];
  readonly #publishers: readonly Publisher[];

  constructor(clients: readonly Client[], crowd: Crowd, inFlight: number, frame: PublishedFrame) {
    this.#clients = clients;
    this.#publishers = clients.map((client, index) => {
      const share = Math.floor(inFlight / clients.length) + (index < inFlight % clients.length ? 1 : 0);
      return new Publisher(client, crowd, index, share, frame);
    });
  }

  start(): void {
    for (const publisher of this.#publishers) publisher.fill();
  }

  stop(): void {
    for (const publisher of this.#publishers) publisher.stop();
  }

  restart(): void {}

  failure(): string | null {
    return failureOf(this.#clients);
  }

  lateness(): null {
    return null;
  }
}
