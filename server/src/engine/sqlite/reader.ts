import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HistoryQuery, Message } from '../engine.ts';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';
import { isSeen, longestRun, messagesOf, runColumns } from './run.ts';

/** Reads pages of messages: always an indexed seek to where the page begins. */
export class Reader {
  readonly #epoch: string;
  readonly #keeper: Keeper;
  readonly #forward: StatementSync;
  readonly #backward: StatementSync;

  constructor(database: DatabaseSync, epoch: string, keeper: Keeper) {
    this.#epoch = epoch;
    this.#keeper = keeper;
    const select = (order: 'ASC' | 'DESC'): StatementSync =>
      database.prepare(
        `SELECT ${runColumns} FROM runs WHERE channel = ? AND last > ? AND last < ? AND last - count < ? AND (persist = 1 OR last > ?) ORDER BY last ${order}`,
      );
    this.#forward = select('ASC');
    this.#backward = select('DESC');
  }

  read(state: State, query: HistoryQuery): { messages: Message[]; more: boolean } {
    const { limit, after, before, from, persisted = false } = query;
    const [low, high] = this.#range(state, query);
    const floor = persisted ? Number.MAX_SAFE_INTEGER : this.#keeper.sizeFloor(state);
    const forward = before === undefined && (after !== undefined || from !== undefined);
    const statement = forward ? this.#forward : this.#backward;
    const messages: Message[] = [];
    for (const row of statement.iterate(state.name, low, high + longestRun, high, floor)) {
      const run = messagesOf(row, this.#epoch).filter(
        (message) => message.offset <= high && isSeen(message, low, floor),
      );
      messages.push(...(forward ? run : run.reverse()));
      if (messages.length > limit) break;
    }
    const more = messages.length > limit;
    messages.length = Math.min(messages.length, limit);
    return { messages: forward ? messages : messages.reverse(), more };
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
