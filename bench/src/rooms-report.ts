import type { Outcome } from './attempt.ts';
import { mediansTable, ratiosOf, ratiosTable, type Series } from './columns.ts';
import { deliveryCost, deliveryRate, deliveryRemarks, otherDeliveryColumns } from './delivery-columns.ts';
import type { RoomsResult } from './load/job.ts';
import type { Pinning } from './machine.ts';
import { disturbed } from './remarks.ts';
import { median } from './report.ts';
import { describeRuns, preamble, type RunOptions } from './run-options.ts';
import type { Target } from './targets/target.ts';

/** Of each message. */
export const CONTENT_BYTES = 128;

export const RATIOS: readonly (readonly [string, string])[] = [
  ['fanwire', 'ws-rooms'],
  ['fanwire', 'socket.io-rooms'],
  ['fanwire-memory', 'ws-rooms'],
  ['fanwire-memory', 'socket.io-rooms'],
];

export interface Options extends RunOptions {
  readonly rooms: number;
  readonly members: number;
  readonly window: readonly number[];
  /** Messages a second over all rooms, instead of a window. */
  readonly rate?: number | undefined;
  readonly targets: readonly Target[];
}

/** One target in one round with one window. */
export type Run = Outcome<RoomsResult> & {
  readonly round: number;
  readonly window: number;
  readonly target: string;
};

export function text(options: Options, runs: readonly Run[], cores: Pinning | null): string {
  const parts = [
    `rooms: ${options.rooms} rooms of ${options.members} subscribers, one of each publishes, ` +
      `${CONTENT_BYTES}-byte content, ${describeRuns(options, cores)}`,
    ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
    'in flight: published, and not yet received back by its own publisher; the rooms publish in turn',
  ];
  for (const window of options.window) {
    const series = options.targets.map(({ name }) => [name, seriesOf(runs, window, name)] as const);
    const columns = [deliveryRate, deliveryCost, ...otherDeliveryColumns] as const;
    parts.push('', `${window} in flight over all rooms, medians`, mediansTable('target', columns, series));
    const ratios = comparisons(runs, window).map(({ name, ratios }) => [name, ratios] as const);
    const headings = [{ heading: 'deliveries/s' }, { heading: 'CPU/delivery' }];
    if (ratios.length > 0) parts.push('', ratiosTable('round by round', headings, ratios));
  }
  const remarks = remarksOn(runs);
  return [...parts, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

/** By round, so that the n-th results of two targets are a pair. */
function seriesOf(runs: readonly Run[], window: number, target: string): Series<RoomsResult> {
  return runs.filter((one) => one.window === window && one.target === target).map((one) => one.result);
}

function comparisons(runs: readonly Run[], window: number) {
  return RATIOS.flatMap(([measured, reference]) => {
    const series = [measured, reference].map((name) => seriesOf(runs, window, name));
    const ratios = ratiosOf([deliveryRate, deliveryCost], series[0] ?? [], series[1] ?? []);
    return ratios === null ? [] : [{ name: `${measured} / ${reference}`, measured, reference, ratios }];
  });
}

function remarksOn(runs: readonly Run[]): string[] {
  const ofRuns = runs.flatMap((run) => {
    const where = `${run.target}, ${run.window} in flight, round ${run.round + 1}`;
    return run.result === null ? [`FAILED ${where}: ${run.error}`] : deliveryRemarks(where, run.result);
  });
  const disturbance = disturbed(
    runs.map((one) => one.result),
    'CPU per delivery',
  );
  return [...ofRuns, ...(disturbance === null ? [] : [disturbance])];
}

export function document(options: Options, runs: readonly Run[], cores: Pinning | null): object {
  const { rooms, members, window, targets } = options;
  return {
    ...preamble('rooms', options, targets, cores, {
      rooms,
      members,
      windows: window,
      contentBytes: CONTENT_BYTES,
    }),
    ratios: window.flatMap((inFlight) =>
      comparisons(runs, inFlight).map(({ measured, reference, ratios: [deliveries = [], cpu = []] }) => ({
        window: inFlight,
        measured,
        reference,
        deliveriesPerSecond: median(deliveries),
        cpuPerDelivery: median(cpu),
        rounds: deliveries,
      })),
    ),
    remarks: remarksOn(runs),
    runs,
  };
}
