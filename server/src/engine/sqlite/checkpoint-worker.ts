import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** What `PRAGMA wal_checkpoint` answered: pages in the log, and how many of them are in the file now. */
export interface Checkpoint {
  readonly log: number;
  readonly moved: number;
}

/** The thread of a `Checkpointer`: moves pages whenever it is asked to, until it is told to end. */
const database = new DatabaseSync(String(workerData));
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', (order: 'move' | 'end') => {
  if (order === 'end') {
    database.close();
    parentPort?.close();
    return;
  }
  const { log, checkpointed } = checkpoint.get() ?? {};
  parentPort?.postMessage({ log: Number(log), moved: Number(checkpointed) } satisfies Checkpoint);
});
