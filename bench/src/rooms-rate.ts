import type { Outcome } from './attempt.ts';
import { behind } from './behind.ts';
import { latencyColumns } from './columns.ts';
import { type Comparison, documentOf, measureRounds, textOf } from './comparison.ts';
import { deliveryCost, deliveryRate, deliveryRemarks, otherDeliveryColumns } from './delivery-columns.ts';
import type { RoomsResult } from './load/job.ts';
import type { Pinning } from './machine.ts';
import * as report from './report.ts';
import { CONTENT_BYTES, type Options, RATIOS } from './rooms-report.ts';
import { conclude, describeRuns } from './run-options.ts';
import type { Target } from './targets/target.ts';

/** Many rooms on a schedule: so many messages a second over all of them, whatever comes back. */
export async function roomsAtRate(
  options: Options,
  perSecond: number,
  cores: Pinning | null,
  measure: (target: Target) => Promise<Outcome<RoomsResult>>,
): Promise<void> {
  const { rooms, members, rounds, targets } = options;
  const comparison = comparisonOf(options, perSecond, cores);
  const runs = await measureRounds(rounds, targets, measure);
  const details = { rooms, members, messagesPerSecond: perSecond, contentBytes: CONTENT_BYTES };
  conclude(options, runs, textOf(comparison, runs), documentOf(comparison, options, details, runs, cores));
}

function comparisonOf(options: Options, perSecond: number, cores: Pinning | null): Comparison<RoomsResult> {
  const { rooms, members, targets } = options;
  const due = perSecond * members;
  return {
    scenario: 'rooms at a fixed rate',
    introduction: [
      `rooms: ${rooms} rooms of ${members} subscribers, one of each publishes, ${CONTENT_BYTES}-byte content, ` +
        `${perSecond} messages/s over all (${report.short(due)} deliveries/s), ${describeRuns(options, cores)}`,
      ...targets.map((target) => `  ${target.name}: ${target.title}`),
      'latency: from when a message was due, whether the load or the server was busy then, to its arrival',
    ],
    targets,
    subjects: targets,
    columns: [deliveryRate, deliveryCost, ...otherDeliveryColumns],
    pairs: RATIOS,
    compared: [...latencyColumns, deliveryCost],
    remarksOn: (where, result) => [...deliveryRemarks(where, result), ...behind(where, result, due)],
    trusted: deliveryCost.heading,
  };
}
