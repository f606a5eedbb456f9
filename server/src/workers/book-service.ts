import type { Claim, Entered } from '../access/limits/counts.ts';
import type { Principal } from '../access/principal.ts';
import type { IssuedTicket } from '../access/tickets.ts';
import type { ActivityPoint } from '../hub/activity.ts';
import type { NameQuery } from '../hub/names.ts';
import type { MetricsSnapshot } from '../ops/metrics.ts';
import type { TransportName } from '../transport/capacity.ts';
import type { WorkerQueries } from './worker-service.ts';

/** What only the primary can count: things that several workers may have at once. */
export interface Totals {
  /** Different user names on each transport. */
  readonly users: Readonly<Record<TransportName, number>>;
  /** Channels with a subscriber. */
  readonly channels: number;
  /** Workers that serve connections. */
  readonly workers: number;
  /** Workers that died and were replaced. */
  readonly restarts: number;
  /** Faults of the primary's own thread. */
  readonly faults: number;
}

/** What a worker enters in the books, over its line. */
export interface EntryService {
  takePlace(room: string, holder: string, clientId?: string): boolean;
  leavePlace(room: string, holder: string): void;
  claimClient(room: string, clientId: string, holder: string): void;
  releaseClient(room: string, clientId: string, holder: string): void;
  enterCounts(claims: readonly Claim[]): Entered;
  leaveCounts(keys: readonly string[]): void;
  occupy(room: string): void;
  vacate(room: string): void;
  /** The worker's first connection of this user name by a transport came, or its last has gone. */
  user(transport: string, user: string, here: boolean): void;
}

/** Books that are kept once for the whole server, as a worker calls them over its line. */
export interface BookService extends EntryService {
  issueTicket(principal: Principal): IssuedTicket;
  redeemTicket(ticket: string): Principal | null;
  occupied(): string[];
  totals(): Totals;
  /** Channels with a subscriber, without the server's own, ordered by their bytes. */
  liveNames(query: NameQuery): string[];
  activity(minutes: number, channel: string | undefined, now: number): ActivityPoint[];
  /** Asks every worker, the asking one included; the answers are in no order. */
  ask(query: keyof WorkerQueries, given: readonly unknown[]): Promise<unknown[]>;
  /** The metrics of every worker, and last what was counted by those that are gone. */
  metrics(): Promise<MetricsSnapshot[]>;
}
