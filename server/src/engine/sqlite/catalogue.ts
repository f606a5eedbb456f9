import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { byBytes } from '../engine.ts';

/** The names of all channels that ever had a message, found by seeks: one for each name and table. */
export class Catalogue {
  readonly #next: readonly StatementSync[];

  constructor(database: DatabaseSync) {
    this.#next = [
      'SELECT channel AS name FROM runs WHERE channel > ? ORDER BY channel LIMIT 1',
      'SELECT channel AS name FROM runs WHERE channel >= ? ORDER BY channel LIMIT 1',
      'SELECT name FROM channels WHERE name > ? ORDER BY name LIMIT 1',
      'SELECT name FROM channels WHERE name >= ? ORDER BY name LIMIT 1',
    ].map((sql) => database.prepare(sql));
  }

  page({ prefix, after, limit }: { prefix: string; after?: string; limit: number }): string[] {
    const names: string[] = [];
    let name =
      after === undefined || byBytes(after, prefix) < 0
        ? this.#first(prefix, true)
        : this.#first(after, false);
    while (names.length < limit && name?.startsWith(prefix)) {
      names.push(name);
      name = this.#first(name, false);
    }
    return names;
  }

  /** The first name from this one on, or behind it. */
  #first(from: string, inclusive: boolean): string | undefined {
    const [messagesAfter, messagesFrom, channelsAfter, channelsFrom] = this.#next;
    const used = (inclusive ? messagesFrom : messagesAfter)?.get(from);
    const noted = (inclusive ? channelsFrom : channelsAfter)?.get(from);
    const names = [used, noted].flatMap((row) => (row === undefined ? [] : [String(row.name)]));
    return names.sort(byBytes)[0];
  }
}
