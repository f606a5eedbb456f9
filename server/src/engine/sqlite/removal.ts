import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deletedType, type Message, mostNamed, type Removal } from '../engine.ts';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';
import { buried, isSeen, longestRun, messagesOf, type RunRow, runColumns } from './run.ts';
import type { Usage } from './usage.ts';
import type { Writer } from './writer.ts';

/** Offsets looked through for a server-made id in one turn of the event loop: some milliseconds. */
const searched = 4_000;
/**
 * How far apart the time in a server-made id and its message's may be (milliseconds): as a rule almost nothing, and
 * after the system's clock was corrected as much as that.
 */
const reaches = [2_000, 600_000];

/** Messages with the same chosen id that are looked at, the newest, at most. */
const mostAlike = 1_000;

/** Messages with one id, by their offsets. */
interface Found {
  readonly standing: number[];
  /** The newest tombstone; 0 when there is none. */
  buried: number;
}

/** Puts a tombstone in the place of one message. */
export class Remover {
  readonly #keeper: Keeper;
  readonly #writer: Writer;
  readonly #usage: Usage;
  readonly #findKeyed: StatementSync;
  readonly #findMade: StatementSync;
  readonly #findAt: StatementSync;
  readonly #rewrite: StatementSync;

  constructor(database: DatabaseSync, keeper: Keeper, writer: Writer, usage: Usage) {
    this.#usage = usage;
    this.#keeper = keeper;
    this.#writer = writer;
    const seen = '(persist = 1 OR last > ?)';
    // Left alone, SQLite goes down the channel for the sake of ORDER BY.
    this.#findKeyed = database.prepare(
      `SELECT ${runColumns} FROM runs INDEXED BY runs_keyed WHERE channel = ? AND key = ? AND last > ? AND ${seen} ORDER BY last DESC LIMIT ${mostAlike}`,
    );
    this.#findMade = database.prepare(
      `SELECT ${runColumns} FROM runs WHERE channel = ? AND last > ? AND last <= ? AND key IS NULL AND instr(heads, ?) > 0 AND ${seen}`,
    );
    this.#findAt = database.prepare(
      `SELECT ${runColumns} FROM runs WHERE channel = ? AND last >= ? AND last - count < ? AND last < ? AND ${seen} LIMIT 1`,
    );
    this.#rewrite = database.prepare('UPDATE runs SET heads = ?, data = ? WHERE channel = ? AND last = ?');
  }

  /** `current` gives the channel's state of the moment: other things happen while a server-made id is searched for. */
  async remove(current: () => State, id: string, offset?: number): Promise<Removal> {
    if (offset !== undefined) return this.#removeAt(current, id, offset);
    const found: Found = { standing: [], buried: 0 };
    this.#addKeyed(current(), id, found);
    const isKeyed = found.standing.length > 0 || found.buried > 0;
    await this.#addMade(current, id, found, isKeyed ? reaches.slice(0, 1) : reaches);
    const { standing, buried } = found;
    if (standing.length > 1) return standing.sort((one, other) => one - other).slice(-mostNamed);
    return this.#removeAt(current, id, standing[0] ?? buried);
  }

  /** Those whose publishers chose the id. */
  #addKeyed(state: State, id: string, found: Found): void {
    const floor = this.#keeper.sizeFloor(state);
    for (const row of this.#findKeyed.iterate(state.name, id, state.historyFloor, floor)) {
      for (const message of messagesOf(row, '')) add(found, message);
    }
  }

  /** The one that the server made the id for. */
  async #addMade(current: () => State, id: string, found: Found, within: readonly number[]): Promise<void> {
    const time = timeOf(id);
    if (time === null) return;
    for (const reach of within) {
      const from = this.#keeper.offsetAt(current(), time - reach) - 1;
      const to = this.#keeper.offsetAt(current(), time + reach + 1) - 1;
      const message = await this.#findMadeBetween(current, id, from, to);
      if (message) return add(found, message);
    }
  }

  /** In the runs that end between two offsets, the first excluded: all messages of a run have one time. */
  async #findMadeBetween(
    current: () => State,
    id: string,
    from: number,
    to: number,
  ): Promise<Message | undefined> {
    for (let low = from; low < to; low += searched) {
      if (low > from) await nextTurn();
      const message = this.#findMadeIn(current(), id, low, Math.min(low + searched, to));
      if (message) return message;
    }
    return undefined;
  }

  #findMadeIn(state: State, id: string, low: number, high: number): Message | undefined {
    const { name, historyFloor } = state;
    const floor = this.#keeper.sizeFloor(state);
    const start = Math.max(low, historyFloor);
    for (const row of this.#findMade.all(name, start, high, id, floor)) {
      const found = messagesOf(row, '').find(
        (message) => message.id === id && isSeen(message, historyFloor, floor),
      );
      if (found) return found;
    }
    return undefined;
  }

  /** Null unless readers see a message with this id there. */
  async #removeAt(current: () => State, id: string, offset: number): Promise<number | null> {
    // A look before the writing, so that what is not there waits for no lock; and another when it may write.
    if (this.#runWith(current(), id, offset) === null) return null;
    const bury = (): number | null => {
      const row = this.#runWith(current(), id, offset);
      if (row === null) return null;
      const after = { ...row, ...buried(row, offset) };
      this.#rewrite.run(after.heads, after.data, row.channel ?? null, row.last ?? null);
      this.#usage.rewritten(row, after);
      return offset;
    };
    return this.#writer.run(bury, { committed: () => this.#usage.committed() });
  }

  /** The run in which readers see a message with this id at this offset. */
  #runWith(state: State, id: string, offset: number): RunRow | null {
    const { name, historyFloor } = state;
    const floor = this.#keeper.sizeFloor(state);
    const row = this.#findAt.get(name, offset, offset, offset + longestRun, floor);
    if (row === undefined) return null;
    const found = messagesOf(row, '').find((message) => message.offset === offset);
    return found?.id === id && isSeen(found, historyFloor, floor) ? row : null;
  }
}

function add(found: Found, { offset, type }: Message): void {
  if (type === deletedType) found.buried = Math.max(found.buried, offset);
  else found.standing.push(offset);
}

/** The milliseconds in a UUIDv7; null for any other text. */
function timeOf(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : null;
}
