import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { FanwireError, StartError } from '../../errors.ts';
import { Ageing } from '../ageing.ts';
import type {
  ChannelState,
  Draft,
  Engine,
  EngineHealth,
  EngineSink,
  HistoryPage,
  HistoryQuery,
  Message,
  Position,
  Receipt,
  Removal,
  Retention,
  Tail,
  TailQuery,
} from '../engine.ts';
import { LocalPresence } from '../local-presence.ts';
import { Exhausted, type StorageLimits, unlimited } from '../usage.ts';
import type { ChannelLog } from './channel-log.ts';
import { ChannelTable } from './channel-table.ts';
import { Idempotency } from './idempotency.ts';
import { MemoryRevocations } from './revocations.ts';
import { MemoryRooms } from './rooms.ts';
import { Usage } from './usage.ts';

const SWEEP_INTERVAL = 1000;

export interface MemoryOptions {
  readonly retention: Retention;
  readonly clock: Clock;
  /** @default none */
  readonly storage?: StorageLimits;
}

/**
 * Everything in the memory of one process, and gone with it. A new engine is a new epoch, so that positions of an
 * earlier life are told apart. With `historyTtl` 0, persisted messages take memory for ever.
 */
export class MemoryEngine implements Engine {
  readonly capabilities = { durable: false, distributed: false };
  readonly presence: LocalPresence;
  readonly rooms = new MemoryRooms();
  readonly revocations = new MemoryRevocations();
  readonly exhausted = new Exhausted();
  readonly #clock: Clock;
  readonly #ageing: Ageing;
  readonly #channels: ChannelTable;
  readonly #ids: Idempotency;
  #sink: EngineSink | undefined;
  #stopSweep: (() => void) | undefined;
  #closed = false;

  constructor({ retention, clock, storage = unlimited }: MemoryOptions) {
    this.#clock = clock;
    const epoch = randomBytes(9).toString('base64url');
    this.#channels = new ChannelTable({
      retention,
      epoch,
      usage: new Usage(storage, this.exhausted),
      isOwned: (channel) => this.rooms.has(channel),
    });
    this.#ageing = new Ageing(clock);
    this.#ids = new Idempotency(retention.idempotencyWindow, this.#ageing.now());
    this.presence = new LocalPresence(clock, (event) => this.#sink?.presence(event));
  }

  async open(sink: EngineSink): Promise<void> {
    if (this.#closed || this.#sink !== undefined) {
      throw new StartError('A memory engine opens once: make a new one.');
    }
    this.#sink = sink;
    this.#stopSweep = this.#clock.every(SWEEP_INTERVAL, () => {
      const now = this.#ageing.now();
      this.#ids.turn(now);
      this.#channels.sweep(now);
    });
  }

  async append(batch: readonly Draft[]): Promise<Receipt[]> {
    const sink = this.#opened();
    const now = this.#clock.now();
    const age = this.#ageing.now();
    this.#ids.turn(age);
    const receipts: Receipt[] = [];
    const followed: Message[] = [];
    let log: ChannelLog | undefined;
    for (const draft of batch) {
      if (draft.keyed) {
        const first = this.#ids.find(draft, age);
        if (first !== undefined) {
          receipts.push({ ...first, duplicate: true });
          continue;
        }
      }
      if (log?.channel !== draft.channel) log = this.#channels.open(draft.channel);
      const message = log.append(draft, now, age);
      if (log.followed) followed.push(message);
      const receipt = receiptOf(message);
      if (draft.keyed) this.#ids.add(receipt, draft.space);
      receipts.push(receipt);
    }
    if (followed.length > 0) sink.deliver(followed);
    return receipts;
  }

  async read(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    this.#opened();
    const log = this.#trimmed(channel);
    const { messages, more } = log?.read(query) ?? { messages: [], more: false };
    return { ...this.#channels.position(channel), messages, more };
  }

  async tail(channel: string, query: TailQuery): Promise<Tail> {
    this.#opened();
    const log = this.#trimmed(channel);
    const { epoch, offset } = this.#channels.position(channel);
    const nothing = { after: Math.min(offset, (query.before ?? offset + 1) - 1), count: 0 };
    return { epoch, offset, ...(log?.tail(query) ?? nothing) };
  }

  async state(channel: string, after = 0): Promise<ChannelState> {
    this.#opened();
    const log = this.#trimmed(channel);
    const { epoch, offset } = this.#channels.position(channel);
    return {
      epoch,
      offset,
      completeFrom: log?.completeFrom() ?? offset + 1,
      kept: log?.keptAfter(after) ?? 0,
    };
  }

  async follow(channel: string): Promise<Position> {
    this.#opened();
    const log = this.#channels.open(channel);
    log.followed = true;
    return { epoch: log.epoch, offset: log.top };
  }

  async unfollow(channel: string): Promise<void> {
    this.#opened();
    const log = this.#channels.find(channel);
    if (!log?.followed) return;
    log.followed = false;
    log.left = this.#clock.now();
  }

  /** Looks through what is kept of the channel, newest first. */
  async remove(channel: string, id: string, offset?: number): Promise<Removal> {
    this.#opened();
    return this.#trimmed(channel)?.bury(id, offset) ?? null;
  }

  async clear(channel: string): Promise<number> {
    this.#opened();
    this.#channels.find(channel)?.clear();
    return this.#channels.position(channel).offset;
  }

  async channels(query: { prefix: string; after?: string; limit: number }): Promise<string[]> {
    this.#opened();
    return this.#channels.names(query);
  }

  /** There is no path to probe: what is open works. */
  async health(): Promise<EngineHealth> {
    if (this.#closed) return { ok: false, detail: 'the engine is closed' };
    if (this.#sink === undefined) return { ok: false, detail: 'the engine is not open yet' };
    return { ok: true };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sink = undefined;
    this.#stopSweep?.();
    this.#stopSweep = undefined;
    this.#channels.clear();
    this.#ids.clear();
    this.presence.clear();
    this.rooms.clear();
    this.revocations.clear();
  }

  #opened(): EngineSink {
    if (this.#sink === undefined) throw new FanwireError('unavailable', 'The engine is not open.');
    return this.#sink;
  }

  /** The channel's log with nothing in it but what is kept at this moment. */
  #trimmed(channel: string): ChannelLog | undefined {
    const log = this.#channels.find(channel);
    log?.trim(this.#ageing.now());
    return log;
  }
}

function receiptOf({ id, channel, offset, epoch, time }: Message): Receipt {
  return { id, channel, offset, epoch, time, duplicate: false };
}
