import type { Latency } from './latency.ts';
import type { UsageBetween } from './usage.ts';

/** What the bench asks of its load process, and what comes back. Plain data: it crosses process boundaries. */

export interface FanoutJob {
  readonly target: string;
  readonly port: number;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  /** Connections in all, publishers included. */
  readonly subscribers: number;
  /** How many of them publish; each has an equal share of a window, so never more than the window. */
  readonly publishers: number;
  /** Of the subscribers that do not publish. Publishers are always WebSockets, and subscribed. */
  readonly transport: 'websocket' | 'sse';
  readonly drive: Drive;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Length of each message's content. */
  readonly contentBytes: number;
}

/**
 * When a message is published: while fewer than `inFlight` messages over all publishers were published and not yet
 * received back by their own publisher; or on a schedule, whatever comes back.
 */
export type Drive = { readonly inFlight: number } | { readonly perSecond: number };

export interface FanoutResult extends UsageBetween {
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly publishedPerSecond: number;
  readonly bytesPerDelivery: number;
  readonly serverMicrosecondsPerDelivery: number | null;
  /**
   * From publish to receipt, on a few subscribers and on the publishers of a window. On a schedule it counts from
   * when the message was due.
   */
  readonly latency: Latency;
  /** How late the load itself sent, on a schedule: the 99th percentile, milliseconds. Null without a schedule. */
  readonly lateness: number | null;
  /** Messages still missing, over the connections that stayed open, some time after the last publish. Below 0: too many came. */
  readonly lost: number;
  /** Connections that the server ended, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** All sampled subscribers saw the same messages in the same order. */
  readonly sameOrder: boolean;
}

export interface RoomsJob {
  readonly target: string;
  readonly port: number;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  /** A room each. */
  readonly channels: readonly string[];
  /** Connections of each room; one of them publishes. */
  readonly subscribers: number;
  /** Messages in flight over all rooms, which publish in turn. */
  readonly window: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Length of each message's content. */
  readonly contentBytes: number;
}

export interface RoomsResult extends UsageBetween {
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly publishedPerSecond: number;
  readonly bytesPerDelivery: number;
  readonly serverMicrosecondsPerDelivery: number | null;
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
}

export interface IngestJob {
  readonly port: number;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  /** Connections of the channel dialect. None subscribes. */
  readonly publishers: number;
  /** Publishes of each publisher that wait for their acknowledgement. */
  readonly inFlight: number;
  /** Each publisher goes round these, beginning at another one. Names of one length. */
  readonly channels: readonly string[];
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Length of each message's content. */
  readonly contentBytes: number;
}

export interface IngestResult extends UsageBetween {
  /** Publishes acknowledged in the measured time. */
  readonly publishes: number;
  readonly publishesPerSecond: number;
  readonly serverMicrosecondsPerPublish: number | null;
  /** From the write of a publish to its acknowledgement. */
  readonly latency: Latency;
  /** Publishes acknowledged in all, warm-up and end included. */
  readonly acknowledged: number;
  /** The sum of the channels' offsets after that. */
  readonly kept: number;
}

export interface HttpPublishJob {
  readonly port: number;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  /** Sent with every request. */
  readonly apiKey: string;
  /** Connections, each with one request in flight. */
  readonly clients: number;
  /** Messages of a request: one is `POST /api/publish`, more are `POST /api/batch`. */
  readonly batch: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Length of each message's data. */
  readonly dataBytes: number;
  /** Ask at the end how many messages the channel got. */
  readonly verify: boolean;
}

export interface HttpPublishResult extends UsageBetween {
  /** Answers with a status of 200 to 299 in the measured time; another one ends the run. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly messagesPerSecond: number;
  readonly serverMicrosecondsPerRequest: number | null;
  readonly messagesPerServerCpuSecond: number | null;
  /** From the write of a request to the end of its answer, milliseconds. */
  readonly latency: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly samples: number;
  };
  /** Messages in all requests that were answered, warm-up and end included. */
  readonly acknowledged: number;
  /** The channel's offset after that; null where the server keeps nothing. */
  readonly kept: number | null;
}

export interface AcceptJob {
  readonly target: string;
  readonly port: number;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  /** Connections that are being opened at a time. */
  readonly underWay: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface AcceptResult extends UsageBetween {
  /** Connections that were greeted by the server in the measured time, each reset right after. */
  readonly connections: number;
  readonly connectionsPerSecond: number;
  readonly serverMicrosecondsPerConnection: number | null;
  readonly connectionsPerServerCpuSecond: number | null;
  /** From the beginning of a connection to the server's greeting. */
  readonly latency: Latency;
}

export interface RecoverJob {
  readonly port: number;
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number;
  readonly clients: number;
  /** Messages published while all are away. */
  readonly missed: number;
  /** Length of each message's content. */
  readonly contentBytes: number;
}

/** Usage is that of the return: from the first connection's beginning until the last client has everything. */
export interface RecoverResult extends UsageBetween {
  /** Of each client, from the beginning of the return to its last missed message. */
  readonly latency: Latency;
  /** Clients that were told `recovered: true` and got exactly what they had missed, in order, and then what came live. */
  readonly verified: number;
  /** What was wrong with the others, by kind. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface SlowJob {
  readonly target: string;
  readonly port: number;
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
  readonly port: number;
  readonly connections: number;
  readonly subscribe: boolean;
}

export interface Jobs {
  fanout: { job: FanoutJob; result: FanoutResult };
  'http-publish': { job: HttpPublishJob; result: HttpPublishResult };
  rooms: { job: RoomsJob; result: RoomsResult };
  ingest: { job: IngestJob; result: IngestResult };
  accept: { job: AcceptJob; result: AcceptResult };
  recover: { job: RecoverJob; result: RecoverResult };
  slow: { job: SlowJob; result: SlowResult };
  /** Opens connections and keeps them. Resolves when all are ready. */
  hold: { job: HoldJob; result: null };
  /** How many of the held connections are still open. */
  held: { job: null; result: number };
  /** Closes what `hold` opened. */
  release: { job: null; result: null };
}

export type JobKind = keyof Jobs;

export interface Request {
  readonly kind: JobKind;
  readonly job: Jobs[JobKind]['job'];
}

export type Answer<R> =
  | { readonly ok: true; readonly result: R }
  | { readonly ok: false; readonly error: string };
