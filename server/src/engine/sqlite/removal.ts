import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deletedType } from '../engine.ts';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';

/** Offsets looked through for a server-made id in one turn of the event loop: some milliseconds. */
const searched = 4_000;
/**
 * How far apart the time in a server-made id and its message's may be (milliseconds): as a rule almost nothing, and
 * after the system's clock was corrected as much as that.
 */
const reaches = [2_000, 600_000];

/** Puts a tombstone in the place of one message. */
export class Remover {
  readonly #keeper: Keeper;
  readonly #findKeyed: StatementSync;
  readonly #findMade: StatementSync;
  readonly #bury: StatementSync;

  constructor(database: DatabaseSync, keeper: Keeper) {
    this.#keeper = keeper;
    const seen = '(persist = 1 OR offset > ?)';
    // Left alone, SQLite goes down the channel for the sake of ORDER BY.
    this.#findKeyed = database.prepare(
      `SELECT offset FROM message_log INDEXED BY messages_keyed WHERE channel = ? AND id = ? AND keyed = 1 AND offset > ? AND ${seen} ORDER BY offset DESC LIMIT 1`,
    );
    this.#findMade = database.prepare(
      `SELECT offset FROM message_log WHERE channel = ? AND offset > ? AND offset <= ? AND id = ? AND keyed = 0 AND ${seen} LIMIT 1`,
    );
    this.#bury = database.prepare(
      `UPDATE message_log SET type = '${deletedType}', data = 'null', user = NULL, connection = NULL, client = NULL WHERE channel = ? AND offset = ?`,
    );
  }

  /**
   * The offset of the tombstone; null when nothing that readers see has this id. `current` gives the channel's state
   * of the moment: other things happen while a server-made id is searched for.
   */
  async remove(current: () => State, id: string): Promise<number | null> {
    const state = current();
    const floor = this.#keeper.sizeFloor(state);
    const keyed = this.#findKeyed.get(state.name, id, state.historyFloor, floor);
    if (keyed !== undefined) return this.#buried(state, Number(keyed.offset));
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

  /** Between two offsets, the first excluded. */
  async #removeMade(current: () => State, id: string, from: number, to: number): Promise<number | null> {
    for (let low = from; low < to; low += searched) {
      if (low > from) await nextTurn();
      const state = current();
      const floor = this.#keeper.sizeFloor(state);
      const start = Math.max(low, state.historyFloor);
      const row = this.#findMade.get(state.name, start, Math.min(low + searched, to), id, floor);
      if (row !== undefined) return this.#buried(state, Number(row.offset));
    }
    return null;
  }

  #buried(state: State, offset: number): number {
    this.#bury.run(state.name, offset);
    return offset;
  }
}

/** The milliseconds in a UUIDv7; null for any other text. */
function timeOf(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : null;
}
