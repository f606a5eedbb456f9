/**
 * What an engine is: the place where messages get their order and are kept, and the way by which nodes reach
 * each other. Nothing here assumes that the engine shares memory with the connections.
 */

import type { Exhausted } from './usage.ts';

/** JSON text of a value: valid JSON on one line, nested at most 128 deep. */
export type JsonText = string;

export interface Sender {
  /** The verified user (a token's `sub`); null for guests. */
  readonly user: string | null;
  /** The connection that published. */
  readonly connection: string;
  /** What a client chose to be called: a relay client's id, the name of a guest of the chat; else null. */
  readonly client: string | null;
}

/** Orders names by their UTF-8 bytes, as databases do. */
export function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The type of the tombstone that a removed message leaves. */
export const deletedType = 'deleted';

/** The canonical record. `offset` counts from 1, dense per channel. */
export interface Message {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  /** Unix milliseconds, never decreasing along a channel. */
  readonly time: number;
  readonly type: string;
  readonly data: JsonText;
  readonly sender: Sender | null;
  /** Kept for HISTORY_TTL rather than for the recovery window only. */
  readonly persist: boolean;
}

/** A message that has no place in its channel yet. */
export interface Draft {
  readonly channel: string;
  readonly id: string;
  /** True when the publisher chose `id`: only then is it an idempotency key. */
  readonly keyed: boolean;
  /** Whose ids these are: a keyed id counts among those of the same space of the channel only. */
  readonly space: string;
  readonly type: string;
  readonly data: JsonText;
  readonly sender: Sender | null;
  readonly persist: boolean;
  /** Whose kept bytes a message counts among that is to be kept; nobody's by default. */
  readonly account?: string | undefined;
}

export interface Position {
  readonly epoch: string;
  /** 0 before the first message. */
  readonly offset: number;
}

export interface Receipt {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  readonly time: number;
  /** The id had been published on this channel within the idempotency window: `offset` is the first one's. */
  readonly duplicate: boolean;
}

/** What stands in a channel, as seen from one offset of it. */
export interface ChannelState extends Position {
  /** The lowest offset from which every message up to `offset` is kept; `offset + 1` when none is. */
  readonly completeFrom: number;
  /** How many messages after the asked offset are kept. */
  readonly kept: number;
}

/**
 * A page of history. With `after` or `from` and no `before`: the first `limit` messages behind it. Else: the last
 * `limit` messages, before `before` and up to `to` where given. `after` and `before` exclude, `from` and `to`
 * (Unix milliseconds) include.
 */
export interface HistoryQuery {
  readonly limit: number;
  /** Most bytes of the page, as `weightOf` counts them; one message may have more. @default maxPageBytes, which is the most */
  readonly bytes?: number;
  readonly after?: number;
  readonly before?: number;
  readonly from?: number;
  readonly to?: number;
  /** Only messages published to be kept. */
  readonly persisted?: boolean;
}

export interface HistoryPage extends Position {
  /** Oldest first. */
  readonly messages: Message[];
  /** Are there more in the direction of the query (later ones for `after`/`from`, else earlier ones)? */
  readonly more: boolean;
}

/** Which of a channel's last kept messages are asked for. */
export interface TailQuery {
  /** How many at most. */
  readonly count: number;
  /** Only those with a lower offset. */
  readonly before?: number;
  /** Only messages published to be kept. */
  readonly persisted?: boolean;
}

/** Where a channel's last messages begin, seen from the position. */
export interface Tail extends Position {
  /** The offset before the first of them; with none, the one up to which was looked. */
  readonly after: number;
  /** How many there are. */
  readonly count: number;
}

export interface PresentUser {
  readonly user: string;
  /** On how many connections. */
  readonly connections: number;
  /** Unix milliseconds at which the user's first present connection came. */
  readonly since: number;
  /** For programs that ask who is in a channel: a guest who claims this name. */
  readonly guest?: true;
}

export interface PresencePage {
  /** Ordered by user name. */
  readonly users: PresentUser[];
  readonly total: number;
  /** Pass as `cursor` for the next page; absent on the last. */
  readonly next?: string;
}

/** A user came to a channel with a first connection, or left it with the last. */
export interface PresenceEvent {
  readonly channel: string;
  readonly user: string;
  readonly joined: boolean;
  readonly time: number;
  /** Users present after this. */
  readonly count: number;
}

/** Who is in a channel. A node's entries live by the node's lease: they go when the node dies without a word. */
export interface PresenceStore {
  /** Counts one more connection of the user; the first one is told to `sink.presence`. */
  join(channel: string, user: string): Promise<void>;
  /** Counts one less; the last one is told to `sink.presence`. Without a matching `join`, nothing. */
  leave(channel: string, user: string): Promise<void>;
  page(channel: string, query: { limit: number; cursor?: string }): Promise<PresencePage>;
  count(channel: string): Promise<number>;
}

/** A room that somebody created and owns. Channels without such a record are public. */
export interface Room {
  readonly channel: string;
  readonly owner: string;
  readonly private: boolean;
  /** Users who may enter when it is private; the owner is one of them. */
  readonly members: readonly string[];
}

