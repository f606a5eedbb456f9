import type { FanoutResult, IngestResult } from '../../server/src/load/job.ts';
import { type Comparison, documentOf, type Run, textOf } from './comparison.ts';
import { cpuPerDelivery, deliveriesPerSecond, fanoutColumns } from './fanout-columns.ts';
import { CONTENT_BYTES, misdelivered } from './fanout-report.ts';
import { type Goal, medianRatio, verdict } from './goal.ts';
import { ingestCost, ingestRate, otherIngestColumns } from './ingest-columns.ts';
import type { Pinning } from './machine.ts';
import { loadBound } from './remarks.ts';
import { describeRuns, preamble, type RunOptions } from './run-options.ts';
import { fanwire, fanwireMemory } from './targets/fanwire.ts';

/** The engine that keeps messages on disk, and the one that does not. */
export const ENGINES = [fanwire, fanwireMemory] as const;
const PAIR = [fanwire.name, fanwireMemory.name] as const;

/** Of the rates: what durability may cost. */
const GOAL: Goal = { atLeast: 0.85 };

export interface Options extends RunOptions {
  readonly subscribers: number;
  readonly window: number;
  readonly publishers: number;
  readonly inFlight: number;
}

export interface Runs {
  readonly fanout: readonly Run<FanoutResult>[];
  readonly ingest: readonly Run<IngestResult>[];
}

function fanoutComparison({ subscribers, window }: Options): Comparison<FanoutResult> {
  return {
    scenario: 'durable: fan-out',
    introduction: [`fan-out: ${subscribers} subscribers of one channel, ${window} in flight`],
    targets: ENGINES,
    subjects: ENGINES,
    columns: fanoutColumns,
    pairs: [PAIR],
    compared: [deliveriesPerSecond, cpuPerDelivery],
    remarksOn: (where, result) => [
      ...misdelivered(where, result),
      ...[loadBound(where, result, 'delivered') ?? []].flat(),
    ],
    trusted: 'CPU per delivery',
  };
}

function ingestComparison({ publishers, inFlight }: Options): Comparison<IngestResult> {
  return {
    scenario: 'durable: ingest',
    introduction: [
      `ingest: ${publishers} publishers to one channel without subscribers, each with ${inFlight} publishes ` +
        'that wait for their acknowledgement',
    ],
    targets: ENGINES,
    subjects: ENGINES,
    columns: [ingestRate, ingestCost, ...otherIngestColumns],
    pairs: [PAIR],
    compared: [ingestRate, ingestCost],
    remarksOn: (where, result) => [loadBound(where, result, 'acknowledged') ?? []].flat(),
    trusted: 'CPU per publish',
  };
}

export function text(options: Options, runs: Runs, cores: Pinning | null): string {
  return [
    `durable: the same on both engines, ${CONTENT_BYTES}-byte content, ${describeRuns(options, cores)}`,
    ...ENGINES.map(({ name, title }) => `  ${name}: ${title}`),
    '',
    textOf(fanoutComparison(options), runs.fanout),
    '',
    textOf(ingestComparison(options), runs.ingest),
    '',
    verdict(GOAL, ratios(runs)),
  ].join('\n');
}

/** Of the rates, sqlite to memory. */
function ratios({ fanout, ingest }: Runs): (readonly [string, number | null])[] {
  return [
    ['fan-out', medianRatio(fanout, deliveriesPerSecond, ...PAIR)],
    ['ingest', medianRatio(ingest, ingestRate, ...PAIR)],
  ];
}

export function document(options: Options, runs: Runs, cores: Pinning | null): object {
  const { subscribers, window, publishers, inFlight } = options;
  const details = { subscribers, window, publishers, inFlight, contentBytes: CONTENT_BYTES };
  return {
    ...preamble('durable', options, ENGINES, cores, details),
    goal: GOAL,
    ratios: Object.fromEntries(ratios(runs)),
    fanout: documentOf(fanoutComparison(options), options, details, runs.fanout, cores),
    ingest: documentOf(ingestComparison(options), options, details, runs.ingest, cores),
  };
}
