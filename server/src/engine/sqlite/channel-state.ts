import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** What the engine knows of a channel without reading its messages. */
export interface State {
  readonly name: string;
  /** The last offset given, kept or not. */
  top: number;
  /** Unix milliseconds of the last message. */
  time: number;
  /** Persisted messages so far. */
  rank: number;
  /** Messages at or below it are there only if they were persisted. */
  windowFloor: number;
  /** No message at or below it is there for readers; some may still wait for being deleted. */
  historyFloor: number;
  /** The highest offset that is gone; 0 when none is. */
  hole: number;
}

/** States held in memory: twice as many at the most, and as many that are to be saved. */
const generationSize = 8192;

/**
 * The states of the channels in use. What is not written down can be read off the messages, so that dropping a
 * state, or the process, loses nothing: a row is written only when messages are let go.
 */
export class ChannelStates {
  #young = new Map<string, State>();
  #old = new Map<string, State>();
  /** Those with floors that moved since they were saved, by what has expired. */
  readonly #unsaved = new Map<string, State>();
  readonly #row: StatementSync;
  readonly #last: StatementSync;
  readonly #save: StatementSync;

  constructor(database: DatabaseSync) {
    this.#row = database.prepare(
      'SELECT top, time, rank, window_floor, history_floor, hole FROM channels WHERE name = ?',
    );
    this.#last = database.prepare(
      'SELECT last, time, rank FROM runs WHERE channel = ? ORDER BY last DESC LIMIT 1',
    );
    this.#save = database.prepare(
      'INSERT OR REPLACE INTO channels (name, top, time, rank, window_floor, history_floor, hole) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
  }

  get(channel: string): State {
    const young = this.#young.get(channel);
    if (young) return young;
    const state = this.#old.get(channel) ?? this.#unsaved.get(channel) ?? this.#load(channel);
    if (this.#young.size >= generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(channel, state);
    return state;
  }

  /** For the next transaction that tidies. Lost is nothing but time: what has expired is found out again. */
  note(state: State): void {
    if (this.#unsaved.size < generationSize) this.#unsaved.set(state.name, state);
  }

  /** Within a transaction: those that were noted, so many of them. */
  saveNoted(most: number): void {
    let saved = 0;
    for (const state of this.#unsaved.values()) {
      if (saved++ === most) break;
      this.save(state);
    }
  }

  /** Within a transaction. */
  save(state: State): void {
    this.#unsaved.delete(state.name);
    const { name, top, time, rank, windowFloor, historyFloor, hole } = state;
    this.#save.run(name, top, time, rank, windowFloor, historyFloor, hole);
  }

  /** After a rollback nothing in memory is to be trusted. */
  forgetAll(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#unsaved.clear();
  }

  #load(name: string): State {
    const row = this.#row.get(name);
    const last = this.#last.get(name);
    const top = Math.max(Number(row?.top ?? 0), Number(last?.last ?? 0));
    const time = Math.max(Number(row?.time ?? 0), Number(last?.time ?? 0));
    const rank = Math.max(Number(row?.rank ?? 0), Number(last?.rank ?? 0));
    const [windowFloor, historyFloor, hole] = [row?.window_floor, row?.history_floor, row?.hole].map(
      (value) => Number(value ?? 0),
    );
    return {
      name,
      top,
      time,
      rank,
      windowFloor: windowFloor ?? 0,
      historyFloor: historyFloor ?? 0,
      hole: hole ?? 0,
    };
  }
}
