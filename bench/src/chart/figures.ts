import type { AcceptResult, HttpPublishResult, RecoverResult } from '../../../server/src/load/job.ts';
import type { Latency } from '../../../server/src/load/latency.ts';
import { deliveryCost, deliveryRate } from '../delivery-columns.ts';
import { cpuPerDelivery, deliveriesPerSecond } from '../fanout-columns.ts';
import { ingestRate } from '../ingest-columns.ts';
import type { SlowResult } from '../load/job.ts';
import * as report from '../report.ts';
import type { Figure } from './panel.ts';

/** What is drawn of each scenario: its headline. */

const MIB = 1 << 20;

export const fanoutRate: Figure = { name: 'deliveries/s', better: 'more', column: deliveriesPerSecond };
export const fanoutCost: Figure = {
  name: 'server CPU, µs per delivery',
  better: 'less',
  column: cpuPerDelivery,
};
export const roomsRate: Figure = { name: 'deliveries/s', better: 'more', column: deliveryRate };
export const growthCost: Figure = {
  name: 'server CPU, µs per delivery',
  better: 'less',
  column: deliveryCost,
};
export const acknowledged: Figure = {
  name: 'publishes acknowledged/s',
  better: 'more',
  column: ingestRate,
};

export const requests: Figure = {
  name: 'requests/s',
  better: 'more',
  column: {
    heading: 'requests/s',
    pick: (result: HttpPublishResult) => result.requestsPerSecond,
    format: report.short,
  },
};

export const accepted: Figure = {
  name: 'connections/s',
  better: 'more',
  column: {
    heading: 'connections/s',
    pick: (result: AcceptResult) => result.connectionsPerSecond,
    format: report.short,
  },
};

export const untilAll: Figure = {
  name: 'seconds until all have everything',
  better: 'less',
  column: {
    heading: 'until all',
    pick: (result: RecoverResult) => result.seconds,
    format: (value) => `${value.toFixed(2)} s`,
  },
};

export const bytesPerConnection: Figure = {
  name: 'bytes per connection',
  better: 'less',
  column: {
    heading: 'heap + external',
    pick: (cost: { readonly heap: number; readonly external: number }) => cost.heap + cost.external,
    format: report.bytes,
  },
};

export const peakMemory: Figure = {
  name: "server's peak memory, MiB",
  better: 'less',
  column: {
    heading: 'peak MiB',
    pick: ({ peakBytes }: SlowResult) => (peakBytes === null ? null : peakBytes / MIB),
    format: (value) => value.toFixed(0),
  },
};

export const p50 = latency('median', 'p50');
export const p99 = latency('99th percentile', 'p99');

function latency(name: string, percentile: 'p50' | 'p99'): Figure {
  return {
    name: `latency, ${name}`,
    better: 'less',
    column: {
      heading: percentile,
      pick: (result: { readonly latency: Latency }) => result.latency[percentile],
      format: report.milliseconds,
    },
  };
}
