import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Draft } from '../engine.ts';
import type { State } from './channel-state.ts';
import { Run } from './run.ts';

const columns = 'channel, last, count, time, persist, rank, key, heads, data';
const width = 9;
/** Rows of one statement, most first: binding and stepping through it costs less than through as many statements. */
const sizes = [32, 8, 1] as const;
const [most] = sizes;

/**
 * Writes messages into the file: those of a channel together in runs, and many runs with one statement. Within a
 * transaction, which is over when one of them cannot be written: so SQLite keeps no copies of the pages to undo the
 * statement alone.
 */
export class Inserter {
  readonly #statements: readonly { readonly values: number; readonly statement: StatementSync }[];
  /** Of each channel the run that its next message may go to. */
  readonly #open = new Map<string, Run>();
  #values: SQLInputValue[] = [];

  constructor(database: DatabaseSync) {
    const row = `(${Array.from({ length: width }, () => '?').join(', ')})`;
    this.#statements = sizes.map((rows) => ({
      values: rows * width,
      statement: database.prepare(
        `INSERT OR ROLLBACK INTO runs (${columns}) VALUES ${Array.from({ length: rows }, () => row).join(', ')}`,
      ),
    }));
  }

  /** At the place that the channel's state names. Written at once, or by `flush`. */
  add(draft: Draft, { top, time, rank }: State): void {
    let run = this.#open.get(draft.channel);
    if (!run?.takes(draft)) {
      if (run) this.#write(run);
      run = new Run(draft, time);
      this.#open.set(draft.channel, run);
    }
    run.add(draft, top, rank);
  }

  /** To be called before anything of what was added is read. */
  flush(): void {
    for (const run of this.#open.values()) this.#write(run);
    this.#open.clear();
    this.#insert();
  }

  /** After a rollback: forgets what was added and not written. */
  clear(): void {
    this.#open.clear();
    this.#values = [];
  }

  #write({ channel, last, count, time, persist, rank, key, heads, data }: Run): void {
    this.#values.push(channel, last, count, time, persist ? 1 : 0, rank, key, heads, data);
    if (this.#values.length === width * most) this.#insert();
  }

  #insert(): void {
    const values = this.#values;
    this.#values = [];
    let at = 0;
    for (const { values: count, statement } of this.#statements) {
      for (; values.length - at >= count; at += count) statement.run(...values.slice(at, at + count));
    }
  }
}
