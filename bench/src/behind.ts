import type { Latency } from '../../server/src/load/latency.ts';
import * as report from './report.ts';

/** Share of what was due below which a server has not kept up. */
const KEPT_UP = 0.98;
/** Share of the 99th percentile of the latencies from which on the load's own lateness is worth a remark. */
const LATE = 0.2;

/** What is remarked on a run on schedule, in which so many deliveries a second were due. */
export function behind(
  where: string,
  {
    deliveriesPerSecond,
    lateness,
    latency,
  }: { readonly deliveriesPerSecond: number; readonly lateness: number | null; readonly latency: Latency },
  due: number,
): string[] {
  const share = deliveriesPerSecond / due;
  const late = lateness ?? 0;
  return [
    ...(share < KEPT_UP
      ? [
          `BEHIND ${where}: ${report.percent(share)} of what was due came in time: latencies grow with the run`,
        ]
      : []),
    ...(late > LATE * latency.p99
      ? [`LATE ${where}: the load itself sent 1 % of the messages ${report.milliseconds(late)} late or more`]
      : []),
  ];
}
