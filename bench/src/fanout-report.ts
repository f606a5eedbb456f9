import type { FanoutResult } from '../../server/src/load/job.ts';
import type { Pinning } from './machine.ts';
import { disturbed, loadBound } from './remarks.ts';
import * as report from './report.ts';
import { preamble } from './run-options.ts';
import type { Target } from './targets/target.ts';

/** Of each message. */
export const CONTENT_BYTES = 128;
/** What every rate of a window depends on. */
export const IN_FLIGHT =
  'in flight: published, and not yet received back by its own publisher, who is a subscriber like the others ' +
  '(among the last to subscribe)';

export const RATIOS: readonly (readonly [string, string])[] = [
  ['fanwire', 'ws-loop'],
  ['fanwire', 'socket.io'],
  ['fanwire-memory', 'ws-loop'],
  ['fanwire-memory', 'socket.io'],
];

export interface Options {
  readonly subscribers: number;
  readonly publishers: number;
  readonly window: readonly number[];
  /** Messages a second, on schedule; then there is no window. */
  readonly rate?: number;
  readonly seconds: number;
  readonly warmup: number;
  readonly rounds: number;
  readonly targets: readonly Target[];
  readonly pin: boolean;
  readonly json?: string;
}

/** One target in one round with one window. */
export interface Run {
  readonly round: number;
  readonly window: number;
  readonly target: string;
  /** Null where it failed. */
  readonly result: FanoutResult | null;
  readonly error: string | null;
}

