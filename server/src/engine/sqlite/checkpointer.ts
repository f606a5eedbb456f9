import { extname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Checkpoint } from './checkpoint-worker.ts';

/** Asked for after so many commits or messages, or so much data: some 16 MiB of log. */
const commitsBetween = 1_000;
const messagesBetween = 8_192;
const bytesBetween = 8 * 1024 * 1024;
/** Pages in the log (64 MiB) above which writing waits until all of them are in the file. */
const mostPages = 16_384;

/**
 * Moves what was committed from the write-ahead log into the file. That waits for the disk, which is none of the event
 * loop's business: a thread does it, started when there is enough to move for the first time. It never gets to the
 * end of a log that is being written to; so when that has become long, what is left is moved here, and the log begins
 * anew.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #report: (thrown: unknown) => void;
  readonly #restart: StatementSync;
  readonly #database: DatabaseSync;
  #worker: Worker | null = null;
  #busy = false;
  #commits = 0;
  #messages = 0;
  #bytes = 0;

  constructor(database: DatabaseSync, path: string, report: (thrown: unknown) => void) {
    this.#database = database;
    this.#path = path;
    this.#report = report;
    this.#restart = database.prepare('PRAGMA wal_checkpoint(RESTART)');
    database.exec('PRAGMA wal_autocheckpoint = 0');
  }

  /** After each commit. */
  committed(messages: number, bytes: number): void {
    this.#commits++;
    this.#messages += messages;
    this.#bytes += bytes;
    if (this.#busy) return;
    if (this.#commits < commitsBetween && this.#messages < messagesBetween && this.#bytes < bytesBetween)
      return;
    this.#commits = 0;
    this.#messages = 0;
    this.#bytes = 0;
    this.#busy = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage('move');
  }

  /** Resolves when the thread has let go of the file. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage('end');
    await ended;
  }

  #start(): Worker {
    const script = new URL(`./checkpoint-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(script, { workerData: this.#path, execArgv: [] });
    worker.unref();
    worker.on('message', ({ log }: Checkpoint) => {
      this.#busy = false;
      if (this.#worker === worker && log > mostPages) this.#moveRest();
    });
    worker.on('error', (thrown) => this.#fall(worker, thrown));
    return worker;
  }

  /** Without waiting for others that read the file, such as a backup: then the log goes on for a while. */
  #moveRest(): void {
    try {
      this.#restart.get();
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  /** Without the thread SQLite does it by itself, within a commit. */
  #fall(worker: Worker, thrown: unknown): void {
    this.#report(thrown);
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#busy = true;
    this.#database.exec('PRAGMA wal_autocheckpoint = 1000');
  }
}
