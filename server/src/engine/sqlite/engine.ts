import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../clock.ts';
import { FanwireError } from '../../errors.ts';
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
  RevocationStore,
  RoomStore,
  Tail,
  TailQuery,
} from '../engine.ts';
import { LocalPresence } from '../local-presence.ts';
import { costOf, Exhausted, overhead, type StorageLimits, unlimited } from '../usage.ts';
import { Catalogue } from './catalogue.ts';
import { ChannelStates, type State } from './channel-state.ts';
import { Checkpointer } from './checkpointer.ts';
import { Condition } from './condition.ts';
import { DiskWatch } from './disk-watch.ts';
import { type Durability, lockedAtStart, type OpenFile, openFile } from './file.ts';
import { Forgetter } from './forgetting.ts';
import { isLocked, patiently } from './hindrance.ts';
import { Idempotency } from './idempotency.ts';
import { Inserter } from './inserter.ts';
import { circumstances, Life, Lives } from './life.ts';
import { Probe } from './probe.ts';
import { Reader } from './reader.ts';
import { Remover } from './removal.ts';
import { Keeper } from './retention.ts';
import { SqliteRevocations } from './revocations.ts';
import { SqliteRooms } from './rooms.ts';
import { Usage } from './usage.ts';
import { Writer } from './writer.ts';

export interface SqliteOptions {
  /** The file; made, with its directory, when it is not there. */
  readonly path: string;
  readonly durability: Durability;
  /** Bytes free on the disk below which the operator is warned. @default 0, never */
  readonly freeSpaceWarning?: number;
  readonly retention: Retention;
  /** @default none */
  readonly storage?: StorageLimits;
  readonly clock: Clock;
  /** Hears of faults in the background. */
  readonly report: (thrown: unknown) => void;
}

/** Unix milliseconds: by the wall clock, and by the time by which things grow old. */
interface Times {
  readonly now: number;
  readonly age: number;
}

/** What exists while the file is open. */
interface Opened {
  readonly file: OpenFile;
  readonly database: DatabaseSync;
  readonly sink: EngineSink;
  readonly life: Life;
  readonly states: ChannelStates;
  readonly ageing: Ageing;
  readonly ids: Idempotency;
  readonly keeper: Keeper;
  readonly usage: Usage;
  readonly forgetter: Forgetter;
  readonly reader: Reader;
  readonly catalogue: Catalogue;
  readonly remover: Remover;
  readonly rooms: SqliteRooms;
  readonly revocations: SqliteRevocations;
  readonly inserter: Inserter;
  readonly checkpointer: Checkpointer;
  readonly condition: Condition;
  readonly writer: Writer;
  readonly probe: Probe;
  readonly diskWatch: DiskWatch;
  readonly stopSweep: () => void;
}

/** Milliseconds that a start waits for another program to let go of the file. */
const startPatience = 5_000;

const sweepInterval = 1_000;
/** Milliseconds after which a sweep begins no further piece: what is published meanwhile waits so long. */
const sweepBudget = 2;
/** Milliseconds until a sweep that met a lock is tried again: most are those of our own checkpoints. */
const lockedPause = 20;
/** What a sweep that did not come to its end changed, in messages, roughly. */
const tidied = 1_000;

/** Everything in one SQLite file, in WAL mode: one transaction for each batch. */
export class SqliteEngine implements Engine {
  readonly capabilities = { durable: true, distributed: false };
  readonly presence: LocalPresence;
  readonly rooms: RoomStore;
  readonly revocations: RevocationStore;
  readonly exhausted = new Exhausted();
  readonly #options: SqliteOptions;
  #opened: Opened | null = null;
  #sweepsOn = false;

