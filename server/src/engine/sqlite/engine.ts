import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../clock.ts';
import { FanwireError } from '../../errors.ts';
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
  Retention,
  RevocationStore,
  RoomStore,
  Tail,
  TailQuery,
} from '../engine.ts';
import { LocalPresence } from '../local-presence.ts';
import { Catalogue } from './catalogue.ts';
import { ChannelStates, type State } from './channel-state.ts';
import { Checkpointer } from './checkpointer.ts';
import { type Durability, type OpenFile, openFile } from './file.ts';
import { Idempotency } from './idempotency.ts';
import { Inserter } from './inserter.ts';
import { circumstances, Life } from './life.ts';
import { Reader } from './reader.ts';
import { Remover } from './removal.ts';
import { Keeper } from './retention.ts';
import { SqliteRevocations } from './revocations.ts';
import { SqliteRooms } from './rooms.ts';
import { readMeta, writeMeta } from './schema.ts';

export interface SqliteOptions {
  /** The file; made, with its directory, when it is not there. */
  readonly path: string;
  readonly durability: Durability;
  readonly retention: Retention;
  readonly clock: Clock;
  /** Hears of faults in the background. */
  readonly report: (thrown: unknown) => void;
}

/** What exists while the file is open. */
interface Opened {
  readonly file: OpenFile;
  readonly database: DatabaseSync;
  readonly sink: EngineSink;
  readonly life: Life;
  readonly epoch: string;
  readonly states: ChannelStates;
  readonly ids: Idempotency;
  readonly keeper: Keeper;
  readonly reader: Reader;
  readonly catalogue: Catalogue;
  readonly remover: Remover;
  readonly rooms: SqliteRooms;
  readonly revocations: SqliteRevocations;
  readonly inserter: Inserter;
  readonly transaction: Transaction;
  readonly checkpointer: Checkpointer;
  readonly stopSweep: () => void;
}

/** Prepared once, for the sake of small batches. */
interface Transaction {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
}

const sweepInterval = 1_000;
/** What a sweep that did not come to its end changed, in messages, roughly. */
const tidied = 1_000;

