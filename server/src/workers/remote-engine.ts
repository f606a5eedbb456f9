import type {
  ChannelState,
  Draft,
  Engine,
  EngineHealth,
  EngineSink,
  HistoryPage,
  HistoryQuery,
  Position,
  PresenceStore,
  Receipt,
  Removal,
  RevocationStore,
  RoomStore,
  Tail,
  TailQuery,
} from '../engine/engine.ts';
import { Exhausted } from '../engine/usage.ts';
import { FanwireError } from '../errors.ts';
import type { EngineNews, EngineService } from './engine-service.ts';
import type { Line } from './line.ts';
import { packDrafts, unpackMessages, unpackReceipts } from './packing.ts';

/** The engine of a server with several workers, as one of them has it: every call goes to the thread that holds it. */
export class RemoteEngine implements Engine, EngineNews {
  readonly capabilities: Engine['capabilities'];
  readonly presence: PresenceStore;
  readonly rooms: RoomStore;
  readonly revocations: RevocationStore;
  readonly exhausted = new Exhausted();
  readonly #line: Line<EngineService>;
  #sink: EngineSink | null = null;

  constructor(line: Line<EngineService>, capabilities: Engine['capabilities']) {
    this.#line = line;
    this.capabilities = capabilities;
    this.presence = {
      join: (channel, user) => line.call('enter', channel, user),
      leave: (channel, user) => line.call('leave', channel, user),
      page: (channel, query) => line.call('present', channel, query),
      count: (channel) => line.call('countPresent', channel),
    };
    this.rooms = {
      all: () => line.call('rooms'),
      create: (room) => line.call('createRoom', room),
      admit: (channel, user) => line.call('admit', channel, user),
      expel: (channel, user) => line.call('expel', channel, user),
      remove: (channel) => line.call('removeRoom', channel),
    };
    this.revocations = {
      all: () => line.call('revocations'),
      add: (revocation) => line.call('revoke', revocation),
    };
  }

  /** The engine itself was opened by the thread that holds it. */
  async open(sink: EngineSink): Promise<void> {
    this.#sink = sink;
  }

  async append(batch: readonly Draft[]): Promise<Receipt[]> {
    const { receipts, messages } = await this.#opened.call('append', packDrafts(batch));
    if (messages.length > 0) this.deliver(messages);
    return unpackReceipts(receipts, batch);
  }

  async read(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.#opened.call('read', channel, query);
  }

  async tail(channel: string, query: TailQuery): Promise<Tail> {
    return this.#opened.call('tail', channel, query);
  }

  async state(channel: string, after?: number): Promise<ChannelState> {
    return this.#opened.call('state', channel, after);
  }

  async follow(channel: string): Promise<Position> {
    return this.#opened.call('follow', channel);
  }

  async unfollow(channel: string): Promise<void> {
    this.#opened.cast('unfollow', channel);
  }

  async remove(channel: string, id: string, offset?: number): Promise<Removal> {
    return this.#opened.call('remove', channel, id, offset);
  }

  async clear(channel: string): Promise<number> {
    return this.#opened.call('clear', channel);
  }

  async channels(query: { prefix: string; after?: string; limit: number }): Promise<string[]> {
    return this.#opened.call('channels', query);
  }

  async health(): Promise<EngineHealth> {
    if (this.#sink === null) return { ok: false, detail: 'the engine is closed' };
    return this.#line.call('health');
  }

  /** The engine itself goes on for the other workers. */
  async close(): Promise<void> {
    this.#sink = null;
  }

  deliver(messages: Parameters<EngineNews['deliver']>[0]): void {
    this.#sink?.deliver(unpackMessages(messages));
  }

  unsure(channel: string): void {
    this.#sink?.unsure(channel);
  }

  exhaustedChanged(key: string, isExhausted: boolean): void {
    this.exhausted.set(key, isExhausted);
  }

  presenceChanged(event: Parameters<EngineNews['presenceChanged']>[0]): void {
    this.#sink?.presence(event);
  }

  get #opened(): Line<EngineService> {
    if (this.#sink === null) throw new FanwireError('unavailable', 'The engine is not open.');
    return this.#line;
  }
}
