import { type Column, latencyColumns, usageColumns } from './columns.ts';
import type { RoomsResult } from './load/job.ts';
import { loadBound } from './remarks.ts';
import * as report from './report.ts';

/** How deliveries to rooms are written in reports, and what is remarked on them. */

export const deliveryRate: Column<RoomsResult> = {
  heading: 'deliveries/s',
  pick: (result) => result.deliveriesPerSecond,
  format: report.short,
};

export const deliveryCost: Column<RoomsResult> = {
  heading: 'CPU µs/delivery',
  pick: (result) => result.serverMicrosecondsPerDelivery,
  format: (value) => value.toFixed(3),
};

export const otherDeliveryColumns: readonly Column<RoomsResult>[] = [
  ...latencyColumns,
  ...usageColumns,
  { heading: 'bytes each', pick: (result) => result.bytesPerDelivery, format: report.bytes },
];

/** What a reader must know before believing the figures of one run, most serious first. */
export function deliveryRemarks(where: string, result: RoomsResult): string[] {
  const { lost, duplicated, astray, sameOrder, dropped } = result;
  return [
    ...(lost > 0 ? [`LOST ${where}: ${lost} deliveries never came`] : []),
    ...(duplicated > 0 ? [`DUPLICATED ${where}: ${duplicated} deliveries came more than once`] : []),
    ...(astray > 0 ? [`ASTRAY ${where}: ${astray} sampled deliveries were of another room`] : []),
    ...(sameOrder ? [] : [`ORDER ${where}: the sampled subscribers of a room did not see one same order`]),
    ...Object.entries(dropped).map(([reason, count]) => `DROPPED ${where}: ${count} connections: ${reason}`),
    ...[loadBound(where, result, 'delivered') ?? []].flat(),
  ];
}