  constructor(options: SqliteOptions) {
    this.#options = options;
    this.presence = new LocalPresence(options.clock, (event) => this.#opened?.sink.presence(event));
    this.rooms = {
      all: async () => this.#use().rooms.all(),
      create: async (room) => this.#use().rooms.create(room),
      admit: async (channel, user) => this.#use().rooms.admit(channel, user),
      expel: async (channel, user) => this.#use().rooms.expel(channel, user),
      remove: async (channel) => this.#use().rooms.remove(channel),
    };
    this.revocations = {
      all: async () => this.#use().revocations.all(),
      add: async (revocation) => this.#use().revocations.add(revocation),
    };
  }

  async open(sink: EngineSink): Promise<void> {
    try {
      await patiently(() => this.#open(sink), startPatience);
    } catch (thrown) {
      throw isLocked(thrown) ? lockedAtStart(this.#options.path) : thrown;
    }
  }

  #open(sink: EngineSink): void {
    const { path, durability } = this.#options;
    const file = openFile(path, durability);
    try {
      this.#opened = this.#prepare(file, sink);
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  #prepare(file: OpenFile, sink: EngineSink): Opened {
    const {
      path,
      durability,
      retention,
      clock,
      report,
      freeSpaceWarning = 0,
      storage = unlimited,
    } = this.#options;
    const { database } = file;
    const life = new Life(database, durability, circumstances(path));
    const lives = new Lives(database, life.epoch);
    const states = new ChannelStates(database, lives);
    const usage = new Usage(database, storage, this.exhausted);
    const keeper = new Keeper(database, retention, states, usage);
    const { channelTtl = Number.POSITIVE_INFINITY, idempotencyWindow } = retention;
    const ageing = new Ageing(clock);
    const ids = new Idempotency(database, idempotencyWindow, ageing.now());
    const inserter = new Inserter(database);
    const condition = new Condition(path, report);
    const writer = new Writer(database, condition, () => {
      states.forgetAll();
      inserter.clear();
      ids.reload();
      keeper.rolledBack();
      lives.reload();
      usage.rolledBack();
    });
    return {
      file,
      database,
      sink,
      life,
      states,
      usage,
      keeper,
      ageing,
      forgetter: new Forgetter({ database, states, keeper, clock, channelTtl, idempotencyWindow }),
      ids,
      reader: new Reader(database, keeper),
      catalogue: new Catalogue(database),
      remover: new Remover(database, keeper, writer, usage),
      rooms: new SqliteRooms(database, writer),
      revocations: new SqliteRevocations(database, writer),
      inserter,
      checkpointer: new Checkpointer(database, path, report),
      condition,
      writer,
      probe: new Probe(database, writer, condition),
      diskWatch: new DiskWatch({ path, least: freeSpaceWarning, clock, report }),
      stopSweep: clock.every(sweepInterval, () => this.#sweep()),
    };
  }

  async append(batch: readonly Draft[]): Promise<Receipt[]> {
    const opened = this.#use();
    const { writer, probe, sink, checkpointer, usage } = opened;
    const bytes = sizeOf(batch);
    let followed: Message[] = [];
    const work = (): Receipt[] => {
      followed = [];
      return this.#place(opened, batch, followed);
    };
    const committed = (): void => {
      probe.stored();
      usage.committed(bytes + batch.length * overhead);
      checkpointer.committed(batch.length, bytes);
      if (followed.length > 0) sink.deliver(followed);
    };
    return writer.run(work, { committed }).catch((thrown) => {
      probe.failed(bytes);
      throw thrown;
    });
  }

  async read(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const { states, reader } = this.#use();
    return this.#patiently(() => {
      const state = this.#current(channel);
      const { messages, more } = reader.read(state, query);
      return { epoch: states.epochOf(state), offset: state.top, messages, more };
    });
  }

  async tail(channel: string, query: TailQuery): Promise<Tail> {
    const { states, reader } = this.#use();
    return this.#patiently(() => {
      const state = this.#current(channel);
      return { epoch: states.epochOf(state), offset: state.top, ...reader.tail(state, query) };
    });
  }