/** The created rooms. Durable where the engine is; changes are told to other nodes by the hub, on `$control`. */
export interface RoomStore {
  all(): Promise<Room[]>;
  /** False, and nothing changed, when the channel has a record already. */
  create(room: Room): Promise<boolean>;
  admit(channel: string, user: string): Promise<void>;
  expel(channel: string, user: string): Promise<void>;
  /** Takes the record away, members and all. False when there is none. */
  remove(channel: string): Promise<boolean>;
}

/** What is not valid any more, although its signature is. */
export type Revocation =
  | { readonly kind: 'token'; readonly id: string }
  /** Tokens of the user, or of everybody for null, that were issued before this time (Unix milliseconds). */
  | { readonly kind: 'before'; readonly user: string | null; readonly time: number };

/** Revocations, kept for good. Durable where the engine is; told to other nodes by the hub, on `$control`. */
export interface RevocationStore {
  all(): Promise<Revocation[]>;
  /** Of several `before` for one user the latest time counts. */
  add(revocation: Revocation): Promise<void>;
}

export interface EngineSink {
  /** Messages of followed channels, committed, each channel's in order. Never throws. */
  deliver(messages: readonly Message[]): void;
  /** Continuity of the channel cannot be vouched for: the hub reads on from its last offset. */
  unsure(channel: string): void;
  /** Of followed channels; of others it may be left out. */
  presence(event: PresenceEvent): void;
}

/**
 * The offset of the tombstone, also when it stood there already, so that a removal may be tried again. Null when no
 * kept message of the channel has the id. When several have it, tombstones not counted, and none was named, nothing is
 * removed: their offsets, the newest `mostNamed` of them in ascending order.
 */
export type Removal = number | null | readonly number[];

/** Offsets that are told of messages with the same id, at most. */
export const mostNamed = 10;

export interface EngineHealth {
  readonly ok: boolean;
  /** What failed, for the operator. */
  readonly detail?: string;
  /** The same for anyone who asks, and what to do about it: no paths, no addresses. */
  readonly told?: string;
}

/** Limits of what is kept. */
export interface Retention {
  /** Messages per channel in the recovery window. */
  readonly windowSize: number;
  /** Milliseconds that the recovery window reaches back. */
  readonly windowTtl: number;
  /** Milliseconds that persisted messages are kept; 0 for ever. */
  readonly historyTtl: number;
  /** Milliseconds within which a publisher's id is remembered. */
  readonly idempotencyWindow: number;
  /**
   * Milliseconds after its last use, a message or a `follow`, until a channel is forgotten that nobody follows, that has
   * no kept messages, no remembered ids and no record of a room. It comes back as a new one, with offsets from 1 and an
   * epoch that it never had. @default never
   */
  readonly channelTtl?: number;
}

export interface Engine {
  readonly capabilities: {
    /** What was appended survives the end of the process. */
    readonly durable: boolean;
    /** Several nodes can share it. */
    readonly distributed: boolean;
  };
  /** Makes it ready; throws a StartError that tells the operator what to do. */
  open(sink: EngineSink): Promise<void>;
  /**
   * Commits the batch as one: gives each draft the next offset of its channel in the order of the array, and
   * delivers the new messages of followed channels to the sink before it resolves. A keyed draft whose id was
   * published in its space of its channel within the idempotency window, or earlier in this batch, is not appended
   * again: its receipt is the first one's with `duplicate: true`. When it resolves, the batch is as durable as the engine is;
   * when it rejects, nothing of it was kept or delivered.
   */
  append(batch: readonly Draft[]): Promise<Receipt[]>;
  /**
   * An indexed seek, whatever the depth. An unknown channel is an empty one. A page holds at most `maxPageBytes`, or
   * one message, and no more than that is read for it.
   */
  read(channel: string, query: HistoryQuery): Promise<HistoryPage>;
  /** Where the channel's last messages begin: a seek that reads none of them. */
  tail(channel: string, query: TailQuery): Promise<Tail>;
  /** The channel's state, with `kept` counted after `after` (default 0). */
  state(channel: string, after?: number): Promise<ChannelState>;
  /** From the position it resolves with, every later message of the channel is given to `sink.deliver`. */
  follow(channel: string): Promise<Position>;
  unfollow(channel: string): Promise<void>;
  /**
   * Takes one message away for good: a tombstone stays in its place (type `deleted`, data `null`, no sender; the same
   * id, offset, time and `persist`), so that positions stay dense and nothing else changes. With `offset`, the message
   * at that place, if it has the id. An id that nobody chose is looked for around the time that it holds as a UUIDv7.
   * Not told to the sink.
   */
  remove(channel: string, id: string, offset?: number): Promise<Removal>;
  /**
   * Takes all kept messages of the channel away for good; its next offset is not changed. Resolves to the offset up to
   * which all is gone, 0 for an empty channel. Not told to the sink.
   */
  clear(channel: string): Promise<number>;
  /** Names of channels that ever had a message, forgotten ones left out, and begin with `prefix`, behind `after`, ordered as `byBytes` does. */
  channels(query: {
    readonly prefix: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<string[]>;
  readonly presence: PresenceStore;
  readonly rooms: RoomStore;
  readonly revocations: RevocationStore;
  /** What may not be stored any more. To be asked before a message is appended: `append` takes it all the same. */
  readonly exhausted: Exhausted;
  /** Through the real path: a probe is written and read back. */
  health(): Promise<EngineHealth>;
  /** Flushes and lets go of everything. Idempotent. */
  close(): Promise<void>;
}
