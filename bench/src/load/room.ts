import type { Client } from '../../../server/src/load/client.ts';
import { Witness } from '../../../server/src/load/crowd.ts';
import type { Journal } from '../../../server/src/load/journal.ts';
import type { PublishedFrame } from '../../../server/src/load/published-frame.ts';

/** What a room needs to know and to tell. */
export interface RoomSurroundings {
  readonly journal: Journal;
  /** The publisher got one of its own messages. */
  returned(): void;
}

/** The members of one room. The last to subscribe publishes; a message is back when that one has got it. */
export class Room {
  readonly clients: readonly Client[];
  readonly publisher: Client;
  /** Of the deliveries to witnesses those of another room's messages. */
  astray = 0;
  readonly #index: number;
  readonly #journal: Journal;
  readonly #frame: PublishedFrame;
  /** Those whose every delivery is looked at. */
  readonly #witnesses = new Map<Client, Witness>();
  #published = 0;
  #unwritten: number[] = [];

  /** `frame` publishes in this room. The publisher is a witness, and, where `isSampled`, the first member. */
  constructor(
    clients: readonly [Client, ...Client[]],
    index: number,
    frame: PublishedFrame,
    { journal, returned }: RoomSurroundings,
    isSampled: boolean,
  ) {
    this.clients = clients;
    this.publisher = clients.at(-1) ?? clients[0];
    this.#index = index;
    this.#journal = journal;
    this.#frame = frame;
    if (isSampled) this.#witness(clients[0], () => {});
    this.#witness(this.publisher, returned);
  }

  /** Publishes one more message, at the next `flush`. Its latency counts from `at`. @default now */
  publish(at?: number): void {
    this.#unwritten.push(this.#journal.publish(this.#index, at));
    this.#published++;
  }

  /** Writes what was published since the last flush. */
  flush(): void {
    this.publisher.write(this.#frame.of(this.#unwritten));
    this.#unwritten = [];
  }

  /** Why it can publish no more, or null. */
  get failure(): string | null {
    return this.publisher.complaint ?? this.publisher.closed;
  }

  /** Whether all open witnesses saw the same messages in the same order. */
  get sameOrder(): boolean {
    const open = [...this.#witnesses.values()].filter(({ subscriber }) => subscriber.closed === null);
    return new Set(open.map(({ orderHash }) => orderHash)).size <= 1;
  }

  /** Messages of the room that each open connection has yet to get: below 0 where too many came. */
  missing(): number[] {
    const open = this.clients.filter((client) => client.closed === null);
    return open.map((client) => this.#published - this.#deliveriesTo(client));
  }

  deliveries(): number {
    return this.clients.reduce((sum, client) => sum + this.#deliveriesTo(client), 0);
  }

  #witness(client: Client, onOwn: () => void): void {
    const witness = new Witness(client, this.#journal, (sequence) => {
      if (this.#journal.publisherOf(sequence) === this.#index) onOwn();
      else this.astray++;
    });
    this.#witnesses.set(client, witness);
  }

  #deliveriesTo(client: Client): number {
    return client.counted + (this.#witnesses.get(client)?.seen ?? 0);
  }
}