/** Everything in one SQLite file, in WAL mode: one transaction for each batch. */
export class SqliteEngine implements Engine {
  readonly capabilities = { durable: true, distributed: false };
  readonly presence: LocalPresence;
  readonly rooms: RoomStore;
  readonly revocations: RevocationStore;
  readonly #options: SqliteOptions;
  readonly #followed = new Set<string>();
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
    };
    this.revocations = {
      all: async () => this.#use().revocations.all(),
      add: async (revocation) => this.#use().revocations.add(revocation),
    };
  }

  async open(sink: EngineSink): Promise<void> {
    const { path, durability, retention, clock } = this.#options;
    const file = openFile(path, durability);
    const { database } = file;
    const life = new Life(database, durability, circumstances(path));
    const states = new ChannelStates(database);
    const keeper = new Keeper(database, retention, states);
    this.#opened = {
      file,
      database,
      sink,
      life,
      epoch: life.epoch,
      states,
      keeper,
      ids: new Idempotency(database, retention.idempotencyWindow, clock.now()),
      reader: new Reader(database, life.epoch, keeper),
      catalogue: new Catalogue(database),
      remover: new Remover(database, keeper),
      rooms: new SqliteRooms(database),
      revocations: new SqliteRevocations(database),
      inserter: new Inserter(database),
      checkpointer: new Checkpointer(database, path, this.#options.report),
      transaction: {
        begin: database.prepare('BEGIN IMMEDIATE'),
        commit: database.prepare('COMMIT'),
      },
      stopSweep: clock.every(sweepInterval, () => this.#sweep()),
    };
  }

  async append(batch: readonly Draft[]): Promise<Receipt[]> {
    const opened = this.#use();
    const { database, states, ids, inserter, keeper, sink, transaction, checkpointer } = opened;
    const now = this.#options.clock.now();
    ids.turn(now);
    const receipts: Receipt[] = [];
    const followed: Message[] = [];
    const touched = new Set<State>();
    transaction.begin.run();
    try {
      for (const draft of batch) receipts.push(this.#place(opened, draft, now, touched, followed));
      inserter.flush();
      for (const state of touched) keeper.afterAppend(state);
      transaction.commit.run();
    } catch (thrown) {
      states.forgetAll();
      inserter.clear();
      if (database.isTransaction) database.exec('ROLLBACK');
      throw thrown;
    }
    checkpointer.committed(batch.length, sizeOf(batch));
    if (followed.length > 0) sink.deliver(followed);
    return receipts;
  }

  async read(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const { epoch, reader } = this.#use();
    const state = this.#current(channel);
    const { messages, more } = reader.read(state, query);
    return { epoch, offset: state.top, messages, more };
  }

  async tail(channel: string, query: TailQuery): Promise<Tail> {
    const { epoch, reader } = this.#use();
    const state = this.#current(channel);
    return { epoch, offset: state.top, ...reader.tail(state, query) };
  }

  async state(channel: string, after = 0): Promise<ChannelState> {
    const { epoch, keeper } = this.#use();
    const state = this.#current(channel);
    const hole = keeper.hole(state);
    const start = Math.min(Math.max(after, state.historyFloor), state.top);
    const below = start < hole ? keeper.rankAt(state, hole) - keeper.rankAt(state, start) : 0;
    const kept = below + state.top - Math.max(start, hole);
    return { epoch, offset: state.top, completeFrom: hole + 1, kept };
  }

  async follow(channel: string): Promise<Position> {
    const { epoch, states } = this.#use();
    this.#followed.add(channel);
    return { epoch, offset: states.get(channel).top };
  }

  async unfollow(channel: string): Promise<void> {
    this.#followed.delete(channel);
  }

  async remove(channel: string, id: string): Promise<number | null> {
    return this.#use().remover.remove(() => this.#current(channel), id);
  }

  async clear(channel: string): Promise<number> {
    const state = this.#current(channel);
    this.#use().keeper.clear(state);
    return state.top;
  }

  async channels(query: { prefix: string; after?: string; limit: number }): Promise<string[]> {
    return this.#use().catalogue.page(query);
  }

  /** A probe is committed and read back. */
  async health(): Promise<EngineHealth> {
    try {
      const { database } = this.#use();
      const probe = randomBytes(6).toString('base64url');
      writeMeta(database, 'probe', probe);
      const ok = readMeta(database, 'probe') === probe;
      return ok ? { ok } : { ok, detail: 'the database did not return what was written' };
    } catch (thrown) {
      return { ok: false, detail: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    opened?.stopSweep();
    await opened?.checkpointer.close();
    opened?.life.end();
    opened?.file.close();
    this.presence.clear();
  }

  /** Gives a draft its place, or finds the one it has. Within the transaction. */
  #place(opened: Opened, draft: Draft, now: number, touched: Set<State>, followed: Message[]): Receipt {
    const { channel, id, keyed, type, data, sender, persist } = draft;
    const { epoch, ids, inserter } = opened;
    const earlier = keyed ? ids.find(channel, id, now) : undefined;
    if (earlier) return { id, channel, offset: earlier.offset, epoch, time: earlier.time, duplicate: true };
    const state = opened.states.get(channel);
    touched.add(state);
    const offset = ++state.top;
    const time = Math.max(now, state.time);
    state.time = time;
    if (persist) state.rank++;
    inserter.add(draft, state);
    if (keyed) ids.add(channel, id, offset, time);
    if (this.#followed.has(channel))
      followed.push({ id, channel, offset, epoch, time, type, data, sender, persist });
    return { id, channel, offset, epoch, time, duplicate: false };
  }

  /** The channel's state with nothing in it that has expired. */
  #current(channel: string): State {
    const { keeper, states } = this.#use();
    const state = states.get(channel);
    if (state.top > 0) keeper.expire(state, this.#options.clock.now());
    return state;
  }

  /** Goes on in the next turns of the event loop, between which messages pass, until all is tidy. */
  #sweep(): void {
    if (!this.#opened) return;
    try {
      const now = this.#options.clock.now();
      this.#opened.ids.turn(now);
      const more = this.#opened.keeper.sweep(now);
      this.#opened.checkpointer.committed(more ? tidied : 0, 0);
      if (!more || this.#sweepsOn) return;
      this.#sweepsOn = true;
      setImmediate(() => {
        this.#sweepsOn = false;
        this.#sweep();
      });
    } catch (thrown) {
      this.#options.report(thrown);
    }
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
