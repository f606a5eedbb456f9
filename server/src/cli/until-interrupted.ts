import { exitCodes } from './exit.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs until it is done, or told to stop by Ctrl-C or SIGTERM; a second one does not wait. */
export async function untilInterrupted(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.failed);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    await run(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
