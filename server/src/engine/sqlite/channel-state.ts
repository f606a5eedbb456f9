import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { Lives } from './life.ts';
import type { Sum } from './usage.ts';

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
  /** The number of the channel's life, and its name. Of a channel without messages: see `epochOf`. */
  life: number;
  epoch: string;
  /** Unix milliseconds at which somebody followed it last, as far as that was noted; the last message counts, too. */
  used: number;
  /** What is kept of it, once that was asked for. */
  kept?: Sum;
}

/** States held in memory: twice as many at the most, and as many that are to be saved. */
const generationSize = 8192;

/**
 * The states of the channels in use. What is not written down can be read off the messages, so that dropping a
 * state, or the process, loses nothing: a row is written only when messages are let go.
 */
export class ChannelStates {
  readonly #lives: Lives;
  /** Channels that somebody follows, each with the number that it begins with if it has no message yet. */
  readonly #followed = new Map<string, number>();
  #young = new Map<string, State>();
  #old = new Map<string, State>();
  /** Those with floors that moved since they were saved, by what has expired. */
  readonly #unsaved = new Map<string, State>();
  readonly #row: StatementSync;
  readonly #last: StatementSync;
  readonly #save: StatementSync;
  readonly #drop: StatementSync;
  readonly #nextRank: StatementSync;

  constructor(database: DatabaseSync, lives: Lives) {
    this.#lives = lives;
    this.#row = database.prepare(
      'SELECT top, time, rank, window_floor, history_floor, hole, life, used FROM channels WHERE name = ?',
    );
    this.#last = database.prepare(
      'SELECT last, time, rank FROM runs WHERE channel = ? ORDER BY last DESC LIMIT 1',
    );
    this.#save = database.prepare(
      'INSERT OR REPLACE INTO channels (name, top, time, rank, window_floor, history_floor, hole, life, used, idle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#drop = database.prepare('DELETE FROM channels WHERE name = ?');
    this.#nextRank = database.prepare(
      'SELECT last, count, rank, persist FROM runs WHERE channel = ? AND last > ? ORDER BY last LIMIT 1',
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
    const { name, top, time, rank, windowFloor, historyFloor, hole, life } = state;
    const used = Math.max(time, state.used);
    const idle = Number(this.isEmpty(state));
    this.#save.run(name, top, time, rank, windowFloor, historyFloor, hole, life, used, idle);
  }

  /** Within a transaction: the channel begins. What its first messages do not say is written down. */
  begin(state: State): void {
    state.life = this.#followed.get(state.name) ?? this.#lives.newest;
    state.epoch = this.#lives.epochOf(state.life);
    if (state.life > 0) this.#save.run(state.name, 0, 0, 0, 0, 0, 0, state.life, 0, 0);
  }

  /** Within a transaction: nothing of the channel is left. */
  drop({ name, life }: State): void {
    this.#drop.run(name);
    this.#lives.ended(life);
    this.#young.delete(name);
    this.#old.delete(name);
    this.#unsaved.delete(name);
  }

  /** The channel's epoch, or the one that it will have when it begins. */
  epochOf({ name, top, epoch }: State): string {
    if (top > 0) return epoch;
    return this.#lives.epochOf(this.#followed.get(name) ?? this.#lives.newest);
  }

  follow({ name, top, life }: State): void {
    if (!this.#followed.has(name)) this.#followed.set(name, top > 0 ? life : this.#lives.newest);
  }

  unfollow(channel: string): boolean {
    return this.#followed.delete(channel);
  }

  isFollowed(channel: string): boolean {
    return this.#followed.has(channel);
  }

  /** Whether nothing of the channel is kept, as far as its floors say. */
  isEmpty({ name, top, rank, windowFloor, historyFloor }: State): boolean {
    return windowFloor >= top && (historyFloor >= top || this.rankAt(name, historyFloor, rank) === rank);
  }

  /** How many persisted messages there are in the channel up to this offset, by all time; `all` up to its top. */
  rankAt(channel: string, offset: number, all: number): number {
    const row = this.#nextRank.get(channel, offset);
    if (row === undefined) return all;
    const behind = Math.min(Number(row.last) - offset, Number(row.count));
    return Number(row.rank) - (row.persist === 1 ? behind : 0);
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
    const life = Number(row?.life ?? 0);
    return {
      name,
      life,
      epoch: this.#lives.epochOf(life),
      used: Number(row?.used ?? 0),
      top,
      time,
      rank,
      windowFloor: windowFloor ?? 0,
      historyFloor: historyFloor ?? 0,
      hole: hole ?? 0,
    };
  }
}
