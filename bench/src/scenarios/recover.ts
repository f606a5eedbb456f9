import type { Command } from 'commander';
import type { RecoverResult } from '../../../server/src/load/job.ts';
import { attempt } from '../attempt.ts';
import { type Column, latencyColumns, usageColumns } from '../columns.ts';
import { type Comparison, documentOf, measureRounds, type Run, textOf } from '../comparison.ts';
import type { Pinning } from '../machine.ts';
import { connections, fanwireTargets, nameTargets, pinning, wholeNumber } from '../options.ts';
import { loadBound } from '../remarks.ts';
import * as report from '../report.ts';
import { conclude, defineRoundOptions, describePinning, type RoundOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import { CHANNEL, type Target } from '../targets/target.ts';

const TIMEOUT_MS = 180_000;
const CONTENT_BYTES = 128;
/** Messages that are kept for recovery, less those published before the cut. */
const MOST_MISSED = 900;

const GOAL = { clients: 10_000, seconds: 8 };

interface Options extends RoundOptions {
  readonly clients: number;
  readonly missed: number;
  readonly targets: readonly Target[];
}

const untilAll: Column<RecoverResult> = {
  heading: 'until all',
  pick: (result) => result.seconds,
  format: (value) => `${value.toFixed(2)} s`,
};

const replayed: Column<RecoverResult> = {
  heading: 'clients/s',
  pick: (result) => result.latency.samples / result.seconds,
  format: report.short,
};

const verified: Column<RecoverResult> = {
  heading: 'verified',
  pick: (result) => result.verified,
  format: report.bytes,
};

const cost: Column<RecoverResult> = {
  heading: 'CPU µs/client',
  pick: ({ serverCpuSeconds, latency }) =>
    serverCpuSeconds === null || latency.samples === 0 ? null : (serverCpuSeconds * 1e6) / latency.samples,
  format: (value) => value.toFixed(0),
};

export const scenario: Scenario = {
  summary: 'everybody comes back at once and gets what was missed, verified for each',
  define(command: Command): void {
    command
      .option('--clients <n>', 'clients that are cut and come back', connections, 10_000)
      .option('--missed <n>', 'messages published while they are away', wholeNumber(MOST_MISSED), 100)
      .option(
        '--targets <name,…>',
        'what to measure',
        fanwireTargets,
        fanwireTargets('fanwire,fanwire-memory'),
      )
      .action(run);
    defineRoundOptions(command);
    nameTargets(command);
  },
};

async function run(options: Options): Promise<void> {
  const cores = pinning(options.pin);
  const { clients, missed } = options;
  const runs = await measureRounds(options.rounds, options.targets, (target) =>
    attempt(target, cores, ({ port, pid }, load) => {
      const server = { port };
      const job = { server, serverPid: pid, channel: CHANNEL, clients, missed, contentBytes: CONTENT_BYTES };
      return load.call('recover', job, TIMEOUT_MS);
    }),
  );
  const comparison = comparisonOf(options, cores);
  const details = { clients, missed, contentBytes: CONTENT_BYTES };
  conclude(options, runs, textOf(comparison, runs), documentOf(comparison, options, details, runs, cores));
  if (runs.some(({ result }) => result !== null && result.verified < clients)) process.exitCode = 1;
}

function comparisonOf(options: Options, cores: Pinning | null): Comparison<RecoverResult> {
  const { clients, missed, rounds } = options;
  return {
    scenario: 'recover',
    introduction: [
      `recover: ${report.bytes(clients)} clients, cut at once, ${missed} messages of ${CONTENT_BYTES}-byte content ` +
        `missed, all come back at once; ${rounds} ×, ${describePinning(cores)}`,
      ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
      'times: from the first connection of the return to the last missed message, of all and of each client',
      'verified: told `recovered: true`, and got exactly the missed messages, in order, then the next live one',
    ],
    targets: options.targets,
    subjects: options.targets,
    columns: [untilAll, ...latencyColumns, replayed, verified, cost, ...usageColumns],
    pairs: [['fanwire', 'fanwire-memory']],
    compared: [untilAll, cost],
    remarksOn: (where, result) => [
      ...Object.entries(result.faults).map(([fault, count]) => `WRONG ${where}: ${count} clients: ${fault}`),
      ...[loadBound(where, result, 'replayed') ?? []].flat(),
    ],
    trusted: 'CPU per client',
    verdicts: (runs) => [`goal, all 10,000 within 8.00 s: ${told(options, runs)}`],
  };
}

function told({ targets, clients }: Options, runs: readonly Run<RecoverResult>[]): string {
  const ofTargets = targets.map(({ name }) => {
    const times = runs.flatMap((one) => (one.subject === name ? (one.result?.seconds ?? []) : []));
    const time = report.median(times);
    if (time === null || clients < GOAL.clients) return `${name} not measured`;
    return `${name} ${untilAll.format(time)} (${time <= GOAL.seconds ? 'reached' : 'missed'})`;
  });
  return ofTargets.join(', ');
}
