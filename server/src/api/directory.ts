import type { Principal } from '../access/principal.ts';
import type { ActivityPoint } from '../hub/activity.ts';
import type { NameQuery } from '../hub/names.ts';
import type { TransportName } from '../transport/capacity.ts';

/** Open connections of one transport. */
export interface TransportCount {
  readonly total: number;
  /** Different user names among them. */
  readonly users: number;
}

export interface ServerStats {
  readonly transports: Readonly<Record<TransportName, TransportCount>>;
  /** Channels with a subscriber. */
  readonly channels: number;
  readonly subscriptions: number;
}

/** An open connection, as an operator sees it. */
export interface ConnectionInfo {
  readonly id: string;
  /** Who it is, verified or claimed; null when nobody said. */
  readonly user: string | null;
  readonly dialect: string;
  readonly transport: TransportName;
  readonly remoteAddress: string;
  /** Unix milliseconds. */
  readonly connectedAt: number;
  /** Without the server's own. */
  readonly channels: readonly string[];
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Grows in the order of coming. */
  readonly serial: number;
}

export interface ConnectionQuery {
  readonly user?: string | undefined;
  readonly channel?: string | undefined;
  /** Only those behind this serial. */
  readonly after: number;
  readonly limit: number;
}

export interface ConnectionPage {
  /** In the order of their coming. */
  readonly connections: ConnectionInfo[];
  /** How many match, on all pages. */
  readonly total: number;
}

/** What an open stream is to be changed by. */
export interface StreamChange {
  readonly subscribe: string[];
  readonly unsubscribe: string[];
}

/** The connections of the server, on whichever of its threads they are, and what they are in. */
export interface Directory {
  stats(): Promise<ServerStats>;
  connections(query: ConnectionQuery): Promise<ConnectionPage>;
  /** Closes it with 4410. False when no connection has this id. */
  close(id: string): Promise<boolean>;
  /** How many connections go by this user name. */
  connectionsOf(user: string): Promise<number>;
  /** How many connections are subscribed to each of the channels; null where the server knows nothing of it. */
  subscribers(channels: readonly string[]): Promise<(number | null)[]>;
  /** Channels that ever had a message or have a subscriber, without `$…`, ordered by their bytes. */
  channelNames(query: NameQuery): Promise<string[]>;
  /** The last `minutes` minutes up to the running one, oldest first, quiet ones included. */
  activity(minutes: number, channel: string | undefined): Promise<readonly ActivityPoint[]>;
  /** Changes the channels of an open stream; resolves to those it has then. Rejects with a FanwireError. */
  changeStream(id: string, principal: Principal, change: StreamChange): Promise<{ channels: string[] }>;
}
