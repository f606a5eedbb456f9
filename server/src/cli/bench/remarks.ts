import { percent } from './figures.ts';
import type { Measurement } from './scenario.ts';

/** Share of a core from which on the load may have been what limited a run. */
const bottleneck = 0.9;

export function isLoadBound({ usage }: Measurement): boolean {
  return usage.loadUtilisation > bottleneck;
}

/** What a reader has to know of the figures, in words, the most important first. */
export function remarksOn(measurement: Measurement): string[] {
  if (!isLoadBound(measurement)) return [...measurement.remarks];
  const share = percent(measurement.usage.loadUtilisation);
  return [
    `the load generator itself was the bottleneck (${share} of a core): the server could do more than this`,
    ...measurement.remarks,
  ];
}
