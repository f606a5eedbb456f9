import type { IngestResult } from '../../server/src/load/job.ts';
import { type Column, latencyColumns, usageColumns } from './columns.ts';
import * as report from './report.ts';

/** How acknowledged publishes are written in reports. */

export const ingestRate: Column<IngestResult> = {
  heading: 'publishes/s',
  pick: (result) => result.publishesPerSecond,
  format: report.short,
};

export const ingestCost: Column<IngestResult> = {
  heading: 'CPU µs/publish',
  pick: (result) => result.serverMicrosecondsPerPublish,
  format: (value) => value.toFixed(2),
};

export const otherIngestColumns: readonly Column<IngestResult>[] = [...latencyColumns, ...usageColumns];
