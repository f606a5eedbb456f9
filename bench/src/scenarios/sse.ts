import type { Command } from 'commander';
import type { FanoutJob, FanoutResult } from '../../../server/src/load/job.ts';
import { attempt } from '../attempt.ts';
import { type Comparison, documentOf, measureRounds, textOf } from '../comparison.ts';
import { cpuPerDelivery, deliveriesPerSecond, fanoutColumns } from '../fanout-columns.ts';
import { CONTENT_BYTES, IN_FLIGHT, misdelivered } from '../fanout-report.ts';
import { type Goal, medianRatio, verdict } from '../goal.ts';
import type { Targeted } from '../load/job.ts';
import type { Pinning } from '../machine.ts';
import { connections, fanwireTargets, nameTargets, pinning, wholeNumber, wholeNumbers } from '../options.ts';
import { loadBound } from '../remarks.ts';
import { conclude, defineRunOptions, describeRuns, type RunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import { CHANNEL, type Target } from '../targets/target.ts';

const CONNECT_AND_DRAIN_MS = 90_000;
const TRANSPORTS = { sse: 'event streams', websocket: 'WebSockets' } as const;

/** Of deliveries per second, event streams to WebSockets. */
const GOAL: Goal = { atLeast: 0.9 };

interface Options extends RunOptions {
  readonly subscribers: number;
  readonly publishers: number;
  readonly window: readonly number[];
  readonly targets: readonly Target[];
}

export const scenario: Scenario = {
  summary: 'the fan-out to event streams, beside the same to WebSockets',
  define(command: Command): void {
    command
      .option('--subscribers <n>', 'connections subscribed, publishers included', connections, 1000)
      .option('--publishers <n>', 'how many of them publish: WebSockets always', wholeNumber(1000), 8)
      .option('--window <n,…>', 'messages in flight, over all publishers', wholeNumbers(10_000), [32, 8])
      .option('--targets <name,…>', 'what to measure', fanwireTargets, fanwireTargets('fanwire'))
      .action(run);
    defineRunOptions(command);
    nameTargets(command);
  },
};

/** One way to subscribe at one server with one window. */
interface Subject {
  readonly name: string;
  readonly target: Target;
  readonly transport: FanoutJob['transport'];
  readonly window: number;
}

function subject(target: Target, transport: FanoutJob['transport'], window: number): Subject {
  return { name: `${target.name}, ${window} in flight, ${TRANSPORTS[transport]}`, target, transport, window };
}

async function run(options: Options): Promise<void> {
  const cores = pinning(options.pin);
  const pairs = options.window.flatMap((window) =>
    options.targets.map(
      (target) => [subject(target, 'sse', window), subject(target, 'websocket', window)] as const,
    ),
  );
  const comparison = comparisonOf(options, pairs, cores);
  const runs = await measureRounds(options.rounds, pairs.flat(), (one) =>
    attempt(one.target, cores, (server, load) => {
      const job = jobFor(one, server, options);
      return load.call('fanout', job, (job.warmupSeconds + job.seconds) * 1000 + CONNECT_AND_DRAIN_MS);
    }),
  );
  const { subscribers, publishers, window } = options;
  const details = { subscribers, publishers, windows: window, contentBytes: CONTENT_BYTES };
  conclude(options, runs, textOf(comparison, runs), documentOf(comparison, options, details, runs, cores));
}

function jobFor(
  { target, transport, window }: Subject,
  { port, pid }: { readonly port: number; readonly pid: number },
  options: Options,
): Targeted<FanoutJob> {
  return {
    target: target.name,
    server: { port },
    serverPid: pid,
    subscribers: options.subscribers,
    publishers: options.publishers,
    channel: CHANNEL,
    transport,
    drive: { inFlight: window },
    warmupSeconds: options.warmup,
    seconds: options.seconds,
    contentBytes: CONTENT_BYTES,
  };
}

function comparisonOf(
  options: Options,
  pairs: readonly (readonly [Subject, Subject])[],
  cores: Pinning | null,
): Comparison<FanoutResult> {
  const { subscribers, publishers } = options;
  return {
    scenario: 'sse',
    introduction: [
      `sse: ${subscribers} subscribers, ${CONTENT_BYTES}-byte content, ${describeRuns(options, cores)}`,
      ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
      `up to ${publishers} of the subscribers publish; those are WebSockets in both variants`,
      IN_FLIGHT,
    ],
    targets: options.targets,
    subjects: pairs.flat(),
    columns: fanoutColumns,
    pairs: pairs.map(([streams, sockets]) => [streams.name, sockets.name]),
    compared: [deliveriesPerSecond, cpuPerDelivery],
    remarksOn: (where, result) =>
      [...misdelivered(where, result), loadBound(where, result, 'delivered') ?? []].flat(),
    trusted: 'CPU per delivery',
    verdicts: (runs) => [
      verdict(
        GOAL,
        pairs.map(([streams, sockets]) => [
          `${streams.target.name} with ${streams.window} in flight`,
          medianRatio(runs, deliveriesPerSecond, streams.name, sockets.name),
        ]),
      ),
    ],
  };
}
