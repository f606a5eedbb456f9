import type { Command } from 'commander';
import { attempt } from '../attempt.ts';
import { type Column, latencyColumns, usageColumns } from '../columns.ts';
import { type Comparison, documentOf, measureRounds, textOf } from '../comparison.ts';
import { type Goal, medianRatio, verdict } from '../goal.ts';
import type { SlowJob, SlowResult } from '../load/job.ts';
import type { Pinning } from '../machine.ts';
import { connections, nameTargets, pinning, targets, wholeNumber } from '../options.ts';
import * as report from '../report.ts';
import { conclude, defineRunOptions, describeRuns, type RunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import { fanwire, fanwireMemory } from '../targets/fanwire.ts';
import type { Target } from '../targets/target.ts';

const CONNECT_AND_THAW_MS = 120_000;
/**
 * The kernel takes several MiB for each connection over loopback, where a segment has 64 KiB, before anything waits
 * in the server: less content than 64,000 bytes ten times a second would not fill that in a time worth waiting for.
 */
const DEFAULT_SECONDS = 12;
const MIB = 1 << 20;
/** As much as fits into one frame of a client of the bench. */
const MOST_CONTENT = 65_000;

/** Of latencies, with frozen readers to without. */
const GOAL: Goal = { atMost: 1.1 };

interface Options extends RunOptions {
  readonly subscribers: number;
  readonly frozen: number;
  readonly publishers: number;
  readonly rate: number;
  readonly content: number;
  readonly targets: readonly Target[];
}

/** One server with so many frozen readers. */
interface Subject {
  readonly name: string;
  readonly target: Target;
  readonly frozen: number;
}

const memoryGrowth: Column<SlowResult> = {
  heading: 'memory +MiB',
  pick: ({ residentBytes, peakBytes }) =>
    residentBytes === null || peakBytes === null ? null : (peakBytes - residentBytes) / MIB,
  format: (value) => value.toFixed(0),
};

/** The 50th and the 99th percentile. */
const typicalAndRare = latencyColumns.slice(0, 2);

const columns: readonly [Column<SlowResult>, ...Column<SlowResult>[]] = [
  { heading: 'deliveries/s', pick: (result) => result.deliveriesPerSecond, format: report.short },
  ...latencyColumns,
  {
    heading: 'peak MiB',
    pick: ({ peakBytes }) => (peakBytes === null ? null : peakBytes / MIB),
    format: (value) => value.toFixed(0),
  },
  memoryGrowth,
  { heading: 'closed 4413', pick: ({ closings }) => closings?.count ?? null, format: report.bytes },
  { heading: 'first after', pick: ({ closings }) => closings?.firstAfter ?? null, format: secondsText },
  { heading: 'last after', pick: ({ closings }) => closings?.lastAfter ?? null, format: secondsText },
  ...usageColumns,
];

function secondsText(value: number): string {
  return `${value.toFixed(1)} s`;
}

export const scenario: Scenario = {
  summary: 'readers that freeze: what the others notice, and what it costs the server',
  define(command: Command): void {
    command
      .option(
        '--subscribers <n>',
        'connections subscribed, frozen and publishing ones included',
        connections,
        1000,
      )
      .option('--frozen <n>', 'how many stop reading when the warm-up is over', connections, 100)
      .option('--publishers <n>', 'how many of the others publish', wholeNumber(1000), 8)
      .option('--rate <n>', 'messages per second, on schedule', wholeNumber(10_000), 10)
      .option('--content <bytes>', 'length of each message', wholeNumber(MOST_CONTENT), 64_000)
      .option('--targets <name,…>', 'what to measure', targets, targets('fanwire,ws-loop'))
      .action(run);
    defineRunOptions(command, DEFAULT_SECONDS);
    nameTargets(command);
  },
};

async function run(options: Options, command: Command): Promise<void> {
  if (options.frozen + options.publishers >= options.subscribers) {
    command.error('The frozen and the publishers have to leave subscribers to be measured.');
  }
  const cores = pinning(options.pin);
  const pairs = options.targets.map(
    (target) => [subject(target, options.frozen), subject(target, 0)] as const,
  );
  const runs = await measureRounds(options.rounds, pairs.flat(), ({ target, frozen }) =>
    attempt(target, cores, (server, load) => {
      const job = jobFor(target, frozen, server, options);
      return load.call('slow', job, (job.warmupSeconds + job.seconds) * 1000 + CONNECT_AND_THAW_MS);
    }),
  );
  const comparison = comparisonOf(options, pairs, cores);
  const { subscribers, frozen, publishers, rate, content } = options;
  const details = { subscribers, frozen, publishers, messagesPerSecond: rate, contentBytes: content };
  conclude(options, runs, textOf(comparison, runs), documentOf(comparison, options, details, runs, cores));
}

function subject(target: Target, frozen: number): Subject {
  return { name: `${target.name}, ${frozen === 0 ? 'none' : frozen} frozen`, target, frozen };
}

function jobFor(
  target: Target,
  frozen: number,
  { port, pid }: { readonly port: number; readonly pid: number },
  options: Options,
): SlowJob {
  return {
    target: target.name,
    server: { port },
    serverPid: pid,
    subscribers: options.subscribers,
    frozen,
    publishers: options.publishers,
    perSecond: options.rate,
    warmupSeconds: options.warmup,
    seconds: options.seconds,
    contentBytes: options.content,
    tellsClosings: isFanwire(target),
  };
}

function comparisonOf(
  options: Options,
  pairs: readonly (readonly [Subject, Subject])[],
  cores: Pinning | null,
): Comparison<SlowResult> {
  const { subscribers, frozen, rate, content } = options;
  return {
    scenario: 'slow',
    introduction: [
      `slow: ${subscribers} subscribers of which ${frozen} freeze or none, ${rate} messages/s of ` +
        `${content}-byte content, ${describeRuns(options, cores)}`,
      ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
      'latency: of those that do not freeze, from when a message was due to its arrival',
      "memory: the server's resident, peak and growth from the first message on; the kernel's buffers are not in it",
      `sent to each frozen one: ${report.bytes(content * rate * options.seconds)} bytes and their envelopes; ` +
        'what the kernel does not take of that (it takes several MiB) waits in the server, up to its limit',
      "filling a frozen connection takes the kernel time, which is in the server's CPU and delays the others",
    ],
    targets: options.targets,
    subjects: pairs.flat(),
    columns,
    pairs: pairs.map(([frozen, none]) => [frozen.name, none.name]),
    compared: [...typicalAndRare, memoryGrowth],
    remarksOn: (where, result) => remarksOn(where, result),
    trusted: 'memory',
    verdicts: (runs) =>
      pairs.map(([some, none]) =>
        verdict(
          GOAL,
          typicalAndRare.map((column) => [
            `${some.target.name}, ${column.heading}`,
            medianRatio(runs, column, some.name, none.name),
          ]),
        ),
      ),
  };
}

function remarksOn(where: string, { lost, dropped, closings, endings }: SlowResult): string[] {
  const met = Object.values(endings).reduce((sum, count) => sum + count, 0);
  return [
    ...(lost === 0 ? [] : [`LOST ${where}: ${lost} deliveries never came to those that read`]),
    ...Object.entries(dropped).map(([reason, count]) => `DROPPED ${where}: ${count} that read: ${reason}`),
    ...(closings !== null && closings.count < met
      ? [`HELD ${where}: ${met - closings.count} of ${met} frozen were not closed; send more, or for longer`]
      : []),
    ...Object.entries(endings).map(([reason, count]) => `THAWED ${where}: ${count} of ${met}: ${reason}`),
  ];
}

/** Only Fanwire tells whom it closed, and why. */
function isFanwire(target: Target): boolean {
  return target.name === fanwire.name || target.name === fanwireMemory.name;
}
