import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Condition } from './condition.ts';
import { isLocked, isRefused, patience, pauseBefore } from './hindrance.ts';

/** Milliseconds of writing in one turn, once a lock has gone that many waited for. */
const turnBudget = 8;

export interface WriteOptions<T> {
  /** Called once, in the turn of the commit and before anything else is written. */
  readonly committed?: (value: T) => void;
  /** Milliseconds to wait for another program's lock. */
  readonly patience?: number;
}

/** A transaction that waits for the file. */
interface Waiting {
  /** False when the file is locked still. */
  attempt(): boolean;
  refuse(): void;
  readonly deadline: number;
}

/**
 * The one way to write into the file: transactions, one after the other, in the order in which they came. Each is done
 * in the turn in which it comes, unless another program holds the file: then it waits without holding up the event
 * loop, and is refused as `unavailable` when that has gone on for too long. From then on whatever comes is tried once
 * and refused at once, until the lock is gone.
 */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #condition: Condition;
  readonly #rolledBack: () => void;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #waiting: Waiting[] = [];
  #tries = 0;
  /** Since when every try met a lock; null when the last one did not. */
  #lockedSince: number | null = null;

  /** `rolledBack` is called when a transaction failed: nothing that it left in memory is to be trusted. */
  constructor(database: DatabaseSync, condition: Condition, rolledBack: () => void) {
    this.#database = database;
    this.#condition = condition;
    this.#rolledBack = rolledBack;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /** `work` is done within a transaction, once more when it met a lock. What it throws is rejected with. */
  async run<T>(work: () => T, options: WriteOptions<T> = {}): Promise<T> {
    const done = this.#waiting.length === 0 ? this.#attempt(work, options.committed) : null;
    return done ? done.value : this.#queue(work, options);
  }

  /** Within this turn or not at all: undefined while the file is locked, or others wait for it. */
  now<T>(work: () => T): T | undefined {
    return this.#waiting.length === 0 ? this.#attempt(work)?.value : undefined;
  }

  #queue<T>(work: () => T, { committed, patience: own = patience }: WriteOptions<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const now = performance.now();
    const attempt = (): boolean => {
      try {
        const done = this.#attempt(work, committed);
        if (done) resolve(done.value);
        return done !== null;
      } catch (thrown) {
        reject(thrown);
        return true;
      }
    };
    const refuse = (): void => reject(this.#condition.unavailable());
    const deadline = Math.min((this.#lockedSince ?? now) + patience, now + own);
    if (this.#waiting.push({ attempt, refuse, deadline }) === 1) this.#wait(deadline <= now ? 0 : null);
    return promise;
  }

  #wait(pause: number | null): void {
    setTimeout(() => this.#go(), pause ?? pauseBefore(this.#tries++));
  }

  #go(): void {
    const end = performance.now() + turnBudget;
    let free = true;
    while (free && this.#waiting[0] && performance.now() < end) {
      free = this.#waiting[0].attempt();
      if (free) this.#waiting.shift();
    }
    if (free) this.#tries = 0;
    else this.#refuseOverdue();
    if (this.#waiting.length > 0) this.#wait(free ? 0 : null);
  }

  #refuseOverdue(): void {
    const now = performance.now();
    const overdue = this.#waiting.filter(({ deadline }) => deadline <= now);
    if (overdue.length === 0) return;
    const left = this.#waiting.filter(({ deadline }) => deadline > now);
    this.#waiting.splice(0, this.#waiting.length, ...left);
    this.#condition.locked();
    for (const { refuse } of overdue) refuse();
  }

  /** Null when the file is locked, and nothing was done. */
  #attempt<T>(work: () => T, committed?: (value: T) => void): { value: T } | null {
    let value: T;
    let begun = false;
    try {
      this.#begin.run();
      begun = true;
      value = work();
      this.#commit.run();
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      if (begun) this.#rolledBack();
      if (isLocked(thrown)) {
        this.#lockedSince ??= performance.now();
        return null;
      }
      if (!isRefused(thrown)) throw thrown;
      this.#condition.failed(thrown);
      throw this.#condition.unavailable();
    }
    this.#lockedSince = null;
    committed?.(value);
    return { value };
  }
}
