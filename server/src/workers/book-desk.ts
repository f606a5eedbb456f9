import type { Principal } from '../access/principal.ts';
import type { IssuedTicket } from '../access/tickets.ts';
import type { ActivityPoint } from '../hub/activity.ts';
import type { NameQuery } from '../hub/names.ts';
import type { BookService, Totals } from './book-service.ts';
import type { Books } from './books.ts';
import type { EngineHost } from './engine-host.ts';
import { Entries } from './entries.ts';
import type { WorkerQueries } from './worker-service.ts';

/** What the desks of a server's workers have in common. */
export interface BookParts {
  readonly books: Books;
  readonly host: EngineHost;
  readonly crew: () => Pick<Totals, 'workers' | 'restarts' | 'faults'>;
  readonly ask: (query: keyof WorkerQueries, given: readonly unknown[]) => Promise<unknown[]>;
}

/** Where one worker reads and writes the books. */
export class BookDesk implements BookService {
  readonly #parts: BookParts;
  readonly #entries: Entries;

  constructor(parts: BookParts) {
    this.#parts = parts;
    this.#entries = new Entries(parts.books);
  }

  /** The worker is gone: nothing that it entered stays. */
  release(): void {
    this.#entries.release();
  }

  issueTicket(principal: Principal): IssuedTicket {
    return this.#parts.books.tickets.issue(principal);
  }

  redeemTicket(ticket: string): Principal | null {
    return this.#parts.books.tickets.redeem(ticket);
  }

  takePlace(room: string, holder: string, clientId?: string): boolean {
    return this.#entries.takePlace(room, holder, clientId);
  }

  leavePlace(room: string, holder: string): void {
    this.#entries.leavePlace(room, holder);
  }

  claimClient(room: string, clientId: string, holder: string): void {
    this.#entries.claimClient(room, clientId, holder);
  }

  releaseClient(room: string, clientId: string, holder: string): void {
    this.#entries.releaseClient(room, clientId, holder);
  }

  occupy(room: string): void {
    this.#entries.occupy(room);
  }

  vacate(room: string): void {
    this.#entries.vacate(room);
  }

  occupied(): string[] {
    return [...this.#parts.books.occupied.names()];
  }

  user(transport: string, user: string, here: boolean): void {
    this.#entries.user(transport, user, here);
  }

  totals(): Totals {
    const { books, host, crew } = this.#parts;
    const { users } = books;
    return {
      users: { websocket: users.count('websocket'), sse: users.count('sse') },
      channels: host.channels,
      ...crew(),
    };
  }

  liveNames(query: NameQuery): string[] {
    return this.#parts.host.names(query);
  }

  activity(minutes: number, channel: string | undefined, now: number): ActivityPoint[] {
    return this.#parts.books.activity.page(minutes, channel, now);
  }

  ask(query: keyof WorkerQueries, given: readonly unknown[]): Promise<unknown[]> {
    return this.#parts.ask(query, given);
  }
}
