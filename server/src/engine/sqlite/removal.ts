import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';
import { buried, isSeen, messagesOf, type RunRow, runColumns } from './run.ts';
import type { Writer } from './writer.ts';

/** Offsets looked through for a server-made id in one turn of the event loop: some milliseconds. */
const searched = 4_000;
/**
 * How far apart the time in a server-made id and its message's may be (milliseconds): as a rule almost nothing, and
 * after the system's clock was corrected as much as that.
 */
const reaches = [2_000, 600_000];

/** Where a message stands. */
interface Found {
  readonly row: RunRow;
  readonly offset: number;
}

/** Puts a tombstone in the place of one message. */
export class Remover {
  readonly #keeper: Keeper;
  readonly #writer: Writer;
  readonly #findKeyed: StatementSync;
  readonly #findMade: StatementSync;
  readonly #rewrite: StatementSync;

  constructor(database: DatabaseSync, keeper: Keeper, writer: Writer) {
    this.#keeper = keeper;
    this.#writer = writer;
    const seen = '(persist = 1 OR last > ?)';
    // Left alone, SQLite goes down the channel for the sake of ORDER BY.
    this.#findKeyed = database.prepare(
      `SELECT ${runColumns} FROM runs INDEXED BY runs_keyed WHERE channel = ? AND key = ? AND last > ? AND ${seen} ORDER BY last DESC LIMIT 1`,
    );
    this.#findMade = database.prepare(
      `SELECT ${runColumns} FROM runs WHERE channel = ? AND last > ? AND last <= ? AND key IS NULL AND instr(heads, ?) > 0 AND ${seen}`,
    );
    this.#rewrite = database.prepare('UPDATE runs SET heads = ?, data = ? WHERE channel = ? AND last = ?');
  }

  /**
   * The offset of the tombstone; null when nothing that readers see has this id. `current` gives the channel's state
   * of the moment: other things happen while a server-made id is searched for.
   */
  async remove(current: () => State, id: string): Promise<number | null> {
    const keyed = await this.#bury(() => this.#keyed(current(), id));
    if (keyed !== null) return keyed;
    const time = timeOf(id);
    if (time === null) return null;
    for (const reach of reaches) {
      const from = this.#keeper.offsetAt(current(), time - reach) - 1;
      const to = this.#keeper.offsetAt(current(), time + reach + 1) - 1;
      const offset = await this.#removeMade(current, id, from, to);
      if (offset !== null) return offset;
    }
    return null;
  }

  /** In the runs that end between two offsets, the first excluded: all messages of a run have one time. */
  async #removeMade(current: () => State, id: string, from: number, to: number): Promise<number | null> {
    for (let low = from; low < to; low += searched) {
      if (low > from) await nextTurn();
      const offset = await this.#bury(() => this.#made(current(), id, low, Math.min(low + searched, to)));
      if (offset !== null) return offset;
    }
    return null;
  }

  /** A message whose publisher chose the id. */
  #keyed(state: State, id: string): Found | null {
    const floor = this.#keeper.sizeFloor(state);
    const row = this.#findKeyed.get(state.name, id, state.historyFloor, floor);
    return row === undefined ? null : { row, offset: Number(row.last) };
  }

  #made(state: State, id: string, low: number, high: number): Found | null {
    const { name, historyFloor } = state;
    const floor = this.#keeper.sizeFloor(state);
    const start = Math.max(low, historyFloor);
    for (const row of this.#findMade.all(name, start, high, id, floor)) {
      const found = messagesOf(row, '').find(
        (message) => message.id === id && isSeen(message, historyFloor, floor),
      );
      if (found) return { row, offset: found.offset };
    }
    return null;
  }

  /** Looks before it writes, so that a search which finds nothing waits for no lock; and again when it may write. */
  async #bury(find: () => Found | null): Promise<number | null> {
    if (find() === null) return null;
    return this.#writer.run(() => {
      const found = find();
      if (found === null) return null;
      const { row, offset } = found;
      const { heads, data } = buried(row, offset);
      this.#rewrite.run(heads, data, row.channel ?? null, row.last ?? null);
      return offset;
    });
  }
}

/** The milliseconds in a UUIDv7; null for any other text. */
function timeOf(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : null;
}
