import type { UsageBetween } from '../../server/src/load/usage.ts';
import { percent } from './report.ts';

/** Share of a core from which on a process may have been what limited a run. */
const BOTTLENECK = 0.9;
/** Share of a run's time that other processes may take from its cores without remark. */
const DISTURBED = 0.1;

/**
 * `could` says what the server could have done more of. Null where the load had time to spare, or the server had
 * none either.
 */
export function loadBound(where: string, usage: UsageBetween, could: string): string | null {
  const { loadUtilisation: load, serverUtilisation: server } = usage;
  if (load <= BOTTLENECK || (server ?? 0) >= BOTTLENECK) return null;
  const servers = server === null ? '' : `, the server ${percent(server)}`;
  return (
    `LOAD-BOUND ${where}: the load process was the bottleneck (${percent(load)} of a core${servers}), ` +
    `the server could have ${could} more`
  );
}

/** Of all runs together; null for a failed one. `trusted` is the figure that does not suffer from it. */
export function disturbed(runs: readonly (UsageBetween | null)[], trusted: string): string | null {
  const waits = runs.map((run) => Math.max(run?.serverWaited ?? 0, run?.loadWaited ?? 0));
  const over = waits.filter((waited) => waited > DISTURBED);
  if (over.length === 0) return null;
  return (
    `DISTURBED ${over.length} of ${runs.length} runs: other processes had the server's or the load's core for ` +
    `up to ${percent(Math.max(...over))} of the time; ${trusted} is the figure to trust`
  );
}
