import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { accountKey, channelKey, type Exhausted, type StorageLimits } from '../usage.ts';
import { type RunRow, sharesOf } from './run.ts';

/** Sums held in memory beside those that are to be written down. */
const mostHeld = 65_536;
/** Sums written down between two looks at the clock. */
const writtenAtOnce = 32;

/** Bytes of kept messages of one channel or account. */
export interface Sum {
  readonly key: string;
  readonly limit: number;
  bytes: number;
  /** What the transaction under way adds and takes. */
  pending: number;
  /** False for one that is not held any more: another one counts on. */
  isCurrent: boolean;
}

/**
 * How many bytes of kept messages each channel and each account has. Counted as messages come and rows go, never by
 * looking through them: in memory at once, in the file by the next sweep, so that no tick writes more than before. A
 * crash loses the last second of it, which is as good for a limit.
 */
export class Usage {
  readonly #limits: StorageLimits;
  readonly #exhausted: Exhausted;
  readonly #find: StatementSync;
  readonly #write: StatementSync;
  readonly #drop: StatementSync;
  readonly #pages: StatementSync;
  readonly #free: StatementSync;
  readonly #pageSize: number;
  readonly #channels = new Map<string, Sum>();
  readonly #accounts = new Map<string, Sum>();
  readonly #unwritten = new Set<Sum>();
  /** Written by the transaction under way. */
  #written: Sum[] = [];
  /** Changed by the transaction under way. */
  #pending: Sum[] = [];
  /** Bytes of the file when it was measured, and of messages since. */
  #measured = 0;
  #since = 0;

  constructor(database: DatabaseSync, limits: StorageLimits, exhausted: Exhausted) {
    this.#limits = limits;
    this.#exhausted = exhausted;
    this.#find = database.prepare('SELECT bytes FROM usage WHERE key = ?');
    this.#write = database.prepare('INSERT OR REPLACE INTO usage (key, bytes) VALUES (?, ?)');
    this.#drop = database.prepare('DELETE FROM usage WHERE key = ?');
    this.#pages = database.prepare('PRAGMA page_count');
    this.#free = database.prepare('PRAGMA freelist_count');
    this.#pageSize = Number(database.prepare('PRAGMA page_size').get()?.page_size);
    this.#measure();
  }

  channel(name: string): Sum {
    return this.#sum(this.#channels, name, channelKey, this.#limits.channel);
  }

  account(name: string): Sum {
    return this.#sum(this.#accounts, name, accountKey, this.#limits.account);
  }

  /** Within a transaction: a message that is to be kept has come, or with fewer than 0 bytes gone. */
  add(sum: Sum, bytes: number): void {
    if (sum.pending === 0) this.#pending.push(sum);
    sum.pending += bytes;
  }

  /** Within a transaction: a row of kept messages is gone. */
  gone(row: RunRow): void {
    this.#count(row, -1);
  }

  /** Within a transaction: what is in a row has changed. */
  rewritten(before: RunRow, after: RunRow): void {
    if (before.persist !== 1) return;
    this.#count(before, -1);
    this.#count(after, 1);
  }

  /** The transaction is committed; so many bytes were written. */
  committed(bytes = 0): void {
    for (const sum of this.#pending) {
      sum.bytes = Math.max(0, sum.bytes + sum.pending);
      sum.pending = 0;
      this.#unwritten.add(sum);
      this.#exhausted.set(sum.key, sum.bytes >= sum.limit);
    }
    this.#pending = [];
    this.#since += bytes;
    this.#exhausted.measured(this.#measured + this.#since, this.#limits);
  }

  rolledBack(): void {
    for (const sum of this.#pending) sum.pending = 0;
    this.#pending = [];
    for (const sum of this.#written) this.#unwritten.add(sum);
    this.#written = [];
  }

  /** Within the transaction of a sweep, as long as that may last. Returns whether there is more to write down. */
  sweep(end: number): boolean {
    this.#written = [];
    for (const sum of this.#unwritten) {
      this.#unwritten.delete(sum);
      this.#written.push(sum);
      if (sum.bytes > 0) this.#write.run(sum.key, sum.bytes);
      else this.#drop.run(sum.key);
      if (this.#written.length % writtenAtOnce === 0 && performance.now() >= end) break;
    }
    this.#measure();
    return this.#unwritten.size > 0;
  }

  #count(row: RunRow, sign: 1 | -1): void {
    const channel = this.channel(String(row.channel));
    for (const { account, bytes } of sharesOf(row)) {
      this.add(channel, sign * bytes);
      if (account !== undefined) this.add(this.account(account), sign * bytes);
    }
  }

  #sum(sums: Map<string, Sum>, name: string, keyOf: (name: string) => string, limit: number): Sum {
    const known = sums.get(name);
    if (known) return known;
    const key = keyOf(name);
    const bytes = Number(this.#find.get(key)?.bytes ?? 0);
    const sum = { key, limit, bytes, pending: 0, isCurrent: true };
    if (sums.size >= mostHeld) this.#forget(sums);
    sums.set(name, sum);
    return sum;
  }

  /** Those that stand in the file as they are, oldest first. */
  #forget(sums: Map<string, Sum>): void {
    for (const [name, sum] of sums) {
      if (sum.pending !== 0 || this.#unwritten.has(sum)) continue;
      sum.isCurrent = false;
      sums.delete(name);
      if (sums.size < mostHeld / 2) return;
    }
  }

  /** By what SQLite knows without reading. */
  #measure(): void {
    const pages = Number(this.#pages.get()?.page_count) - Number(this.#free.get()?.freelist_count);
    this.#measured = pages * this.#pageSize;
    this.#since = 0;
    this.#exhausted.measured(this.#measured, this.#limits);
  }
}
