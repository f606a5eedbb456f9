import type { Latency } from '../../server/src/load/latency.ts';
import type { UsageBetween } from '../../server/src/load/usage.ts';
import * as report from './report.ts';

/** One figure of a result, and how it is written. */
export interface Column<R> {
  readonly heading: string;
  pick(result: R): number | null;
  format(value: number): string;
}

/** Results by round, null where one failed: the n-th of two series are a pair. */
export type Series<R> = readonly (R | null)[];

/** Ratios of a column, one for each pair of rounds. */
export type Ratios = readonly number[];

export const latencyColumns: readonly Column<{ readonly latency: Latency }>[] = [
  { heading: 'p50', pick: ({ latency }) => latency.p50, format: report.milliseconds },
  { heading: 'p99', pick: ({ latency }) => latency.p99, format: report.milliseconds },
  { heading: 'p99.9', pick: ({ latency }) => latency.p999, format: report.milliseconds },
];

export const usageColumns: readonly Column<UsageBetween>[] = [
  { heading: 'server CPU', pick: (usage) => usage.serverUtilisation, format: report.percent },
  { heading: 'load CPU', pick: (usage) => usage.loadUtilisation, format: report.percent },
];

/** A row of medians for each name; the first column also with its lowest and highest. */
export function mediansTable<R>(
  corner: string,
  [main, ...others]: readonly [Column<R>, ...Column<R>[]],
  rows: readonly (readonly [name: string, series: Series<R>])[],
): string {
  const cells = rows.map(([name, series]) => {
    const values = (column: Column<R>) => valuesOf(column, series).filter((value) => value !== null);
    const medians = others.map((column) => report.orDash(report.median(values(column)), column.format));
    return [name, ...spread(values(main), main.format), ...medians];
  });
  return report.table(headings(corner, [main, ...others]), cells);
}

/** `measured / reference`, round by round, for each column. Null where no round has both. */
export function ratiosOf<R>(
  columns: readonly Column<R>[],
  measured: Series<R>,
  reference: Series<R>,
): readonly Ratios[] | null {
  const all = columns.map((column) =>
    report.pairedRatios(valuesOf(column, measured), valuesOf(column, reference)),
  );
  return all[0] === undefined || all[0].length === 0 ? null : all;
}

/** A row of medians of ratios for each name; the first column also with its lowest and highest. */
export function ratiosTable(
  corner: string,
  columns: readonly { readonly heading: string }[],
  rows: readonly (readonly [name: string, ratios: readonly Ratios[]])[],
): string {
  const cells = rows.map(([name, [main = [], ...others]]) => {
    const medians = others.map((ratios) => report.orDash(report.median(ratios), report.ratio));
    return [name, ...spread(main, report.ratio), ...medians];
  });
  return report.table(headings(corner, columns), cells);
}

function headings(corner: string, columns: readonly { readonly heading: string }[]): string[] {
  const [main, ...others] = columns.map(({ heading }) => heading);
  return [corner, main ?? '', 'lowest', 'highest', ...others];
}

function valuesOf<R>(column: Column<R>, series: Series<R>): (number | null)[] {
  return series.map((result) => (result === null ? null : column.pick(result)));
}

/** Median, lowest and highest. */
function spread(values: readonly number[], format: (value: number) => string): string[] {
  if (values.length === 0) return [report.NONE, report.NONE, report.NONE];
  return [
    report.orDash(report.median(values), format),
    format(Math.min(...values)),
    format(Math.max(...values)),
  ];
}
