import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Draft } from '../engine.ts';
import type { State } from './channel-state.ts';

const columns = 'channel, offset, id, type, user, data, time, persist, rank, keyed, connection, client';
const width = 12;
/** Rows of one statement: binding and stepping through it costs less than through as many statements. */
const together = 32;

/** Writes messages into the log, many with one statement. Within a transaction. */
export class Inserter {
  readonly #one: StatementSync;
  readonly #many: StatementSync;
  #values: SQLInputValue[] = [];

  constructor(database: DatabaseSync) {
    const row = `(${Array.from({ length: width }, () => '?').join(', ')})`;
    const insert = (rows: number): StatementSync =>
      database.prepare(
        `INSERT INTO message_log (${columns}) VALUES ${Array.from({ length: rows }, () => row).join(', ')}`,
      );
    this.#one = insert(1);
    this.#many = insert(together);
  }

  /** At the place that the channel's state names. Written at once, or by `flush`. */
  add({ channel, id, keyed, type, data, sender, persist }: Draft, { top, time, rank }: State): void {
    const [user, connection, client] = sender
      ? [sender.user, sender.connection, sender.client]
      : [null, null, null];
    const flags = [persist ? 1 : 0, keyed ? 1 : 0] as const;
    this.#values.push(channel, top, id, type, user, data, time, flags[0], rank, flags[1], connection, client);
    if (this.#values.length < width * together) return;
    this.#many.run(...this.#values);
    this.#values = [];
  }

  /** To be called before anything of what was added is read. */
  flush(): void {
    const values = this.#values;
    if (values.length === 0) return;
    this.#values = [];
    for (let at = 0; at < values.length; at += width) this.#one.run(...values.slice(at, at + width));
  }

  /** After a rollback: forgets what was added and not written. */
  clear(): void {
    this.#values = [];
  }
}
