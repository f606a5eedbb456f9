import { setTimeout as delay } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import type { Snapshot } from './delivery-figures.ts';
import type { Driver } from './drive.ts';
import { watchForStall } from './stall.ts';
import { usageNow } from './usage.ts';

const DRAIN_MS = 5000;
const DRAIN_CHECK_MS = 20;
const LONGEST_DRAIN_MS = 30_000;

export interface Times {
  /** Its CPU time is read at the same instants as the counts. */
  readonly serverPid: number | null;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/**
 * Publishes for the warm-up and the measured time, and then waits until every open connection has every message.
 * Returns the snapshots around the measured time. Rejects if messages stop coming.
 */
export async function publishFor(times: Times, crowd: Crowd, driver: Driver): Promise<[Snapshot, Snapshot]> {
  const { signal, stop } = watchForStall({
    failure: () => driver.failure(),
    progress: () => crowd.deliveries(),
    unit: 'delivery',
  });
  const wait = (seconds: number) =>
    delay(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  try {
    driver.start();
    await wait(times.warmupSeconds);
    crowd.journal.restart();
    driver.restart();
    const before = snapshot(crowd, times.serverPid);
    await wait(times.seconds);
    const after = snapshot(crowd, times.serverPid);
    driver.stop();
    await drained(crowd);
    return [before, after];
  } finally {
    driver.stop();
    stop();
  }
}

function snapshot(crowd: Crowd, serverPid: number | null): Snapshot {
  return {
    ...usageNow(serverPid),
    deliveries: crowd.deliveries(),
    bytes: crowd.bytes(),
    published: crowd.journal.published,
  };
}

/** Waits until every open connection has every message, as long as some come within five seconds. */
async function drained(crowd: Crowd): Promise<void> {
  const start = performance.now();
  let last = { missing: crowd.missing(), at: start };
  while (last.missing > 0) {
    await delay(DRAIN_CHECK_MS);
    const now = performance.now();
    const missing = crowd.missing();
    if (missing !== last.missing) last = { missing, at: now };
    if (now - last.at > DRAIN_MS || now - start > LONGEST_DRAIN_MS) return;
  }
}
