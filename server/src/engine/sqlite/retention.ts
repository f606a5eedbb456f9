import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Retention } from '../engine.ts';
import type { ChannelStates, State } from './channel-state.ts';
import { longestRun } from './run.ts';

/** Messages beyond the window before they are deleted together; readers never see them. */
const slack = 256;
/** Channels looked after in one sweep, and rows looked at to find them. */
const sweepChannels = 100;
const sweepRows = 2_000;
/** Rows deleted in one piece: some milliseconds. */
const pieceRows = 250;
/** Rows deleted in one piece by an append: more than a tick adds, so that none are left for the sweep. */
const appendRows = 4_096;
/** Milliseconds after which a sweep begins no further piece. */
const sweepBudget = 10;

/** Lets go of messages that are kept no longer, and answers how far that has gone. */
export class Keeper {
  readonly #retention: Retention;
  readonly #states: ChannelStates;
  readonly #database: DatabaseSync;
  readonly #lastPassing: StatementSync;
  readonly #deletePassing: StatementSync;
  readonly #findPassed: StatementSync;
  readonly #deleteRows: StatementSync;
  readonly #nextRow: StatementSync;
  readonly #deleteOld: StatementSync;
  readonly #dueHistories: StatementSync;
  /** Channels with rows at or below their history floor. */
  readonly #leftovers: Set<string>;

