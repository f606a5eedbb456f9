import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is told: to move pages, and all of them when the log has more than so many; or to end. */
export type Order = { readonly move: number } | { readonly end: true };

/**
 * Milliseconds to wait for a commit to end, or for who reads from the log. Who reads for long, such as a backup, lets
 * the log go on for a while: commits wait meanwhile.
 */
const patience = 20;

/** The thread of a `Checkpointer`. Answers each order to move when it is done. */
const database = new DatabaseSync(String(workerData), { timeout: patience });
const some = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
const all = database.prepare('PRAGMA wal_checkpoint(RESTART)');

parentPort?.on('message', (order: Order) => {
  if ('end' in order) {
    database.close();
    parentPort?.close();
    return;
  }
  // The long part first, beside the commits.
  if (Number(some.get()?.log) > order.move) all.get();
  parentPort?.postMessage('moved');
});
