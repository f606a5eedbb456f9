import type { Principal } from '../access/principal.ts';
import type { IssuedTicket } from '../access/tickets.ts';
import type { ActivityPoint } from '../hub/activity.ts';
import type { NameQuery } from '../hub/names.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { BookService, EntryService, Totals } from './book-service.ts';
import type { Books } from './books.ts';
import type { EngineHost } from './engine-host.ts';
import type { WorkerQueries } from './worker-service.ts';

/** What there is to be read. */
export interface BookParts {
  readonly books: Books;
  readonly host: EngineHost;
  readonly crew: () => Pick<Totals, 'workers' | 'restarts' | 'faults'>;
  readonly ask: (query: keyof WorkerQueries, given: readonly unknown[]) => Promise<unknown[]>;
  readonly metrics: () => Promise<MetricsSnapshot[]>;
}

/** Where all workers read the books. */
export class BookDesk implements Omit<BookService, keyof EntryService> {
  readonly #parts: BookParts;

  constructor(parts: BookParts) {
    this.#parts = parts;
  }

  issueTicket(principal: Principal): IssuedTicket {
    return this.#parts.books.tickets.issue(principal);
  }

  redeemTicket(ticket: string): Principal | null {
    return this.#parts.books.tickets.redeem(ticket);
  }

  occupied(): string[] {
    return [...this.#parts.books.occupied.names()];
  }

  totals(): Totals {
    const { books, host, crew } = this.#parts;
    const { users } = books;
    return {
      users: { websocket: users.size('websocket'), sse: users.size('sse') },
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

  metrics(): Promise<MetricsSnapshot[]> {
    return this.#parts.metrics();
  }
}
