import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HistoryQuery, Message, Tail, TailQuery } from '../engine.ts';
import { Page } from '../page.ts';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';
import { isSeen, longestRun, messagesOf, runColumns } from './run.ts';

/** Reads pages of messages: always an indexed seek to where the page begins. */
export class Reader {
  readonly #keeper: Keeper;
  readonly #forward: StatementSync;
  readonly #backward: StatementSync;
  /** How far runs reach, newest first, without what is in them. */
  readonly #extents: StatementSync;

  constructor(database: DatabaseSync, keeper: Keeper) {
    this.#keeper = keeper;
    const select = (columns: string, order: 'ASC' | 'DESC'): StatementSync =>
      database.prepare(
        `SELECT ${columns} FROM runs WHERE channel = ? AND last > ? AND last < ? AND last - count < ? AND (persist = 1 OR last > ?) ORDER BY last ${order}`,
      );
    this.#forward = select(runColumns, 'ASC');
    this.#backward = select(runColumns, 'DESC');
    this.#extents = select('last, count, persist', 'DESC');
  }

  read(state: State, query: HistoryQuery): { messages: Message[]; more: boolean } {
    const { after, before, from, persisted = false } = query;
    const [low, high] = this.#range(state, query);
    const floor = this.#floor(state, persisted);
    const forward = before === undefined && (after !== undefined || from !== undefined);
    const statement = forward ? this.#forward : this.#backward;
    const page = new Page(query);
    let more = false;
    for (const row of statement.iterate(state.name, low, high + longestRun, high, floor)) {
      const run = messagesOf(row, state.epoch).filter(
        (message) => message.offset <= high && isSeen(message, low, floor),
      );
      more = !(forward ? run : run.reverse()).every((message) => page.take(message));
      if (more) break;
    }
    return { messages: forward ? page.messages : page.messages.reverse(), more };
  }

  tail(state: State, { count, before, persisted = false }: TailQuery): Pick<Tail, 'after' | 'count'> {
    const high = Math.min(state.top, (before ?? state.top + 1) - 1);
    const floor = this.#floor(state, persisted);
    let after = high;
    let found = 0;
    if (count === 0) return { after, count: 0 };
    const { name, historyFloor } = state;
    for (const row of this.#extents.iterate(name, historyFloor, high + longestRun, high, floor)) {
      const last = Math.min(Number(row.last), high);
      const below = Math.max(
        Number(row.last) - Number(row.count),
        historyFloor,
        row.persist === 1 ? 0 : floor,
      );
      const seen = Math.min(last - below, count - found);
      if (seen <= 0) continue;
      found += seen;
      after = last - seen;
      if (found === count) break;
    }
    return { after, count: found };
  }

  /** The offset up to which only persisted messages are wanted, or there. */
  #floor(state: State, persisted: boolean): number {
    return persisted ? Number.MAX_SAFE_INTEGER : this.#keeper.sizeFloor(state);
  }

  /** The offsets that a query asks about, the first excluded. */
  #range(state: State, { after = 0, before, from, to }: HistoryQuery): [low: number, high: number] {
    const { historyFloor, top } = state;
    const begin = from === undefined ? 0 : this.#keeper.offsetAt(state, from) - 1;
    const end = to === undefined ? top : this.#keeper.offsetAt(state, to + 1) - 1;
    return [
      Math.max(historyFloor, after, begin),
      Math.min(top, before === undefined ? top : before - 1, end),
    ];
  }
}
