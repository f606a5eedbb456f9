import { type Column, ratiosOf, type Series } from './columns.ts';
import type { Run } from './comparison.ts';
import { median, ratio } from './report.ts';

/** A ratio between two subjects that the project wants to reach: at least, or at most, so much. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** The median of `measured / reference`, round by round; null where no round has both. */
export function medianRatio<R>(
  runs: readonly Run<R>[],
  column: Column<R>,
  measured: string,
  reference: string,
): number | null {
  const series = (name: string): Series<R> =>
    runs.filter(({ subject }) => subject === name).map(({ result }) => result);
  const [ratios] = ratiosOf([column], series(measured), series(reference)) ?? [];
  return median(ratios ?? []);
}

/** One line: `goal, at least 0.85×: fan-out 0.97× (reached), ingest 0.71× (missed)`. */
export function verdict(
  goal: Goal,
  values: readonly (readonly [name: string, value: number | null])[],
): string {
  const said = values.map(([name, value]) => {
    if (value === null) return `${name} not measured`;
    return `${name} ${ratio(value)} (${isReached(goal, value) ? 'reached' : 'missed'})`;
  });
  const bound = 'atLeast' in goal ? `at least ${ratio(goal.atLeast)}` : `at most ${ratio(goal.atMost)}`;
  return `goal, ${bound}: ${said.join(', ')}`;
}

function isReached(goal: Goal, value: number): boolean {
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}