export function text(options: Options, runs: readonly Run[], cores: Pinning | null): string {
  const pinned = cores === null ? 'not pinned' : `server on core ${cores.server}, load on core ${cores.load}`;
  const parts = [
    `fanout: ${options.subscribers} subscribers, ${CONTENT_BYTES}-byte content, ${options.rounds} × ` +
      `${options.seconds} s after ${options.warmup} s of warm-up, ${pinned}`,
    ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
    IN_FLIGHT,
  ];
  for (const window of options.window) {
    const ofWindow = runs.filter((one) => one.window === window);
    parts.push('', `${inFlight(window, options.publishers)}, medians`, figures(options.targets, ofWindow));
    const compared = comparison(ofWindow);
    if (compared !== null) parts.push('', compared);
  }
  const remarks = remarksOn(runs);
  return [...parts, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

function figures(shown: readonly Target[], runs: readonly Run[]): string {
  const heading = [
    'target',
    'deliveries/s',
    'lowest',
    'highest',
    'p50',
    'p99',
    'p99.9',
    'server CPU',
    'CPU µs/delivery',
    'load CPU',
    'bytes each',
  ];
  const rows = shown.map((target) => {
    const results = resultsOf(runs, target.name).filter((result) => result !== null);
    const of = (pick: (result: FanoutResult) => number | null, format: (value: number) => string) =>
      report.orDash(report.median(results.map(pick).filter((value) => value !== null)), format);
    const rates = results.map((result) => result.deliveriesPerSecond);
    return [
      target.name,
      of((result) => result.deliveriesPerSecond, report.short),
      rates.length === 0 ? report.NONE : report.short(Math.min(...rates)),
      rates.length === 0 ? report.NONE : report.short(Math.max(...rates)),
      of((result) => result.latency.p50, report.milliseconds),
      of((result) => result.latency.p99, report.milliseconds),
      of((result) => result.latency.p999, report.milliseconds),
      of((result) => result.serverUtilisation, report.percent),
      of(
        (result) => result.serverMicrosecondsPerDelivery,
        (value) => value.toFixed(3),
      ),
      of((result) => result.loadUtilisation, report.percent),
      of((result) => result.bytesPerDelivery, report.bytes),
    ];
  });
  return report.table(heading, rows);
}

/** By round, so that the n-th results of two targets are a pair. */
function resultsOf(runs: readonly Run[], target: string): (FanoutResult | null)[] {
  return runs.filter((one) => one.target === target).map((one) => one.result);
}

interface Ratio {
  readonly measured: string;
  readonly reference: string;
  readonly deliveries: readonly number[];
  readonly cpuPerDelivery: readonly number[];
}

function ratiosOf(runs: readonly Run[]): Ratio[] {
  return RATIOS.flatMap(([measured, reference]) => {
    const ours = resultsOf(runs, measured);
    const theirs = resultsOf(runs, reference);
    const over = (pick: (result: FanoutResult) => number | null) => {
      const values = (results: (FanoutResult | null)[]) =>
        results.map((one) => (one === null ? null : pick(one)));
      return report.pairedRatios(values(ours), values(theirs));
    };
    const deliveries = over((result) => result.deliveriesPerSecond);
    const cpuPerDelivery = over((result) => result.serverMicrosecondsPerDelivery);
    return deliveries.length === 0 ? [] : [{ measured, reference, deliveries, cpuPerDelivery }];
  });
}

function comparison(runs: readonly Run[]): string | null {
  const rows = ratiosOf(runs).map((ratio) => [
    `${ratio.measured} / ${ratio.reference}`,
    report.orDash(report.median(ratio.deliveries), report.ratio),
    report.ratio(Math.min(...ratio.deliveries)),
    report.ratio(Math.max(...ratio.deliveries)),
    report.orDash(report.median(ratio.cpuPerDelivery), report.ratio),
  ]);
  if (rows.length === 0) return null;
  return report.table(['round by round', 'deliveries/s', 'lowest', 'highest', 'CPU/delivery'], rows);
}

/** What a reader must know before believing the figures, most serious first. */
function remarksOn(runs: readonly Run[]): string[] {
  const disturbance = disturbed(
    runs.map((one) => one.result),
    'CPU per delivery',
  );
  return [...runs.flatMap((one) => remarksOnRun(one)), ...(disturbance === null ? [] : [disturbance])];
}

function remarksOnRun({ target, window, result, error, round }: Run): string[] {
  const where = `${target}, ${window} in flight, round ${round + 1}`;
  if (result === null) return [`FAILED ${where}: ${error}`];
  return [...misdelivered(where, result), loadBound(where, result, 'delivered') ?? []].flat();
}

/** What was not delivered as it has to be. */
export function misdelivered(where: string, result: FanoutResult): string[] {
  const remarks: string[] = [];
  if (result.lost > 0) remarks.push(`LOST ${where}: ${result.lost} deliveries never came`);
  if (result.lost < 0) remarks.push(`DUPLICATED ${where}: ${-result.lost} deliveries came more than once`);
  if (!result.sameOrder) remarks.push(`ORDER ${where}: the sampled subscribers did not see one same order`);
  for (const [reason, count] of Object.entries(result.dropped)) {
    remarks.push(`DROPPED ${where}: ${count} connections: ${reason}`);
  }
  return remarks;
}

export function document(options: Options, runs: readonly Run[], cores: Pinning | null): object {
  return {
    ...preamble('fanout', options, options.targets, cores, {
      subscribers: options.subscribers,
      publishers: options.publishers,
      windows: options.window,
      contentBytes: CONTENT_BYTES,
    }),
    ratios: options.window.flatMap((window) =>
      ratiosOf(runs.filter((one) => one.window === window)).map((ratio) => ({
        window,
        measured: ratio.measured,
        reference: ratio.reference,
        deliveriesPerSecond: report.median(ratio.deliveries),
        cpuPerDelivery: report.median(ratio.cpuPerDelivery),
        rounds: ratio.deliveries,
      })),
    ),
    remarks: remarksOn(runs),
    runs,
  };
}

/** What a window means: with as many messages as publishers, each waits for its own before it sends the next. */
function inFlight(window: number, publishers: number): string {
  if (window === 1) return 'one message in flight altogether';
  return window === publishers
    ? `${publishers} publishers, each one message at a time`
    : `${window} in flight`;
}
