import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Draft } from '../engine.ts';
import type { State } from './channel-state.ts';

const columns = 'channel, offset, id, type, user, data, time, persist, rank, keyed, connection, client';
const width = 12;
/** Rows of one statement, most first: binding and stepping through it costs less than through as many statements. */
const sizes = [32, 8, 1] as const;
const [most] = sizes;

/**
 * Writes messages into the log, many with one statement. Within a transaction, which is over when one of them cannot be
 * written: so SQLite keeps no copies of the pages to undo the statement alone.
 */
export class Inserter {
  readonly #statements: readonly { readonly values: number; readonly statement: StatementSync }[];
  #values: SQLInputValue[] = [];

  constructor(database: DatabaseSync) {
    const row = `(${Array.from({ length: width }, () => '?').join(', ')})`;
    this.#statements = sizes.map((rows) => ({
      values: rows * width,
      statement: database.prepare(
        `INSERT OR ROLLBACK INTO message_log (${columns}) VALUES ${Array.from({ length: rows }, () => row).join(', ')}`,
      ),
    }));
  }

  /** At the place that the channel's state names. Written at once, or by `flush`. */
  add({ channel, id, keyed, type, data, sender, persist }: Draft, { top, time, rank }: State): void {
    const [user, connection, client] = sender
      ? [sender.user, sender.connection, sender.client]
      : [null, null, null];
    const flags = [persist ? 1 : 0, keyed ? 1 : 0] as const;
    this.#values.push(channel, top, id, type, user, data, time, flags[0], rank, flags[1], connection, client);
    if (this.#values.length === width * most) this.flush();
  }

  /** To be called before anything of what was added is read. */
  flush(): void {
    const values = this.#values;
    this.#values = [];
    let at = 0;
    for (const { values: count, statement } of this.#statements) {
      for (; values.length - at >= count; at += count) statement.run(...values.slice(at, at + count));
    }
  }

  /** After a rollback: forgets what was added and not written. */
  clear(): void {
    this.#values = [];
  }
}
