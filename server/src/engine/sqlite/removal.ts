import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { deletedType } from '../engine.ts';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';

/** Rows looked through for a server-made id, behind the time that it holds. */
const searchedRows = 20_000;
/** How far the time in a server-made id may be ahead of its message's (milliseconds). */
const idAhead = 2_000;

/** Puts a tombstone in the place of one message. */
export class Remover {
  readonly #keeper: Keeper;
  readonly #findKeyed: StatementSync;
  readonly #findMade: StatementSync;
  readonly #bury: StatementSync;

  constructor(database: DatabaseSync, keeper: Keeper) {
    this.#keeper = keeper;
    this.#findKeyed = database.prepare(
      'SELECT offset, persist FROM messages WHERE channel = ? AND id = ? AND keyed = 1 AND offset > ? ORDER BY offset DESC LIMIT 1',
    );
    this.#findMade = database.prepare(
      `SELECT offset, persist FROM (SELECT offset, persist, id, keyed FROM messages WHERE channel = ? AND offset >= ? ORDER BY offset LIMIT ${searchedRows}) WHERE id = ? AND keyed = 0 LIMIT 1`,
    );
    this.#bury = database.prepare(
      `UPDATE messages SET type = '${deletedType}', data = 'null', user = NULL, connection = NULL, client = NULL WHERE channel = ? AND offset = ?`,
    );
  }

  /** The offset of the tombstone; null when nothing that readers see has this id. */
  remove(state: State, id: string): number | null {
    const row = this.#find(state, id);
    if (row === undefined) return null;
    const offset = Number(row.offset);
    const seen = offset > state.historyFloor && (row.persist === 1 || offset > this.#keeper.sizeFloor(state));
    if (!seen) return null;
    this.#bury.run(state.name, offset);
    return offset;
  }

  #find(state: State, id: string): ReturnType<StatementSync['get']> {
    const keyed = this.#findKeyed.get(state.name, id, state.historyFloor);
    if (keyed !== undefined) return keyed;
    const time = timeOf(id);
    if (time === null) return undefined;
    const from = this.#keeper.offsetAt(state, time - idAhead);
    return this.#findMade.get(state.name, from, id);
  }
}

/** The milliseconds in a UUIDv7; null for any other text. */
function timeOf(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : null;
}
