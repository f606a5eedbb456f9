import type { Message, PresenceEvent } from '../engine/engine.ts';
import type { Gap } from './recovery.ts';

/**
 * Turns messages of one channel, in order, into bytes ready to be written to a socket. Recipients that would be sent
 * the same bytes share one encoder object: the hub calls it once per tick and channel and hands out references.
 */
export interface Encoder {
  encode(messages: readonly Message[]): Buffer;
}

/** When a subscription hears of users coming and going: always, or while the room is small. */
export type Watch = 'always' | 'small';

/**
 * What becomes of a channel's messages that wait for a slow reader, once they are too many: the connection is closed
 * (`disconnect`), only the newest is kept (`latest`, however few there are), or the oldest go and the reader is told
 * of the gap (`drop`).
 */
export type BacklogPolicy = 'disconnect' | 'latest' | 'drop';

/** Where bytes come from that a slow reader may go without: one message of a channel. */
export interface Dispensable {
  readonly channel: string;
  readonly offset: number;
  readonly policy: 'latest' | 'drop';
}

/** What the hub sees of a connection. */
export interface Recipient {
  readonly id: string;
  /** Who it is, verified or (in chat) claimed; null when nobody said. */
  readonly user: string | null;
  /** The verified user alone: decides who receives `$user:<id>`. */
  readonly verifiedUser: string | null;
  /** Changes only through `Hub.reencode`. */
  encoder: Encoder;
  /** False when it does not want its own messages back. */
  readonly echo: boolean;
  /** By channel. Kept by the hub; read by anyone. */
  readonly subscriptions: Map<string, Subscription>;
  /** Place in the hub's registry of connections. Kept by the hub. */
  serial: number;
  /**
   * Puts a reference to bytes that hold `messages` messages (0 for replies) into the outbox. What is urgent is written
   * at the end of the tick or turn, the rest when its turn comes. Bytes that are dispensable are one message.
   */
  push(bytes: Buffer, messages: number, urgent: boolean, dispensable?: Dispensable): void;
  /** What waits in the outbox is urgent after all. */
  hurry(): void;
  /** Writes what waits, in one write. */
  flush(): void;
  /** Resolves when the kernel took what was written; null when it already has. */
  drained(): Promise<void> | null;
  /** Somebody came to or left a channel that it watches. */
  presence(event: PresenceEvent): void;
  /** Messages of a channel it is in were lost between those it got and those it will get. */
  gap(channel: string, gap: Gap): void;
}

/** A recipient on a channel. */
export interface Subscription {
  readonly recipient: Recipient;
  readonly channel: string;
  /** The offset up to which it has everything, while it is not live; live ones are where the channel is. */
  offset: number;
  /** `opening` until the channel is followed, `joining` while it is replayed to. */
  state: 'opening' | 'joining' | 'live' | 'ended';
  /** Place in its group's members. */
  index: number;
  /** Counted in the engine's presence under this name. */
  present: string | null;
  watch: Watch | null;
  /** Place in the channel's sequence of presence events up to which it knows who is there. */
  newsAfter: number;
}
