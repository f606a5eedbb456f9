import type { Claim, Entered } from '../access/limits/counts.ts';
import type { EntryService } from './book-service.ts';
import type { Books } from './books.ts';
import { Tally } from './tally.ts';

/** Where one worker enters in the books what it has: taken out when it is gone without a word. */
export class Entries implements EntryService {
  readonly #books: Books;
  readonly #places = new Tally();
  readonly #clients = new Map<string, { room: string; clientId: string; holder: string }>();
  readonly #counts = new Tally();
  readonly #occupied = new Tally();
  readonly #users = new Tally();

  constructor(books: Books) {
    this.#books = books;
  }

  takePlace(room: string, holder: string, clientId?: string): boolean {
    const entered = this.#books.places.enter(room, holder, clientId);
    if (entered) this.#places.add(holder, room);
    return entered;
  }

  leavePlace(room: string, holder: string): void {
    if (this.#places.take(holder, room)) this.#books.places.leave(room, holder);
  }

  claimClient(room: string, clientId: string, holder: string): void {
    this.#clients.set(`${room}\n${holder}`, { room, clientId, holder });
    this.#books.places.claim(room, clientId, holder);
  }

  releaseClient(room: string, clientId: string, holder: string): void {
    this.#clients.delete(`${room}\n${holder}`);
    this.#books.places.release(room, clientId, holder);
  }

  enterCounts(claims: readonly Claim[]): Entered {
    const entered = this.#books.counts.enter(claims);
    if (entered === null) for (const { key } of claims) this.#counts.add(key, '');
    return entered;
  }

  leaveCounts(keys: readonly string[]): void {
    this.#books.counts.leave(keys.filter((key) => this.#counts.take(key, '')));
  }

  occupy(room: string): void {
    this.#occupied.add(room, '');
    this.#books.occupied.enter(room);
  }

  vacate(room: string): void {
    if (this.#occupied.take(room, '')) this.#books.occupied.leave(room);
  }

  user(transport: string, user: string, here: boolean): void {
    if (here) {
      this.#users.add(transport, user);
      this.#books.users.add(transport, user);
    } else if (this.#users.take(transport, user)) this.#books.users.take(transport, user);
  }

  /** The worker is gone: nothing that it entered stays. */
  release(): void {
    const { places, occupied } = this.#books;
    for (const { room, clientId, holder } of this.#clients.values()) places.release(room, clientId, holder);
    this.#clients.clear();
    for (const [holder, room] of this.#places.drain()) places.leave(room, holder);
    this.#books.counts.leave([...this.#counts.drain()].map(([key]) => key));
    for (const [room] of this.#occupied.drain()) occupied.leave(room);
    for (const [transport, user] of this.#users.drain()) this.#books.users.take(transport, user);
  }
}
