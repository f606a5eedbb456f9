import type { Clock } from '../../clock.ts';

/** Milliseconds of the clock by which spans are measured here. */
export function spanClock(clock: Clock): () => number {
  return () => clock.monotonic();
}
