/**
 * To be loaded into a server with `--import`: on SIGUSR2 its first worker fails as by a fault that nobody caught, on
 * SIGPIPE it is gone without a word.
 */
import { isMainThread, parentPort, type Worker } from 'node:worker_threads';

const fault = 'a fault of the tests';

function watchWorkers(): void {
  let first: Worker | null = null;
  process.on('worker', (worker) => {
    if (worker.threadName !== 'fanwire worker 1') return;
    first = worker;
  });
  process.on('SIGUSR2', () => first?.postMessage(fault));
  process.on('SIGPIPE', () => void first?.terminate());
}

if (isMainThread) watchWorkers();
else {
  parentPort?.on('message', () => {
    throw new Error(fault);
  });
  parentPort?.unref();
}
