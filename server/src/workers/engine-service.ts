import type {
  ChannelState,
  Draft,
  EngineHealth,
  HistoryPage,
  HistoryQuery,
  Message,
  Position,
  PresenceEvent,
  PresencePage,
  Receipt,
  Removal,
  Revocation,
  Room,
  Tail,
  TailQuery,
} from '../engine/engine.ts';
import type { Parcel } from './packing.ts';

/** What became of a worker's batch, and what it is to deliver before it acknowledges that. */
export interface Appended {
  readonly receipts: Parcel<Receipt>;
  readonly messages: Parcel<Message>;
}

/** The engine, as a worker calls it over its line. Guarantees: `engine/engine.ts`. */
export interface EngineService {
  append(drafts: Parcel<Draft>): Promise<Appended>;
  read(channel: string, query: HistoryQuery): Promise<HistoryPage>;
  tail(channel: string, query: TailQuery): Promise<Tail>;
  state(channel: string, after?: number): Promise<ChannelState>;
  follow(channel: string): Position | Promise<Position>;
  unfollow(channel: string): void;
  remove(channel: string, id: string, offset?: number): Promise<Removal>;
  clear(channel: string): Promise<number>;
  channels(query: { prefix: string; after?: string; limit: number }): Promise<string[]>;
  health(): Promise<EngineHealth>;
  enter(channel: string, user: string): Promise<void>;
  leave(channel: string, user: string): Promise<void>;
  present(channel: string, query: { limit: number; cursor?: string }): Promise<PresencePage>;
  countPresent(channel: string): Promise<number>;
  rooms(): Promise<Room[]>;
  createRoom(room: Room): Promise<boolean>;
  admit(channel: string, user: string): Promise<void>;
  expel(channel: string, user: string): Promise<void>;
  removeRoom(channel: string): Promise<boolean>;
  revocations(): Promise<Revocation[]>;
  revoke(revocation: Revocation): Promise<void>;
}

/** What a worker hears from the engine. */
export interface EngineNews {
  deliver(messages: Parcel<Message>): void;
  unsure(channel: string): void;
  presenceChanged(event: PresenceEvent): void;
  exhaustedChanged(key: string, isExhausted: boolean): void;
}
