import { percentile } from './journal.ts';

/** Of a run, milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly samples: number;
}

/** Of sorted samples. */
export function latencyOf(sorted: Float64Array): Latency {
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    samples: sorted.length,
  };
}
