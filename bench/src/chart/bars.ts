import type { Column } from '../columns.ts';
import { median, pairedRatios } from '../report.ts';
import { fanwire, fanwireMemory } from '../targets/fanwire.ts';
import type { Fields } from './fields.ts';
import type { Bar, Figure, Group, Tone } from './panel.ts';

/** One measurement: of whom, and its result, null where it failed. By round, so that n-th ones are pairs. */
export interface Row {
  readonly name: string;
  readonly result: unknown;
}

/** A document's runs; `naming` is the field that has the name. */
export function rowsOf(document: Fields, naming: 'target' | 'subject'): (Row & { readonly run: Fields })[] {
  const rows = document.each('runs').map((run) => {
    const result = run.value('result') ?? run.value('cost') ?? null;
    return { name: run.text(naming), result, run };
  });
  if (rows.length === 0) throw new Error('it has no runs');
  return rows;
}

/** What the ratios are to: a name for the reader, and the row for each row; null where there is none. */
export interface Reference {
  readonly name: string;
  of(name: string): string | null;
}

/** The default engine; where it was not measured, the other one; else none. */
export function toFanwire(rows: readonly Row[]): Reference | null {
  const found = [fanwire.name, fanwireMemory.name].find((name) => rows.some((row) => row.name === name));
  return found === undefined ? null : { name: found, of: () => found };
}

/** A bar for each name, in the order in which they first come. */
export function groupOf(
  heading: string,
  figure: Figure,
  rows: readonly Row[],
  reference: Reference | null = toFanwire(rows),
): Group {
  const names = [...new Set(rows.map(({ name }) => name))];
  const series = new Map(names.map((name) => [name, valuesOf(figure, rows, name)]));
  const bars = names.map((name): Bar => {
    const values = (series.get(name) ?? []).filter((value) => value !== null);
    const [lowest, highest] = values.length === 0 ? [null, null] : [Math.min(...values), Math.max(...values)];
    const other = series.get(reference?.of(name) ?? '') ?? [];
    const ratio = median(pairedRatios(series.get(name) ?? [], other));
    return { label: name, tone: toneOf(name), median: median(values), lowest, highest, ratio };
  });
  return { heading, figure, comparedTo: bars.length > 1 && reference !== null ? reference.name : null, bars };
}

function valuesOf(figure: Figure, rows: readonly Row[], name: string): (number | null)[] {
  return rows.filter((row) => row.name === name).map(({ result }) => checked(figure, result));
}

function checked({ name, column }: Figure, result: unknown): number | null {
  const value = result === null ? null : picked(column, result);
  if (value === null || Number.isFinite(value)) return value;
  throw new Error(`a run has no figure for ${name}`);
}

/** NaN where the result is not what the column expects. */
function picked(column: Column<unknown>, result: unknown): number | null {
  try {
    return column.pick(result);
  } catch {
    return Number.NaN;
  }
}

/** Names of subjects begin with that of the target: `fanwire, 100 channels`. */
function toneOf(name: string): Tone {
  const target = name.split(', ')[0];
  if (target === fanwire.name) return 'default';
  return target === fanwireMemory.name ? 'memory' : 'other';
}
