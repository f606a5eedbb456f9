import type { FanoutResult } from '../../server/src/load/job.ts';
import { type Column, latencyColumns, usageColumns } from './columns.ts';
import * as report from './report.ts';

/** How the results of a fan-out are written, where they are compared. */

export const deliveriesPerSecond: Column<FanoutResult> = {
  heading: 'deliveries/s',
  pick: (result) => result.deliveriesPerSecond,
  format: report.short,
};

export const cpuPerDelivery: Column<FanoutResult> = {
  heading: 'CPU µs/delivery',
  pick: (result) => result.serverMicrosecondsPerDelivery,
  format: (value) => value.toFixed(3),
};

export const fanoutColumns: readonly [Column<FanoutResult>, ...Column<FanoutResult>[]] = [
  deliveriesPerSecond,
  ...latencyColumns,
  cpuPerDelivery,
  ...usageColumns,
  { heading: 'bytes each', pick: (result) => result.bytesPerDelivery, format: report.bytes },
];
