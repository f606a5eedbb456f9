import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { HistoryQuery, Message } from '../engine.ts';
import type { State } from './channel-state.ts';
import type { Keeper } from './retention.ts';

const columns = 'channel, offset, id, time, type, data, user, connection, client, persist';
const range = 'channel = ? AND offset > ? AND offset <= ?';

/** Reads pages of messages: always an indexed seek to where the page begins. */
export class Reader {
  readonly #epoch: string;
  readonly #keeper: Keeper;
  readonly #forward: StatementSync;
  readonly #backward: StatementSync;
  readonly #persistedForward: StatementSync;
  readonly #persistedBackward: StatementSync;

  constructor(database: DatabaseSync, epoch: string, keeper: Keeper) {
    this.#epoch = epoch;
    this.#keeper = keeper;
    const select = (condition: string, order: 'ASC' | 'DESC'): StatementSync =>
      database.prepare(
        `SELECT ${columns} FROM message_log WHERE ${range} AND ${condition} ORDER BY offset ${order} LIMIT ?`,
      );
    this.#forward = select('(persist = 1 OR offset > ?)', 'ASC');
    this.#backward = select('(persist = 1 OR offset > ?)', 'DESC');
    this.#persistedForward = select('(persist = 1 AND ? IS NOT NULL)', 'ASC');
    this.#persistedBackward = select('(persist = 1 AND ? IS NOT NULL)', 'DESC');
  }

  read(state: State, query: HistoryQuery): { messages: Message[]; more: boolean } {
    const { limit, after, before, from, to } = query;
    const low = Math.max(
      state.historyFloor,
      after ?? 0,
      from === undefined ? 0 : this.#keeper.offsetAt(state, from) - 1,
    );
    const high = Math.min(
      state.top,
      before === undefined ? state.top : before - 1,
      to === undefined ? state.top : this.#keeper.offsetAt(state, to + 1) - 1,
    );
    const forward = before === undefined && (after !== undefined || from !== undefined);
    const statement = this.#statement(forward, query.persisted ?? false);
    const rows = statement.all(state.name, low, high, this.#keeper.sizeFloor(state), limit + 1);
    const more = rows.length > limit;
    if (more) rows.pop();
    if (!forward) rows.reverse();
    return { messages: rows.map((row) => this.#message(row)), more };
  }

  #statement(forward: boolean, persisted: boolean): StatementSync {
    if (persisted) return forward ? this.#persistedForward : this.#persistedBackward;
    return forward ? this.#forward : this.#backward;
  }

  #message(row: Record<string, SQLOutputValue>): Message {
    const { channel, offset, id, time, type, data, user, connection, client, persist } = row;
    return {
      id: String(id),
      channel: String(channel),
      offset: Number(offset),
      epoch: this.#epoch,
      time: Number(time),
      type: String(type),
      data: String(data),
      sender:
        connection === null || connection === undefined
          ? null
          : { user: textOrNull(user), connection: String(connection), client: textOrNull(client) },
      persist: persist === 1,
    };
  }
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
