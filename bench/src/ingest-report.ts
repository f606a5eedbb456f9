import type { IngestResult } from '../../server/src/load/job.ts';
import type { Outcome } from './attempt.ts';
import { mediansTable, type Ratios, ratiosOf, ratiosTable, type Series } from './columns.ts';
import { ingestCost, ingestRate, otherIngestColumns } from './ingest-columns.ts';
import type { Pinning } from './machine.ts';
import { disturbed, loadBound } from './remarks.ts';
import { median } from './report.ts';
import { describeRuns, preamble, type RunOptions } from './run-options.ts';
import type { Target } from './targets/target.ts';

/** Of each message. */
export const CONTENT_BYTES = 128;

const MEASURED = 'fanwire';
const REFERENCE = 'fanwire-memory';

export interface Options extends RunOptions {
  readonly publishers: number;
  readonly inFlight: number;
  readonly channels: readonly number[];
  readonly targets: readonly Target[];
}

/** One target in one round with one number of channels. */
export type Run = Outcome<IngestResult> & {
  readonly round: number;
  readonly channels: number;
  readonly target: string;
};

export function text(options: Options, runs: readonly Run[], cores: Pinning | null): string {
  const { publishers, inFlight } = options;
  const parts = [
    `ingest: ${publishers} publishers, each with ${inFlight} publishes that wait for their acknowledgement, ` +
      `no subscriber, ${CONTENT_BYTES}-byte content, ${describeRuns(options, cores)}`,
    ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
    "every channel's offset was compared with the publishes to it that were acknowledged",
  ];
  for (const channels of options.channels) {
    const series = options.targets.map(({ name }) => [name, seriesOf(runs, channels, name)] as const);
    const columns = [ingestRate, ingestCost, ...otherIngestColumns] as const;
    parts.push('', `${nameOf(channels)}, medians`, mediansTable('target', columns, series));
    const ratios = ratiosWith(runs, channels);
    const headings = [{ heading: 'publishes/s' }, { heading: 'CPU/publish' }];
    if (ratios !== null) {
      const rows = [[`${MEASURED} / ${REFERENCE}`, ratios]] as const;
      parts.push('', ratiosTable('round by round', headings, rows));
    }
  }
  const remarks = remarksOn(runs);
  return [...parts, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

function nameOf(channels: number): string {
  return channels === 1 ? 'one channel' : `${channels} channels`;
}

/** By round, so that the n-th results of two targets are a pair. */
function seriesOf(runs: readonly Run[], channels: number, target: string): Series<IngestResult> {
  return runs.filter((one) => one.channels === channels && one.target === target).map((one) => one.result);
}

function ratiosWith(runs: readonly Run[], channels: number): readonly Ratios[] | null {
  const columns = [ingestRate, ingestCost];
  return ratiosOf(columns, seriesOf(runs, channels, MEASURED), seriesOf(runs, channels, REFERENCE));
}

function remarksOn(runs: readonly Run[]): string[] {
  const ofRuns = runs.flatMap((run) => {
    const where = `${run.target}, ${nameOf(run.channels)}, round ${run.round + 1}`;
    if (run.result === null) return [`FAILED ${where}: ${run.error}`];
    return loadBound(where, run.result, 'acknowledged') ?? [];
  });
  const disturbance = disturbed(
    runs.map((one) => one.result),
    'CPU per publish',
  );
  return [...ofRuns, ...(disturbance === null ? [] : [disturbance])];
}

export function document(options: Options, runs: readonly Run[], cores: Pinning | null): object {
  const { publishers, inFlight, channels, targets } = options;
  return {
    ...preamble('ingest', options, targets, cores, {
      publishers,
      inFlight,
      channels,
      contentBytes: CONTENT_BYTES,
    }),
    ratios: channels.flatMap((count) => {
      const [rate, cpu] = ratiosWith(runs, count) ?? [];
      if (rate === undefined) return [];
      return {
        channels: count,
        measured: MEASURED,
        reference: REFERENCE,
        publishesPerSecond: median(rate),
        cpuPerPublish: median(cpu ?? []),
        rounds: rate,
      };
    }),
    remarks: remarksOn(runs),
    runs,
  };
}
