import type { Clock } from '../clock.ts';
import type { HttpErrorName } from '../codes.ts';
import type { Log } from '../transport/node.ts';

/** Milliseconds between two looks. */
const interval = 10_000;
/** Refusals within one interval that an operator should hear of; each alone is a line of the level debug. */
const storm = 20;

export interface RefusalWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Refusals so far, by code. */
  readonly refusals: ReadonlyMap<HttpErrorName, number>;
}

/**
 * Warns, with one line for each interval however many they are, that clients are refused in numbers. Returns what
 * ends it.
 */
export function watchRefusals({ clock, log, refusals }: RefusalWatchParts): () => void {
  let before = new Map(refusals);
  return clock.every(interval, () => {
    const fresh = [...refusals].map(([code, sum]) => [code, sum - (before.get(code) ?? 0)] as const);
    before = new Map(refusals);
    const total = fresh.reduce((sum, [, count]) => sum + count, 0);
    if (total < storm) return;
    const byCode = Object.fromEntries(fresh.filter(([, count]) => count > 0));
    log.warn({ refused: byCode, total, seconds: interval / 1000 }, 'clients are being refused');
  });
}
