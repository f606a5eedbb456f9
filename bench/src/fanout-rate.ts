import type { FanoutJob, FanoutResult } from '../../server/src/load/job.ts';
import { attempt } from './attempt.ts';
import { behind } from './behind.ts';
import { latencyColumns } from './columns.ts';
import { type Comparison, documentOf, measureRounds, textOf } from './comparison.ts';
import { cpuPerDelivery, fanoutColumns } from './fanout-columns.ts';
import { CONTENT_BYTES, misdelivered, type Options, RATIOS } from './fanout-report.ts';
import type { Targeted } from './load/job.ts';
import type { Pinning } from './machine.ts';
import { pinning } from './options.ts';
import * as report from './report.ts';
import { conclude, describeRuns } from './run-options.ts';
import { CHANNEL, type Target } from './targets/target.ts';

const CONNECT_AND_DRAIN_MS = 90_000;
/** The fan-out on a schedule: so many messages a second, whatever comes back. */
export async function fanoutAtRate(options: Options, perSecond: number): Promise<void> {
  const cores = pinning(options.pin);
  const comparison = comparisonOf(options, perSecond, cores);
  const runs = await measureRounds(options.rounds, options.targets, (target) =>
    attempt(target, cores, (server, load) => {
      const job = jobFor(target, server, options, perSecond);
      return load.call('fanout', job, (job.warmupSeconds + job.seconds) * 1000 + CONNECT_AND_DRAIN_MS);
    }),
  );
  const { subscribers, publishers } = options;
  const details = { subscribers, publishers, messagesPerSecond: perSecond, contentBytes: CONTENT_BYTES };
  conclude(options, runs, textOf(comparison, runs), documentOf(comparison, options, details, runs, cores));
}

function jobFor(
  target: Target,
  { port, pid }: { readonly port: number; readonly pid: number },
  options: Options,
  perSecond: number,
): Targeted<FanoutJob> {
  return {
    target: target.name,
    server: { port },
    serverPid: pid,
    subscribers: options.subscribers,
    publishers: options.publishers,
    channel: CHANNEL,
    transport: 'websocket',
    drive: { perSecond },
    warmupSeconds: options.warmup,
    seconds: options.seconds,
    contentBytes: CONTENT_BYTES,
  };
}

function comparisonOf(options: Options, perSecond: number, cores: Pinning | null): Comparison<FanoutResult> {
  const due = perSecond * options.subscribers;
  return {
    scenario: 'fanout at a fixed rate',
    introduction: [
      `fanout: ${options.subscribers} subscribers, ${CONTENT_BYTES}-byte content, ${perSecond} messages/s ` +
        `(${report.short(due)} deliveries/s), ${describeRuns(options, cores)}`,
      ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
      'latency: from when a message was due, whether the load or the server was busy then, to its arrival',
    ],
    targets: options.targets,
    subjects: options.targets,
    columns: fanoutColumns,
    pairs: RATIOS,
    // At a rate that both keep up with, as the share of a core; and where one does not, still comparable.
    compared: [...latencyColumns, cpuPerDelivery],
    remarksOn: (where, result) => [...misdelivered(where, result), ...behind(where, result, due)],
    trusted: 'CPU per delivery',
  };
}
