import type {
  ChannelState,
  Draft,
  Engine,
  EngineHealth,
  HistoryPage,
  HistoryQuery,
  Message,
  Position,
  PresencePage,
  Removal,
  Revocation,
  Room,
  Tail,
  TailQuery,
} from '../engine/engine.ts';
import type { EngineHost } from './engine-host.ts';
import type { Appended, EngineNews, EngineService } from './engine-service.ts';
import type { Line } from './line.ts';
import { type Parcel, packMessages, unpackDrafts } from './packing.ts';
import { Tally } from './tally.ts';

/** What one worker asks of the engine, and what it holds there: given back when the worker is gone without a word. */
export class EngineDesk implements EngineService {
  readonly line: Line<EngineNews>;
  readonly #host: EngineHost;
  readonly #engine: Engine;
  readonly #followed = new Set<string>();
  /** Present users, by channel. */
  readonly #present = new Tally();
  #parcel: Message[] = [];
  #gone = false;
  #forget = (): void => {};

  constructor(host: EngineHost, engine: Engine, line: Line<EngineNews>) {
    this.#host = host;
    this.#engine = engine;
    this.line = line;
  }

  /** The worker listens: from now on it knows what is exhausted. */
  begin(): void {
    const { exhausted } = this.#engine;
    for (const key of exhausted.keys) this.line.cast('exhaustedChanged', key, true);
    this.#forget = exhausted.onChange((key, is) => this.line.cast('exhaustedChanged', key, is));
  }

  /** A message for the worker, which is sent soon. */
  load(message: Message): void {
    this.#parcel.push(message);
  }

  unload(): readonly Message[] {
    const parcel = this.#parcel;
    this.#parcel = [];
    return parcel;
  }

  send(): void {
    const messages = this.unload();
    if (messages.length > 0) this.line.cast('deliver', packMessages(messages));
  }

  /** The worker is gone: nothing that it held stays. */
  async release(): Promise<void> {
    this.#gone = true;
    this.#forget();
    for (const channel of this.#followed) this.#host.unfollow(this, channel);
    this.#followed.clear();
    for (const [channel, user] of this.#present.drain()) await this.#engine.presence.leave(channel, user);
  }

  append(drafts: Parcel<Draft>): Promise<Appended> {
    return this.#host.append(this, unpackDrafts(drafts));
  }

  async follow(channel: string): Promise<Position> {
    if (!this.#gone) this.#followed.add(channel);
    const position = await this.#host.follow(this, channel);
    if (!this.#followed.has(channel)) this.#host.unfollow(this, channel);
    return position;
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
    this.#host.unfollow(this, channel);
  }

  read(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.#engine.read(channel, query);
  }

  tail(channel: string, query: TailQuery): Promise<Tail> {
    return this.#engine.tail(channel, query);
  }

  state(channel: string, after?: number): Promise<ChannelState> {
    return this.#engine.state(channel, after);
  }

  remove(channel: string, id: string, offset?: number): Promise<Removal> {
    return this.#engine.remove(channel, id, offset);
  }

  clear(channel: string): Promise<number> {
    return this.#engine.clear(channel);
  }

  channels(query: { prefix: string; after?: string; limit: number }): Promise<string[]> {
    return this.#engine.channels(query);
  }

  health(): Promise<EngineHealth> {
    return this.#engine.health();
  }

  async enter(channel: string, user: string): Promise<void> {
    if (this.#gone) return;
    this.#present.add(channel, user);
    await this.#engine.presence.join(channel, user);
  }

  async leave(channel: string, user: string): Promise<void> {
    if (this.#present.take(channel, user)) await this.#engine.presence.leave(channel, user);
  }

  present(channel: string, query: { limit: number; cursor?: string }): Promise<PresencePage> {
    return this.#engine.presence.page(channel, query);
  }

  countPresent(channel: string): Promise<number> {
    return this.#engine.presence.count(channel);
  }

  rooms(): Promise<Room[]> {
    return this.#engine.rooms.all();
  }

  /** A channel that somebody is in, on whichever worker, is in use like one that has a record. */
  async createRoom(room: Room): Promise<boolean> {
    return !this.#host.isFollowed(room.channel) && this.#engine.rooms.create(room);
  }

  admit(channel: string, user: string): Promise<void> {
    return this.#engine.rooms.admit(channel, user);
  }

  expel(channel: string, user: string): Promise<void> {
    return this.#engine.rooms.expel(channel, user);
  }

  removeRoom(channel: string): Promise<boolean> {
    return this.#engine.rooms.remove(channel);
  }

  revocations(): Promise<Revocation[]> {
    return this.#engine.revocations.all();
  }

  revoke(revocation: Revocation): Promise<void> {
    return this.#engine.revocations.add(revocation);
  }
}
