import type { DeliveryFigures } from '../../../server/src/load/delivery-figures.ts';
import type { Endpoint } from '../../../server/src/load/endpoint.ts';
import type {
  AcceptJob,
  AcceptResult,
  FanoutJob,
  FanoutResult,
  Jobs as FanwireJobs,
} from '../../../server/src/load/job.ts';
import type { Latency } from '../../../server/src/load/latency.ts';
import type { UsageBetween } from '../../../server/src/load/usage.ts';

/** What the bench asks of its load process beside what that does for Fanwire. Plain data. */

export interface RoomsJob {
  readonly target: string;
  readonly server: Endpoint;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  /** A room each. */
  readonly channels: readonly string[];
  /** Connections of each room; one of them publishes. */
  readonly subscribers: number;
  /** Messages in flight over all rooms, or a second, whatever comes back. The rooms publish in turn. */
  readonly drive: { readonly inFlight: number } | { readonly perSecond: number };
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Length of each message's content. */
  readonly contentBytes: number;
}

export interface RoomsResult extends DeliveryFigures {
  /** From publish to receipt, on the publishers and a few other subscribers. */
  readonly latency: Latency;
  /** Messages still missing, over the connections that stayed open, some time after the last publish. */
  readonly lost: number;
  /** Messages that connections got beyond those of their room. */
  readonly duplicated: number;
  /** Of those that sampled subscribers got, messages of another room. */
  readonly astray: number;
  /** Connections that the server ended, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** In each room, the sampled subscribers saw the same messages in the same order. */
  readonly sameOrder: boolean;
  /** On a schedule, how late the load itself sent: the 99th percentile, milliseconds. */
  readonly lateness: number | null;
}

export interface SlowJob {
  readonly target: string;
  readonly server: Endpoint;
  /** Its CPU time and memory are read. */
  readonly serverPid: number;
  /** Connections in all, those that freeze and those that publish included. */
  readonly subscribers: number;
  /** How many stop reading at the beginning of the measured time, and go on when it is over. */
  readonly frozen: number;
  readonly publishers: number;
  readonly perSecond: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Length of each message's content. */
  readonly contentBytes: number;
  /** It is Fanwire: it tells how many connections it closed. */
  readonly tellsClosings: boolean;
}

export interface SlowResult extends UsageBetween {
  /** All but those of the frozen: from when a message was due to its arrival. */
  readonly latency: Latency;
  /** How late the load itself sent: the 99th percentile, milliseconds. */
  readonly lateness: number | null;
  readonly deliveriesPerSecond: number;
  /** Messages still missing on those that did not freeze. */
  readonly lost: number;
  /** Those that did not freeze and were ended, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** The server's resident memory before the first message, and its peak up to the end. Null where there is no /proc. */
  readonly residentBytes: number | null;
  readonly peakBytes: number | null;
  /** By the server's own count: connections closed with 4413, and when, seconds after they froze. */
  readonly closings: Closings | null;
  /** What the frozen met when they read on, by reason; those that got all the rest are `read on`. */
  readonly endings: Readonly<Record<string, number>>;
}

export interface Closings {
  readonly count: number;
  /** Null where there was none. */
  readonly firstAfter: number | null;
  readonly lastAfter: number | null;
}

export interface HoldJob {
  readonly target: string;
  readonly server: Endpoint;
  readonly connections: number;
  readonly subscribe: boolean;
}

/** A job for any target, by its name. */
export type Targeted<J> = J & { readonly target: string };

export interface Jobs extends Pick<FanwireJobs, 'http-publish' | 'ingest' | 'recover'> {
  fanout: { job: Targeted<FanoutJob>; result: FanoutResult };
  accept: { job: Targeted<AcceptJob>; result: AcceptResult };
  rooms: { job: RoomsJob; result: RoomsResult };
  slow: { job: SlowJob; result: SlowResult };
  /** Opens connections and keeps them. Resolves when all are ready. */
  hold: { job: HoldJob; result: null };
  /** How many of the held connections are still open. */
  held: { job: null; result: number };
  /** Closes what `hold` opened. */
  release: { job: null; result: null };
}
