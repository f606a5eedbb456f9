import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Draft } from '../engine.ts';
import { readMeta, writeMeta } from './schema.ts';

type Keyed = Pick<Draft, 'channel' | 'space' | 'id'>;

interface Generation {
  readonly find: StatementSync;
  readonly add: StatementSync;
  readonly empty: StatementSync;
}

/** The place of a message that was published under an id before. */
export interface Earlier {
  readonly offset: number;
  readonly time: number;
}

/** Publishers' ids within the idempotency window, on disk, so that a retry after a crash is recognised. */
export class Idempotency {
  readonly #database: DatabaseSync;
  readonly #window: number;
  readonly #generations: readonly [Generation, Generation];
  #current: 0 | 1 = 0;
  #since = 0;

  /** `window` in milliseconds. */
  constructor(database: DatabaseSync, window: number, now: number) {
    this.#database = database;
    this.#window = window;
    this.#generations = [prepare(database, 'ids_0'), prepare(database, 'ids_1')];
    if (readMeta(database, 'ids_since') === undefined) writeMeta(database, 'ids_since', String(now));
    this.reload();
  }

  /** What stands in the file; to be called after a rollback. */
  reload(): void {
    this.#current = readMeta(this.#database, 'ids_current') === '1' ? 1 : 0;
    this.#since = Number(readMeta(this.#database, 'ids_since'));
  }

  find(draft: Keyed, now: number): Earlier | undefined {
    return (
      this.#findIn(this.#generations[this.#current], draft, now) ??
      this.#findIn(this.#generations[this.#other], draft, now)
    );
  }

  /** Within a transaction. */
  add({ channel, space, id }: Keyed, offset: number, time: number): void {
    this.#generations[this.#current].add.run(channel, id, space, offset, time);
  }

  /** Empties the older generation once nothing in it counts any more. Within a transaction. */
  turn(now: number): void {
    const age = now - this.#since;
    if (age >= 0 && age < this.#window) return;
    if (age < 0) {
      // The clock was set back: nothing has expired, and a whole window of the new time is waited for.
      this.#since = now;
      writeMeta(this.#database, 'ids_since', String(now));
      return;
    }
    this.#generations[this.#other].empty.run();
    if (age >= 2 * this.#window) this.#generations[this.#current].empty.run();
    writeMeta(this.#database, 'ids_current', String(this.#other));
    writeMeta(this.#database, 'ids_since', String(now));
    this.#current = this.#other;
    this.#since = now;
  }

  get #other(): 0 | 1 {
    return this.#current === 0 ? 1 : 0;
  }

  #findIn(generation: Generation, { channel, space, id }: Keyed, now: number): Earlier | undefined {
    const row = generation.find.get(channel, id, space);
    if (row === undefined) return undefined;
    const time = Number(row.time);
    const expired = time < now && time <= now - this.#window;
    return expired ? undefined : { offset: Number(row.offset), time };
  }
}

function prepare(database: DatabaseSync, table: 'ids_0' | 'ids_1'): Generation {
  return {
    find: database.prepare(`SELECT offset, time FROM ${table} WHERE channel = ? AND id = ? AND space = ?`),
    add: database.prepare(
      `INSERT OR REPLACE INTO ${table} (channel, id, space, offset, time) VALUES (?, ?, ?, ?, ?)`,
    ),
    empty: database.prepare(`DELETE FROM ${table}`),
  };
}
