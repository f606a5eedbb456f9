import type { Command } from 'commander';
import type { AcceptResult } from '../../../server/src/load/job.ts';
import { attempt } from '../attempt.ts';
import { type Column, latencyColumns, usageColumns } from '../columns.ts';
import { type Comparison, documentOf, measureRounds, textOf } from '../comparison.ts';
import type { Pinning } from '../machine.ts';
import { connections, nameTargets, pinning, targets } from '../options.ts';
import { loadBound } from '../remarks.ts';
import * as report from '../report.ts';
import { conclude, defineRunOptions, describeRuns, type RunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import type { Target } from '../targets/target.ts';

const LAST_CONNECTIONS_MS = 30_000;
const RIVALS = ['ws-loop', 'node-upgrade'];

interface Options extends RunOptions {
  readonly underWay: number;
  readonly targets: readonly Target[];
}

const perSecond: Column<AcceptResult> = {
  heading: 'connections/s',
  pick: (result) => result.connectionsPerSecond,
  format: report.short,
};

const cost: Column<AcceptResult> = {
  heading: 'CPU µs/connection',
  pick: (result) => result.serverMicrosecondsPerConnection,
  format: (value) => value.toFixed(0),
};

const perCore: Column<AcceptResult> = {
  heading: 'connections/s and core',
  pick: (result) => result.connectionsPerServerCpuSecond,
  format: report.short,
};

export const scenario: Scenario = {
  summary: 'WebSocket connections accepted per second',
  define(command: Command): void {
    command
      .option('--under-way <n>', 'connections that are being opened at a time', connections, 200)
      .option(
        '--targets <name,…>',
        'what to measure; also net, which accepts and says nothing',
        targets,
        targets('fanwire,fanwire-memory,ws-loop,node-upgrade'),
      )
      .action(run);
    defineRunOptions(command);
    nameTargets(command);
  },
};

async function run(options: Options): Promise<void> {
  const cores = pinning(options.pin);
  const runs = await measureRounds(options.rounds, options.targets, (target) =>
    attempt(target, cores, (server, load) => {
      const job = {
        target: target.name,
        server: { port: server.port },
        serverPid: server.pid,
        underWay: options.underWay,
        warmupSeconds: options.warmup,
        seconds: options.seconds,
      };
      return load.call('accept', job, (options.warmup + options.seconds) * 1000 + LAST_CONNECTIONS_MS);
    }),
  );
  const comparison = comparisonOf(options, cores);
  const details = { underWay: options.underWay };
  conclude(options, runs, textOf(comparison, runs), documentOf(comparison, options, details, runs, cores));
}

function comparisonOf(options: Options, cores: Pinning | null): Comparison<AcceptResult> {
  const ours = ['fanwire', 'fanwire-memory'];
  return {
    scenario: 'accept',
    introduction: [
      `accept: ${options.underWay} connections under way, ${describeRuns(options, cores)}`,
      ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
      'a connection: TCP, the upgrade, the first frame of the server (for Fanwire `connected`), then a reset by ' +
        'the client, whose cost for the server is counted in',
    ],
    targets: options.targets,
    subjects: options.targets,
    columns: [perSecond, cost, perCore, ...latencyColumns, ...usageColumns],
    pairs: ours.flatMap((measured) => RIVALS.map((reference) => [measured, reference] as const)),
    compared: [perSecond, cost],
    remarksOn: (where, result) => [loadBound(where, result, 'accepted') ?? []].flat(),
    trusted: 'CPU per connection',
  };
}