  async state(channel: string, after = 0): Promise<ChannelState> {
    const { states, keeper } = this.#use();
    return this.#patiently(() => {
      const state = this.#current(channel);
      const hole = keeper.hole(state);
      const start = Math.min(Math.max(after, state.historyFloor), state.top);
      const below = start < hole ? keeper.rankAt(state, hole) - keeper.rankAt(state, start) : 0;
      const kept = below + state.top - Math.max(start, hole);
      return { epoch: states.epochOf(state), offset: state.top, completeFrom: hole + 1, kept };
    });
  }

  async follow(channel: string): Promise<Position> {
    const { states } = this.#use();
    return this.#patiently(() => {
      const state = states.get(channel);
      states.follow(state);
      return { epoch: states.epochOf(state), offset: state.top };
    });
  }

  async unfollow(channel: string): Promise<void> {
    const { states, forgetter } = this.#use();
    if (states.unfollow(channel)) forgetter.left(channel);
  }

  async remove(channel: string, id: string, offset?: number): Promise<Removal> {
    return this.#use().remover.remove(() => this.#current(channel), id, offset);
  }

  async clear(channel: string): Promise<number> {
    const { keeper, writer, usage } = this.#use();
    const work = (): number => {
      const state = this.#current(channel);
      keeper.clear(state);
      return state.top;
    };
    return writer.run(work, { committed: () => usage.committed() });
  }

  async channels(query: { prefix: string; after?: string; limit: number }): Promise<string[]> {
    const { catalogue } = this.#use();
    return this.#patiently(() => catalogue.page(query));
  }

  /** A probe is committed and read back. */
  async health(): Promise<EngineHealth> {
    const probe = this.#opened?.probe;
    return probe ? probe.run() : { ok: false, detail: 'the engine is not open' };
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    opened?.stopSweep();
    opened?.diskWatch.close();
    this.presence.clear();
    if (!opened) return;
    try {
      await opened.writer.run(() => opened.forgetter.note());
      await opened.life.end(opened.writer);
    } catch (thrown) {
      // Nothing is lost: at most a new epoch begins after a restart of the machine.
      if (!(thrown instanceof FanwireError)) this.#options.report(thrown);
    }
    await opened.checkpointer.close();
    opened.file.close();
  }

  /** Reads while another program keeps readers off the file, which is seldom. */
  async #patiently<T>(read: () => T): Promise<T> {
    try {
      return await patiently(read);
    } catch (thrown) {
      throw isLocked(thrown) ? this.#use().condition.unavailable() : thrown;
    }
  }

  /** Within a transaction. */
  #place(opened: Opened, batch: readonly Draft[], followed: Message[]): Receipt[] {
    const times = { now: this.#options.clock.now(), age: opened.ageing.now() };
    const touched = new Set<State>();
    opened.ids.turn(times.age);
    const receipts = batch.map((draft) => this.#placeOne(opened, draft, times, touched, followed));
    opened.inserter.flush();
    for (const state of touched) opened.keeper.afterAppend(state);
    return receipts;
  }

  /** Gives a draft its place, or finds the one it has. Within a transaction. */
  #placeOne(
    opened: Opened,
    draft: Draft,
    { now, age }: Times,
    touched: Set<State>,
    followed: Message[],
  ): Receipt {
    const { channel, id, keyed, type, data, sender, persist, account } = draft;
    const { ids, inserter, states, usage } = opened;
    const state = states.get(channel);
    const earlier = keyed ? ids.find(draft, age) : undefined;
    if (earlier) {
      const { offset, time } = earlier;
      return { id, channel, offset, epoch: states.epochOf(state), time, duplicate: true };
    }
    if (state.top === 0) states.begin(state);
    touched.add(state);
    const { epoch } = state;
    const offset = ++state.top;
    const time = Math.max(now, state.time);
    state.time = time;
    if (persist) {
      state.rank++;
      const cost = costOf(data.length);
      if (!state.kept?.isCurrent) state.kept = usage.channel(channel);
      usage.add(state.kept, cost);
      if (account) usage.add(usage.account(account), cost);
    }
    inserter.add(draft, state);
    if (keyed) ids.add(draft, offset, time);
    if (states.isFollowed(channel))
      followed.push({ id, channel, offset, epoch, time, type, data, sender, persist });
    return { id, channel, offset, epoch, time, duplicate: false };
  }

  /** The channel's state with nothing in it that has expired. */
  #current(channel: string): State {
    const { keeper, states, ageing } = this.#use();
    const state = states.get(channel);
    if (state.top > 0) keeper.expire(state, ageing.now());
    return state;
  }

  /** Goes on in the next turns of the event loop, between which messages pass, until all is tidy. */
  #sweep(): void {
    if (!this.#opened) return;
    try {
      const { ids, keeper, forgetter, writer, usage, ageing } = this.#opened;
      const more = writer.now(() => {
        const now = ageing.now();
        ids.turn(now);
        const end = performance.now() + sweepBudget;
        const tidied = keeper.sweep(now, end);
        const counted = usage.sweep(end);
        const forgotten = forgetter.sweep(now, end);
        // Without progress it would go round for ever.
        return counted || ((tidied || forgotten) && performance.now() >= end);
      });
      if (more !== undefined) usage.committed();
      this.#opened.checkpointer.committed(more ? tidied : 0, 0);
      if (more === undefined || more) this.#sweepOn(more === undefined);
    } catch (thrown) {
      // What the world does to the file is told by its condition.
      if (!(thrown instanceof FanwireError)) this.#options.report(thrown);
    }
  }

  #sweepOn(isLocked: boolean): void {
    if (this.#sweepsOn) return;
    this.#sweepsOn = true;
    const again = (): void => {
      this.#sweepsOn = false;
      this.#sweep();
    };
    if (isLocked) setTimeout(again, lockedPause).unref();
    else setImmediate(again);
  }

  #use(): Opened {
    if (!this.#opened) throw new FanwireError('unavailable', 'the engine is not open');
    return this.#opened;
  }
}

function sizeOf(batch: readonly Draft[]): number {
  let size = 0;
  for (const { data } of batch) size += data.length;
  return size;
}
