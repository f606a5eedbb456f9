import { workerData } from 'node:worker_threads';
import { startWorker } from './worker.ts';

/** The script of a worker thread. */
startWorker(workerData);
