import { messageOf } from '../../server/src/load/message-of.ts';
import type { UsageBetween } from '../../server/src/load/usage.ts';
import type { Outcome } from './attempt.ts';
import { type Column, mediansTable, type Ratios, ratiosOf, ratiosTable, type Series } from './columns.ts';
import type { Pinning } from './machine.ts';
import { disturbed } from './remarks.ts';
import { median, progress } from './report.ts';
import { rotated } from './rounds.ts';
import { preamble, type RoundOptions, type RunOptions } from './run-options.ts';
import type { Named } from './targets/target.ts';

/** One subject in one round. */
export type Run<R> = Outcome<R> & { readonly round: number; readonly subject: string };

/** Measures every subject in every round, in each round beginning with another one. */
export async function measureRounds<S extends { readonly name: string }, R>(
  rounds: number,
  subjects: readonly S[],
  measure: (subject: S) => Promise<Outcome<R>>,
): Promise<Run<R>[]> {
  const runs: Run<R>[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const subject of rotated(subjects, round)) {
      progress(`round ${round + 1}/${rounds}: ${subject.name}`);
      const outcome = await measure(subject).catch((error: unknown) => ({
        result: null,
        error: messageOf(error),
      }));
      runs.push({ round, subject: subject.name, ...outcome });
    }
  }
  return runs;
}

/** What was measured, and how it is compared. */
export interface Comparison<R> {
  readonly scenario: string;
  /** What the report begins with, line by line. */
  readonly introduction: readonly string[];
  readonly targets: readonly Named[];
  /** A target each, or several of one target in different circumstances. */
  readonly subjects: readonly { readonly name: string }[];
  /** Of the figures; the first also with its lowest and highest. */
  readonly columns: readonly [Column<R>, ...Column<R>[]];
  /** Names of subjects: the first is divided by the second. Only pairs that were measured are shown. */
  readonly pairs: readonly (readonly [measured: string, reference: string])[];
  /** What is divided. */
  readonly compared: readonly Column<R>[];
  /** What a reader must know before believing the figures of one run, most serious first. */
  remarksOn(where: string, result: R): string[];
  /** The figure that a disturbed run can be trusted for. */
  readonly trusted: string;
  /** Lines that say whether goals were reached. */
  verdicts?(runs: readonly Run<R>[]): string[];
}

export function textOf<R extends UsageBetween>(comparison: Comparison<R>, runs: readonly Run<R>[]): string {
  const { introduction, subjects, columns } = comparison;
  const rows = subjects.map(({ name }) => [name, seriesOf(runs, name)] as const);
  const parts = [...introduction, '', mediansTable('medians', columns, rows)];
  const ratios = ratiosIn(comparison, runs);
  if (ratios.length > 0) {
    const named = ratios.map(({ measured, reference, figure, rounds }) => {
      return [`${measured} / ${reference}: ${figure}`, [rounds]] as const;
    });
    parts.push('', ratiosTable('round by round', [{ heading: 'ratio' }], named));
  }
  const verdicts = comparison.verdicts?.(runs) ?? [];
  if (verdicts.length > 0) parts.push('', ...verdicts);
  const remarks = remarksOf(comparison, runs);
  return [...parts, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

export function documentOf<R extends UsageBetween>(
  comparison: Comparison<R>,
  options: RoundOptions & Partial<RunOptions>,
  details: object,
  runs: readonly Run<R>[],
  cores: Pinning | null,
): object {
  return {
    ...preamble(comparison.scenario, options, comparison.targets, cores, details),
    ratios: ratiosIn(comparison, runs).map((one) => ({ ...one, median: median(one.rounds) })),
    verdicts: comparison.verdicts?.(runs) ?? [],
    remarks: remarksOf(comparison, runs),
    runs,
  };
}

/** By round, so that the n-th results of two subjects are a pair. */
function seriesOf<R>(runs: readonly Run<R>[], subject: string): Series<R> {
  return runs.filter((one) => one.subject === subject).map((one) => one.result);
}

interface Ratio {
  readonly measured: string;
  readonly reference: string;
  readonly figure: string;
  readonly rounds: Ratios;
}

function ratiosIn<R>({ pairs, compared }: Comparison<R>, runs: readonly Run<R>[]): Ratio[] {
  return pairs.flatMap(([measured, reference]) => {
    const ratios = ratiosOf(compared, seriesOf(runs, measured), seriesOf(runs, reference)) ?? [];
    return ratios.flatMap((rounds, index) => {
      const figure = compared[index]?.heading ?? '';
      return rounds.length === 0 ? [] : [{ measured, reference, figure, rounds }];
    });
  });
}

function remarksOf<R extends UsageBetween>(
  { remarksOn, trusted }: Comparison<R>,
  runs: readonly Run<R>[],
): string[] {
  const ofRuns = runs.flatMap((run) => {
    const where = `${run.subject}, round ${run.round + 1}`;
    return run.result === null ? [`FAILED ${where}: ${run.error}`] : remarksOn(where, run.result);
  });
  const disturbance = disturbed(
    runs.map((one) => one.result),
    trusted,
  );
  return [...ofRuns, ...(disturbance === null ? [] : [disturbance])];
}
