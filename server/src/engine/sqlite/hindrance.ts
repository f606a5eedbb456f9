import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that anything waits for another program's lock. */
export const patience = 2_000;
/** Milliseconds between two tries, the last for all that follow: most locks are held for a moment only. */
const pauses = [1, 2, 5, 10, 15, 20, 25, 50];

/** SQLite's own error number, without what follows it in an extended one; 0 for what SQLite did not throw. */
function numberOf(thrown: unknown): number {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return 0;
  return Number(thrown.errcode) & 0xff;
}

/** Another program holds the file. Tried again later it may succeed. */
export function isLocked(thrown: unknown): boolean {
  return numberOf(thrown) === 5;
}

export function isDiskFull(thrown: unknown): boolean {
  return numberOf(thrown) === 13;
}

/** SQLite refused, whatever for: no fault of this program. */
export function isRefused(thrown: unknown): boolean {
  return numberOf(thrown) !== 0;
}

/** Milliseconds until a try, of which so many came before. */
export function pauseBefore(tries: number): number {
  return pauses[Math.min(tries, pauses.length - 1)] ?? 0;
}

/**
 * Does in this turn what it can; while another program holds the file it is tried again in later turns, until so many
 * milliseconds are over. SQLite's own waiting would hold up everything else.
 */
export async function patiently<T>(work: () => T, time = patience): Promise<T> {
  const end = performance.now() + time;
  for (let tries = 0; ; tries++) {
    try {
      return work();
    } catch (thrown) {
      if (!isLocked(thrown) || performance.now() >= end) throw thrown;
    }
    await delay(pauseBefore(tries));
  }
}
