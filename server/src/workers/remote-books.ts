import type { Claim, Counts, Entered } from '../access/limits/counts.ts';
import type { Principal } from '../access/principal.ts';
import type { IssuedTicket, TicketBook } from '../access/tickets.ts';
import type { OccupiedRooms } from '../dialect/chat/rooms.ts';
import type { RelayPlaces, ReplacedListener } from '../dialect/relay/places.ts';
import type { ActivityBook, ActivityPoint } from '../hub/activity.ts';
import type { BookService } from './book-service.ts';
import type { Line } from './line.ts';

type BookLine = Line<BookService>;

/** The connections of the whole server, by address and by user. */
export class RemoteCounts implements Counts {
  readonly #line: BookLine;

  constructor(line: BookLine) {
    this.#line = line;
  }

  enter(claims: readonly Claim[]): Promise<Entered> {
    return this.#line.call('enterCounts', claims);
  }

  leave(keys: readonly string[]): void {
    this.#line.cast('leaveCounts', keys);
  }
}

/** The tickets of the whole server. */
export class RemoteTickets implements TicketBook {
  readonly #line: BookLine;

  constructor(line: BookLine) {
    this.#line = line;
  }

  issue(principal: Principal): Promise<IssuedTicket> {
    return this.#line.call('issueTicket', principal);
  }

  redeem(ticket: string): Promise<Principal | null> {
    return this.#line.call('redeemTicket', ticket);
  }
}

/** The places of the whole server. */
export class RemoteRelayPlaces implements RelayPlaces {
  readonly #line: BookLine;
  readonly #listeners: ReplacedListener[] = [];

  constructor(line: BookLine) {
    this.#line = line;
  }

  enter(room: string, holder: string, clientId?: string): Promise<boolean> {
    return this.#line.call('takePlace', room, holder, clientId);
  }

  leave(room: string, holder: string): void {
    this.#line.cast('leavePlace', room, holder);
  }

  claim(room: string, clientId: string, holder: string): void {
    this.#line.cast('claimClient', room, clientId, holder);
  }

  release(room: string, clientId: string, holder: string): void {
    this.#line.cast('releaseClient', room, clientId, holder);
  }

  onReplaced(listener: ReplacedListener): void {
    this.#listeners.push(listener);
  }

  /** To be called when the primary says so. */
  replaced(holder: string): void {
    for (const listener of this.#listeners) listener(holder);
  }
}

/** The chat rooms of the whole server. */
export class RemoteOccupiedRooms implements OccupiedRooms {
  readonly #line: BookLine;

  constructor(line: BookLine) {
    this.#line = line;
  }

  enter(room: string): Promise<void> {
    return this.#line.call('occupy', room);
  }

  leave(room: string): void {
    this.#line.cast('vacate', room);
  }

  names(): Promise<string[]> {
    return this.#line.call('occupied');
  }
}

/** The activity of the whole server, which the primary counts. */
export class RemoteActivity implements ActivityBook {
  readonly #line: BookLine;

  constructor(line: BookLine) {
    this.#line = line;
  }

  /** Counted where all batches are committed. */
  record(): void {}

  page(minutes: number, channel: string | undefined, now: number): Promise<ActivityPoint[]> {
    return this.#line.call('activity', minutes, channel, now);
  }
}
