import type { Callers } from '../../src/access/callers.ts';
import { LocalCounts } from '../../src/access/limits/counts.ts';
import { createCallers } from '../../src/callers.ts';
import type { Clock } from '../../src/clock.ts';
import { loadSettings } from '../../src/config/load.ts';

/** Callers as the settings of this environment have them. */
export function callersOf(clock: Clock, env: Readonly<Record<string, string>> = {}): Callers {
  const never = (): void => {};
  const log = { debug: never, info: never, warn: never, error: never };
  return createCallers(loadSettings(env), {
    counts: new LocalCounts(),
    clock,
    log,
    meter: { limited: never },
  });
}

/** Nobody is limited. */
export const unlimited = { MESSAGE_RATE_LIMIT: '0', FAILED_CREDENTIALS_PER_MINUTE: '0' };
