import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../clock.ts';
import type { ChannelStates, State } from './channel-state.ts';
import type { Keeper } from './retention.ts';

/** Channels looked at in one piece: a millisecond or two. */
const piece = 100;
/** Channels whose last subscriber has left and whose rows do not say so yet, at most. */
const mostLeft = 100_000;
/** Milliseconds after a start in which clients may come back before anything is forgotten; CHANNEL_TTL when shorter. */
const grace = 600_000;
/** Milliseconds after which a channel is looked at again whose last rows wait for being deleted. */
const soon = 1_000;

export interface ForgetterParts {
  readonly database: DatabaseSync;
  readonly states: ChannelStates;
  readonly keeper: Keeper;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly channelTtl: number;
  readonly idempotencyWindow: number;
}

/**
 * Forgets channels that nothing keeps and nobody has used for CHANNEL_TTL: names are chosen by clients, and a row for
 * each that there ever was would fill the disk. They are found by an index, the longest unused first.
 */
export class Forgetter {
  readonly #parts: ForgetterParts;
  readonly #due: StatementSync;
  readonly #hasRows: StatementSync;
  readonly #hasRoom: StatementSync;
  readonly #mark: StatementSync;
  readonly #opened: number;
  /** When the last subscriber of a channel left. */
  readonly #left = new Map<string, number>();

  constructor(parts: ForgetterParts) {
    const { database, clock } = parts;
    this.#parts = parts;
    this.#opened = clock.monotonic();
    this.#due = database.prepare(
      'SELECT name FROM channels INDEXED BY channels_idle WHERE idle = 1 AND used <= ? ORDER BY used LIMIT ?',
    );
    this.#hasRows = database.prepare('SELECT 1 FROM runs WHERE channel = ? LIMIT 1');
    this.#hasRoom = database.prepare('SELECT 1 FROM rooms WHERE channel = ?');
    this.#mark = database.prepare('UPDATE channels SET used = ?, idle = ? WHERE name = ?');
  }

  /** The last subscriber of the channel has left. */
  left(channel: string): void {
    if (this.#parts.channelTtl === Number.POSITIVE_INFINITY || this.#left.size >= mostLeft) return;
    this.#left.set(channel, this.#parts.clock.now());
  }

  /** Within a transaction, until this time of the performance clock. True when something was done. */
  sweep(now: number, end: number): boolean {
    const noted = this.note(end);
    const { channelTtl, clock } = this.#parts;
    if (clock.monotonic() - this.#opened < Math.min(channelTtl, grace)) return noted;
    let found = piece;
    let any = noted;
    while (found === piece && performance.now() < end) {
      const due = this.#due.all(now - channelTtl, piece);
      for (const { name } of due) this.#look(String(name), now);
      found = due.length;
      any ||= found > 0;
    }
    return any;
  }

  /**
   * Within a transaction: writes down who has left, unless the channel's last message is nearly as late. A crash takes
   * no more of that than the last moments.
   */
  note(end = Number.POSITIVE_INFINITY): boolean {
    const { states, channelTtl } = this.#parts;
    let any = false;
    for (const [channel, time] of this.#left) {
      if (performance.now() >= end) break;
      this.#left.delete(channel);
      any = true;
      const state = states.get(channel);
      if (state.top === 0 || time - Math.max(state.time, state.used) < channelTtl / 8) continue;
      state.used = time;
      states.save(state);
    }
    return any;
  }

  #look(name: string, now: number): void {
    const { states, keeper, channelTtl } = this.#parts;
    const state = states.get(name);
    keeper.expire(state, now);
    if (states.isFollowed(name) || this.#hasRoom.get(name)) this.#use(state, now, 1);
    else if (!states.isEmpty(state)) this.#use(state, state.used, 0);
    else if (this.#lastUse(state) > now - channelTtl) this.#use(state, this.#lastUse(state), 1);
    else if (this.#hasRows.get(name)) this.#use(state, now - channelTtl + soon, 1);
    else states.drop(state);
  }

  /** What is remembered of its ids counts as use: see `Idempotency`. */
  #lastUse({ time, used }: State): number {
    const { channelTtl, idempotencyWindow } = this.#parts;
    return Math.max(time, used, time + idempotencyWindow - channelTtl);
  }

  #use(state: State, time: number, idle: 0 | 1): void {
    state.used = Math.max(state.used, time);
    this.#mark.run(state.used, idle, state.name);
  }
}