  constructor(database: DatabaseSync, retention: Retention, states: ChannelStates) {
    this.#database = database;
    this.#retention = retention;
    this.#states = states;
    const aged = 'runs_aged ON runs (time) WHERE persist = 1';
    database.exec(
      retention.historyTtl > 0 ? `CREATE INDEX IF NOT EXISTS ${aged}` : 'DROP INDEX IF EXISTS runs_aged',
    );
    this.#lastPassing = database.prepare(
      'SELECT last FROM runs WHERE channel = ? AND last > ? AND last < ? AND last - count < ? AND persist = 0 ORDER BY last DESC LIMIT 1',
    );
    this.#deletePassing = database.prepare(
      'DELETE FROM runs WHERE channel = ? AND last > ? AND last <= ? AND persist = 0',
    );
    this.#findPassed = database.prepare(
      'SELECT seq, channel FROM runs INDEXED BY runs_passing WHERE persist = 0 AND time <= ? ORDER BY time LIMIT ?',
    );
    this.#deleteRows = database.prepare('DELETE FROM runs WHERE seq IN (SELECT value FROM json_each(?))');
    this.#nextRow = database.prepare(
      'SELECT last, count, time, rank, persist FROM runs WHERE channel = ? AND last > ? ORDER BY last LIMIT 1',
    );
    this.#deleteOld = database.prepare(
      'DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE channel = ? AND last <= ? LIMIT ?)',
    );
    const oldest = `SELECT channel FROM runs WHERE persist = 1 AND time <= ? ORDER BY time LIMIT ${sweepRows}`;
    this.#dueHistories = database.prepare(`SELECT DISTINCT channel FROM (${oldest}) LIMIT ?`);
    const left = database.prepare(
      'SELECT name FROM channels WHERE history_floor > 0 AND EXISTS (SELECT 1 FROM runs WHERE channel = name AND last <= history_floor)',
    );
    this.#leftovers = new Set(left.all().map(({ name }) => String(name)));
  }

  /** Offsets at or below it are outside the recovery window at this moment, as far as its size goes. */
  sizeFloor(state: State): number {
    return Math.max(state.windowFloor, state.top - this.#retention.windowSize);
  }

  /** The highest offset that readers must miss. */
  hole(state: State): number {
    const floor = this.sizeFloor(state);
    if (floor === state.windowFloor) return state.hole;
    return Math.max(state.hole, this.#lastPassingIn(state, floor));
  }

  /** How many persisted messages there are in the channel up to this offset, by all time. */
  rankAt(state: State, offset: number): number {
    const row = this.#nextRow.get(state.name, offset);
    if (row === undefined) return state.rank;
    const last = Number(row.last);
    const behind = Math.min(last - offset, Number(row.count));
    return Number(row.rank) - (row.persist === 1 ? behind : 0);
  }

  /** Within the transaction of an append: deletes what has left the window by its size, many at a time. */
  afterAppend(state: State): void {
    if (state.top - state.windowFloor < this.#retention.windowSize + slack) return;
    this.#moveWindow(state, state.top - this.#retention.windowSize, appendRows);
    this.#states.save(state);
  }

  /** To be called before a read, outside a transaction: lets go of what expired. */
  expire(state: State, now: number): void {
    const window = this.#windowExpiry(state, now);
    const history = this.#historyExpiry(state, now, Math.max(window, this.sizeFloor(state)));
    if (window <= state.windowFloor && history <= state.historyFloor) return;
    this.#transaction(() => {
      if (window > state.windowFloor) this.#moveWindow(state, window, pieceRows);
      if (history > state.historyFloor) {
        this.#moveWindow(state, Math.max(state.windowFloor, history), pieceRows);
        state.historyFloor = history;
        state.hole = Math.max(state.hole, history);
        this.#leftovers.add(state.name);
      }
      this.#states.save(state);
    });
  }

  /** All that is kept is gone for readers at once; the rows are deleted by this and the next sweeps. */
  clear(state: State): void {
    if (state.top === state.historyFloor) return;
    this.#transaction(() => {
      state.windowFloor = state.top;
      state.historyFloor = state.top;
      state.hole = state.top;
      this.#states.save(state);
    });
    this.#leftovers.add(state.name);
    this.#deleteLeftovers(state.name);
  }

  /**
   * Some milliseconds of tidying: channels that nobody reads or writes, and rows that nobody sees any more. True when
   * there is more to do at once.
   */
  sweep(now: number): boolean {
    const end = performance.now() + sweepBudget;
    for (const channel of this.#dueHistoryChannels(now)) {
      this.expire(this.#states.get(channel), now);
      if (performance.now() >= end) break;
    }
    let deleted = this.#deletePassed(now, end);
    for (const channel of this.#leftovers) {
      deleted += this.#deleteLeftovers(channel);
      if (performance.now() >= end) break;
    }
    // Without progress it would go round for ever.
    return deleted > 0 && performance.now() >= end;
  }

  /**
   * Rows that have left the window by their age, oldest first, piece by piece until they are gone or the time is up:
   * each after its channel has taken note, so that nobody who comes back is told that it is still there.
   */
  #deletePassed(now: number, end: number): number {
    let deleted = 0;
    for (let found = pieceRows; found === pieceRows && performance.now() < end; ) {
      const rows = this.#findPassed.all(now - this.#retention.windowTtl, pieceRows);
      const noted = new Set<string>();
      const passed = rows.filter(({ channel }) => {
        const name = String(channel);
        if (noted.has(name)) return true;
        if (performance.now() >= end && noted.size > 0) return false;
        this.expire(this.#states.get(name), now);
        noted.add(name);
        return true;
      });
      this.#deleteRows.run(JSON.stringify(passed.map(({ seq }) => seq)));
      deleted += passed.length;
      found = rows.length;
    }
    return deleted;
  }

  #dueHistoryChannels(now: number): Set<string> {
    const { windowTtl, historyTtl } = this.#retention;
    if (historyTtl === 0) return new Set();
    const due = this.#dueHistories.all(now - Math.max(historyTtl, windowTtl), sweepChannels);
    return new Set(due.map(({ channel }) => String(channel)));
  }

  /** Rows at or below the history floor, a piece at a time; when none is left the channel is done with. */
  #deleteLeftovers(channel: string): number {
    const { historyFloor } = this.#states.get(channel);
    const changes = Number(this.#deleteOld.run(channel, historyFloor, pieceRows).changes);
    this.#leftovers.delete(channel);
    // To the end of the queue.
    if (changes === pieceRows) this.#leftovers.add(channel);
    return changes;
  }

  /** The offset of the first message from this time on; one above the top when there is none. */
  offsetAt(state: State, time: number): number {
    if (state.time < time) return state.top + 1;
    let low = state.historyFloor;
    let high = state.top;
    while (low < high) {
      const row = this.#nextRow.get(state.name, Math.floor((low + high) / 2));
      if (row === undefined || Number(row.time) >= time) high = Math.floor((low + high) / 2);
      else low = Number(row.last);
    }
    return low + 1;
  }

  /** The offset up to which the window has expired by its age. */
  #windowExpiry(state: State, now: number): number {
    const horizon = now - this.#retention.windowTtl;
    if (state.time <= horizon) return state.top;
    return this.#expiredUpTo(state, state.windowFloor, horizon);
  }

  /** The offset up to which persisted messages have expired; those in the window stay. */
  #historyExpiry(state: State, now: number, floor: number): number {
    const { historyTtl } = this.#retention;
    if (historyTtl === 0) return 0;
    return Math.min(floor, this.#expiredUpTo(state, state.historyFloor, now - historyTtl));
  }

  #expiredUpTo(state: State, floor: number, horizon: number): number {
    const first = this.#nextRow.get(state.name, floor);
    if (first === undefined || Number(first.time) > horizon) return floor;
    return this.offsetAt(state, horizon + 1) - 1;
  }

  /** Deletes some of what has left the window; the rest is gone for readers, and left to the sweep. */
  #moveWindow(state: State, floor: number, rows: number): void {
    if (floor <= state.windowFloor) return;
    const last = this.#lastPassingIn(state, floor);
    if (last > 0) {
      state.hole = Math.max(state.hole, last);
      this.#deletePassing.run(state.name, state.windowFloor, Math.min(floor, state.windowFloor + rows));
    }
    state.windowFloor = floor;
  }

  /** The highest offset of a message above the window's floor and up to this one that was not persisted; 0 for none. */
  #lastPassingIn({ name, windowFloor }: State, floor: number): number {
    const row = this.#lastPassing.get(name, windowFloor, floor + longestRun, floor);
    return row === undefined ? 0 : Math.min(Number(row.last), floor);
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (thrown) {
      this.#states.forgetAll();
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }
}
