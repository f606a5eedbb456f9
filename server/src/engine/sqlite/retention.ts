import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Retention } from '../engine.ts';
import type { ChannelStates, State } from './channel-state.ts';
import { longestRun, runColumns } from './run.ts';
import type { Usage } from './usage.ts';

/** Messages beyond the window before they are deleted together; readers never see them. */
const slack = 256;
/** Channels looked after in one sweep, and rows looked at to find them. */
const sweepChannels = 100;
const sweepRows = 2_000;
/** Rows deleted in one piece: some milliseconds. */
const pieceRows = 250;
/** States saved in one sweep. */
const sweepStates = 1_000;
/** Rows deleted in one piece by an append: more than a tick adds, so that none are left for the sweep. */
const appendRows = 4_096;

/** Lets go of messages that are kept no longer, and answers how far that has gone. */
export class Keeper {
  readonly #retention: Retention;
  readonly #states: ChannelStates;
  readonly #usage: Usage;
  readonly #lastPassing: StatementSync;
  readonly #deletePassing: StatementSync;
  readonly #findPassed: StatementSync;
  readonly #deleteRows: StatementSync;
  readonly #nextRow: StatementSync;
  readonly #deleteOld: StatementSync;
  readonly #dueHistories: StatementSync;
  /** Channels with rows at or below their history floor. */
  readonly #leftovers: Set<string>;
  /** Those taken out of `#leftovers` by the transaction under way. */
  #cleaned: string[] = [];

  constructor(database: DatabaseSync, retention: Retention, states: ChannelStates, usage: Usage) {
    this.#usage = usage;
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
      'SELECT last, time FROM runs WHERE channel = ? AND last > ? ORDER BY last LIMIT 1',
    );
    this.#deleteOld = database.prepare(
      `DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE channel = ? AND last <= ? LIMIT ?) RETURNING ${runColumns}`,
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
  rankAt({ name, rank }: State, offset: number): number {
    return this.#states.rankAt(name, offset, rank);
  }

  /** Within the transaction of an append: deletes what has left the window by its size, many at a time. */
  afterAppend(state: State): void {
    if (state.top - state.windowFloor < this.#retention.windowSize + slack) return;
    const { name, windowFloor } = state;
    const floor = state.top - this.#retention.windowSize;
    const passing = this.#moveWindow(state, floor);
    if (passing > 0) this.#deletePassing.run(name, windowFloor, Math.min(floor, windowFloor + appendRows));
    this.#states.save(state);
  }

  /**
   * To be called before a read: what has expired is gone for readers. That is written down, and the rows are deleted, by
   * later sweeps: who reads needs no lock.
   */
  expire(state: State, now: number): void {
    const window = this.#windowExpiry(state, now);
    const history = this.#historyExpiry(state, now, Math.max(window, this.sizeFloor(state)));
    if (window <= state.windowFloor && history <= state.historyFloor) return;
    this.#moveWindow(state, Math.max(window, history));
    if (history > state.historyFloor) {
      state.historyFloor = history;
      state.hole = Math.max(state.hole, history);
      this.#leftovers.add(state.name);
    }
    this.#states.note(state);
  }

  /** Within a transaction: all that is kept is gone for readers; the rows are deleted by this and the next sweeps. */
  clear(state: State): void {
    if (state.top === state.historyFloor) return;
    state.windowFloor = state.top;
    state.historyFloor = state.top;
    state.hole = state.top;
    this.#states.save(state);
    this.#leftovers.add(state.name);
    this.#deleteLeftovers(state.name);
  }

  /** What the transaction that failed had done with rows is to be done again. */
  rolledBack(): void {
    for (const channel of this.#cleaned) this.#leftovers.add(channel);
    this.#cleaned = [];
  }

  /**
   * Within a transaction, until this time of the performance clock: channels that nobody reads or writes, and rows that
   * nobody sees any more. True when some were deleted.
   */
  sweep(now: number, end: number): boolean {
    this.#cleaned = [];
    for (const channel of this.#dueHistoryChannels(now)) {
      this.expire(this.#states.get(channel), now);
      if (performance.now() >= end) break;
    }
    this.#states.saveNoted(sweepStates);
    let deleted = this.#deletePassed(now, end);
    for (const channel of this.#leftovers) {
      deleted += this.#deleteLeftovers(channel);
      if (performance.now() >= end) break;
    }
    return deleted > 0;
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
        const state = this.#states.get(name);
        this.expire(state, now);
        this.#states.save(state);
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
    const state = this.#states.get(channel);
    this.#states.save(state);
    const rows = this.#deleteOld.all(channel, state.historyFloor, pieceRows);
    for (const row of rows) if (row.persist === 1) this.#usage.gone(row);
    const changes = rows.length;
    this.#leftovers.delete(channel);
    // To the end of the queue.
    if (changes === pieceRows) this.#leftovers.add(channel);
    else this.#cleaned.push(channel);
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

  /** What is at or below the floor has left the window for readers. The last of it that was not persisted; 0 for none. */
  #moveWindow(state: State, floor: number): number {
    if (floor <= state.windowFloor) return 0;
    const last = this.#lastPassingIn(state, floor);
    state.hole = Math.max(state.hole, last);
    state.windowFloor = floor;
    return last;
  }

  /** The highest offset of a message above the window's floor and up to this one that was not persisted; 0 for none. */
  #lastPassingIn({ name, windowFloor }: State, floor: number): number {
    const row = this.#lastPassing.get(name, windowFloor, floor + longestRun, floor);
    return row === undefined ? 0 : Math.min(Number(row.last), floor);
  }
}
