import { extname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Order } from './checkpoint-worker.ts';

/** Asked for after so many commits or messages, or so much data: some 16 MiB of log. */
const commitsBetween = 1_000;
const messagesBetween = 8_192;
const bytesBetween = 8 * 1024 * 1024;
/** Pages in the log (32 MiB) above which writing waits until all of them are in the file. */
const mostPages = 8_192;
/** Bytes that the log's file keeps when it begins anew: a long reader, such as a backup, may have let it grow. */
const keptBytes = 32 * 1024 * 1024;

/**
 * Moves what was committed from the write-ahead log into the file. That waits for the disk, which is none of the event
 * loop's business: a thread does it, started when there is enough to move for the first time. It never gets to the
 * end of a log that is being written to; so when that has become long, the thread holds the file while it moves the
 * little that is left, and the log begins anew. Commits wait for those milliseconds as for another program's lock.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #report: (thrown: unknown) => void;
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
    database.exec(`PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${keptBytes}`);
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
    this.#worker.postMessage({ move: mostPages } satisfies Order);
  }

  /** Resolves when the thread has let go of the file. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage({ end: true } satisfies Order);
    await ended;
  }

  #start(): Worker {
    const script = new URL(`./checkpoint-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(script, { workerData: this.#path, execArgv: [] });
    worker.unref();
    worker.on('message', () => {
      this.#busy = false;
    });
    worker.on('error', (thrown) => this.#fall(worker, thrown));
    return worker;
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
