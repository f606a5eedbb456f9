import type { HttpPublishResult } from '../../server/src/load/job.ts';
import type { Pinning } from './machine.ts';
import { disturbed, loadBound } from './remarks.ts';
import * as report from './report.ts';
import { preamble } from './run-options.ts';
import type { HttpTarget } from './targets/http-target.ts';

/** Of each message. */
export const DATA_BYTES = 128;

/** What the others are compared to. */
const CEILING = 'fastify';

export interface Options {
  readonly clients: number;
  readonly batch: readonly number[];
  readonly seconds: number;
  readonly warmup: number;
  readonly rounds: number;
  readonly targets: readonly HttpTarget[];
  readonly pin: boolean;
  readonly json?: string;
}

/** One target in one round with one size of batch. */
export interface Run {
  readonly round: number;
  readonly batch: number;
  readonly target: string;
  /** Null where it failed. */
  readonly result: HttpPublishResult | null;
  readonly error: string | null;
}

export function text(options: Options, runs: readonly Run[], cores: Pinning | null): string {
  const pinned = cores === null ? 'not pinned' : `server on core ${cores.server}, load on core ${cores.load}`;
  const parts = [
    `http-publish: ${options.clients} keep-alive connections, each one request at a time, ${DATA_BYTES}-byte ` +
      `data, ${options.rounds} × ${options.seconds} s after ${options.warmup} s of warm-up, ${pinned}`,
    ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
  ];
  for (const batch of options.batch) {
    const ofBatch = runs.filter((one) => one.batch === batch);
    parts.push('', `${requestOf(batch)}, medians`, figures(options.targets, ofBatch, batch));
    const compared = comparison(options.targets, ofBatch);
    if (compared !== null) parts.push('', compared);
  }
  const remarks = remarksOn(runs);
  return [...parts, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

function requestOf(batch: number): string {
  return batch === 1 ? 'POST /api/publish' : `POST /api/batch with ${batch} messages`;
}

type Pick = (result: HttpPublishResult) => number | null;
type Format = (value: number) => string;
type Column = readonly [heading: string, pick: Pick, format: Format];

const tenths: Format = (value) => value.toFixed(1);

const perMessage: readonly Column[] = [
  ['messages/s', (result) => result.messagesPerSecond, report.short],
  ['messages/CPU-s', (result) => result.messagesPerServerCpuSecond, report.short],
];

const common: readonly Column[] = [
  ['server CPU', (result) => result.serverUtilisation, report.percent],
  ['CPU µs/request', (result) => result.serverMicrosecondsPerRequest, tenths],
  ['p50', (result) => result.latency.p50, report.milliseconds],
  ['p99', (result) => result.latency.p99, report.milliseconds],
  ['p99.9', (result) => result.latency.p999, report.milliseconds],
  ['load CPU', (result) => result.loadUtilisation, report.percent],
];

function figures(shown: readonly HttpTarget[], runs: readonly Run[], batch: number): string {
  const columns = batch === 1 ? common : [...perMessage, ...common];
  const rows = shown.map(({ name }) => {
    const results = resultsOf(runs, name).filter((result) => result !== null);
    const of = (pick: Pick, format: Format) =>
      report.orDash(report.median(results.map(pick).filter((value) => value !== null)), format);
    const rates = results.map((result) => result.requestsPerSecond);
    return [
      name,
      of((result) => result.requestsPerSecond, report.short),
      rates.length === 0 ? report.NONE : report.short(Math.min(...rates)),
      rates.length === 0 ? report.NONE : report.short(Math.max(...rates)),
      ...columns.map(([, pick, format]) => of(pick, format)),
    ];
  });
  const headings = columns.map(([heading]) => heading);
  return report.table(['target', 'requests/s', 'lowest', 'highest', ...headings], rows);
}

/** By round, so that the n-th results of two targets are a pair. */
function resultsOf(runs: readonly Run[], target: string): (HttpPublishResult | null)[] {
  return runs.filter((one) => one.target === target).map((one) => one.result);
}

interface Ratio {
  readonly measured: string;
  readonly requests: readonly number[];
  readonly cpuPerRequest: readonly number[];
}

function ratiosOf(shown: readonly HttpTarget[], runs: readonly Run[]): Ratio[] {
  const ceiling = resultsOf(runs, CEILING);
  return shown.flatMap(({ name }) => {
    if (name === CEILING) return [];
    const ours = resultsOf(runs, name);
    const over = (pick: Pick) => {
      const values = (results: (HttpPublishResult | null)[]) =>
        results.map((one) => (one === null ? null : pick(one)));
      return report.pairedRatios(values(ours), values(ceiling));
    };
    const requests = over((result) => result.requestsPerSecond);
    const cpuPerRequest = over((result) => result.serverMicrosecondsPerRequest);
    return requests.length === 0 ? [] : [{ measured: name, requests, cpuPerRequest }];
  });
}

function comparison(shown: readonly HttpTarget[], runs: readonly Run[]): string | null {
  const rows = ratiosOf(shown, runs).map(({ measured, requests, cpuPerRequest }) => [
    `${measured} / ${CEILING}`,
    report.orDash(report.median(requests), report.ratio),
    report.ratio(Math.min(...requests)),
    report.ratio(Math.max(...requests)),
    report.orDash(report.median(cpuPerRequest), report.ratio),
  ]);
  if (rows.length === 0) return null;
  return report.table(['round by round', 'requests/s', 'lowest', 'highest', 'CPU/request'], rows);
}

/** What a reader must know before believing the figures, most serious first. */
function remarksOn(runs: readonly Run[]): string[] {
  const failed = runs.flatMap((one) => (one.result === null ? [`FAILED ${nameOf(one)}: ${one.error}`] : []));
  const bound = runs.flatMap((one) =>
    one.result === null ? [] : (loadBound(nameOf(one), one.result, 'answered') ?? []),
  );
  const results = runs.map((one) => one.result);
  return [...failed, ...bound, disturbed(results, 'CPU per request') ?? []].flat();
}

function nameOf({ target, batch, round }: Run): string {
  return `${target}, ${batch === 1 ? 'single' : `batch of ${batch}`}, round ${round + 1}`;
}

export function document(options: Options, runs: readonly Run[], cores: Pinning | null): object {
  return {
    ...preamble('http-publish', options, options.targets, cores, {
      clients: options.clients,
      batches: options.batch,
      dataBytes: DATA_BYTES,
    }),
    ratios: options.batch.flatMap((batch) =>
      ratiosOf(
        options.targets,
        runs.filter((one) => one.batch === batch),
      ).map((ratio) => ({
        batch,
        measured: ratio.measured,
        reference: CEILING,
        requestsPerSecond: report.median(ratio.requests),
        cpuPerRequest: report.median(ratio.cpuPerRequest),
        rounds: ratio.requests,
      })),
    ),
    remarks: remarksOn(runs),
    runs,
  };
}
