import type { DeliveryFigures } from './delivery-figures.ts';
import type { Endpoint } from './endpoint.ts';
import type { Latency } from './latency.ts';
import type { UsageBetween } from './usage.ts';

/** What is asked of a load process, and what comes back. Plain data: it crosses process boundaries. */

/** What the jobs have in common. */
interface Job {
  readonly server: Endpoint;
  /** Its CPU time is read at the same instants as the counts. Null where it is no process of this machine. */
  readonly serverPid: number | null;
}

export interface FanoutJob extends Job {
  readonly channel: string;
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

export interface FanoutResult extends DeliveryFigures {
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

export interface IngestJob extends Job {
  /** Connections of the channel dialect. None subscribes. */
  readonly publishers: number;
  /** Publishes of each publisher that wait for their acknowledgement. */
  readonly inFlight: number;
  /** Each publisher goes round these, beginning at another one. New ones, with names of one length. */
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

export interface HttpPublishJob extends Job {
  /** Where the channel's offset is asked for, it has to be a new one. */
  readonly channel: string;
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
  readonly latency: Latency;
  /** Messages in all requests that were answered, warm-up and end included. */
  readonly acknowledged: number;
  /** The channel's offset after that; null where the server keeps nothing. */
  readonly kept: number | null;
}

export interface AcceptJob extends Job {
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

export interface RecoverJob extends Job {
  /** A new one. */
  readonly channel: string;
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

/** What a load process does for Fanwire. */
export interface Jobs {
  fanout: { job: FanoutJob; result: FanoutResult };
  ingest: { job: IngestJob; result: IngestResult };
  'http-publish': { job: HttpPublishJob; result: HttpPublishResult };
  accept: { job: AcceptJob; result: AcceptResult };
  recover: { job: RecoverJob; result: RecoverResult };
}
