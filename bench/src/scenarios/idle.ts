import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Load, type ServerProcess, startLoad, startServer } from '../children.ts';
import { Inspector, type MemoryUsage } from '../inspector.ts';
import { residentBytes } from '../machine.ts';
import { connections, nameTargets, pinning, targets, wholeNumber } from '../options.ts';
import * as report from '../report.ts';
import { preamble } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import type { Target } from '../targets/target.ts';

/** Opened and closed first, so that code compiled and tables made for the first connections are not counted. */
const WARMUP_CONNECTIONS = 200;
const SETTLE_MS = 1000;
const OPEN_TIMEOUT_MS = 120_000;

interface Options {
  readonly connections: number;
  readonly rounds: number;
  readonly targets: readonly Target[];
  readonly subscribe: boolean;
  readonly pin: boolean;
  readonly json?: string;
}

/** A server's memory at one moment, after a garbage collection, bytes. */
interface Reading extends MemoryUsage {
  /** From outside the process. Null where there is no /proc. */
  readonly resident: number | null;
}

/** Bytes per connection. */
interface Cost {
  readonly resident: number | null;
  readonly heap: number;
  /** Outside the JavaScript heap but held by it; buffers included. */
  readonly external: number;
}

interface Run {
  readonly round: number;
  readonly target: string;
  /** Null where it failed. */
  readonly cost: Cost | null;
  readonly before: Reading | null;
  readonly after: Reading | null;
  readonly error: string | null;
}

export const scenario: Scenario = {
  summary: 'memory of a server per idle connection',
  define(command: Command): void {
    command
      .option('--connections <n>', 'idle connections', connections, 10_000)
      .option('--subscribe', 'each subscribes to the one channel, where the target has channels', false)
      .option('--rounds <n>', 'repetitions, each with a fresh server', wholeNumber(100), 1)
      .option('--targets <name,…>', 'what to measure', targets, targets('fanwire-memory,ws-loop,net'))
      .option('--no-pin', 'do not pin server and load to a core each')
      .option('--json <file>', 'write every run')
      .action(run);
    nameTargets(command);
  },
};

async function run(options: Options): Promise<void> {
  const runs: Run[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const target of options.targets) {
      report.progress(`round ${round + 1}/${options.rounds}: ${options.connections} on ${target.name}`);
      runs.push(await runOne(target, round, options));
    }
  }
  report.endProgress();
  report.print(text(options, runs));
  if (options.json !== undefined) report.writeJson(options.json, document(options, runs));
  if (runs.some((one) => one.cost === null)) process.exitCode = 1;
}

async function runOne(target: Target, round: number, options: Options): Promise<Run> {
  const identity = { round, target: target.name };
  const cores = pinning(options.pin);
  try {
    await using server = await startServer(target, { core: cores?.server ?? null, inspect: true });
    await using load = startLoad(cores?.load ?? null);
    const measured = await measure(server, load, target, options).catch((error: unknown) => {
      throw new Error(server.ended() ?? (error instanceof Error ? error.message : String(error)));
    });
    return { ...identity, ...measured, error: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...identity, cost: null, before: null, after: null, error: reason };
  }
}

async function measure(
  server: ServerProcess,
  load: Load,
  target: Target,
  options: Options,
): Promise<{ cost: Cost; before: Reading; after: Reading }> {
  using inspector = await Inspector.connect(server.inspector ?? '');
  const job = { target: target.name, server: { port: server.port }, subscribe: options.subscribe };
  await load.call('hold', { ...job, connections: WARMUP_CONNECTIONS }, OPEN_TIMEOUT_MS);
  await load.call('release', null, OPEN_TIMEOUT_MS);
  const before = await settledReading(server.pid, inspector);
  await load.call('hold', { ...job, connections: options.connections }, OPEN_TIMEOUT_MS);
  const after = await settledReading(server.pid, inspector);
  const held = await load.call('held', null, OPEN_TIMEOUT_MS);
  if (held < options.connections) throw new Error(`only ${held} of ${options.connections} stayed open`);
  return { cost: costOf(before, after, options.connections), before, after };
}

async function settledReading(pid: number, inspector: Inspector): Promise<Reading> {
  await delay(SETTLE_MS);
  // What a first collection finalises, only a second one frees.
  await inspector.collectGarbage();
  await delay(SETTLE_MS / 4);
  await inspector.collectGarbage();
  const usage = await inspector.memoryUsage();
  return { ...usage, resident: residentBytes(pid) };
}

function costOf(before: Reading, after: Reading, count: number): Cost {
  const isResidentKnown = before.resident !== null && after.resident !== null;
  return {
    resident: isResidentKnown ? (after.resident - before.resident) / count : null,
    heap: (after.heapUsed - before.heapUsed) / count,
    external: (after.external - before.external) / count,
  };
}

function text(options: Options, runs: readonly Run[]): string {
  const subscribed = options.subscribe ? ', each subscribed to one channel' : '';
  const rows = options.targets.map((target) => {
    const costs = runs.filter((one) => one.target === target.name).flatMap((one) => one.cost ?? []);
    const of = (pick: (cost: Cost) => number | null) =>
      report.orDash(report.median(costs.map(pick).filter((value) => value !== null)), report.bytes);
    return [
      target.name,
      of((cost) => cost.heap + cost.external),
      of((cost) => cost.heap),
      of((cost) => cost.external),
      of((cost) => cost.resident),
    ];
  });
  const failures = runs.flatMap((one) => (one.error === null ? [] : `FAILED ${one.target}: ${one.error}`));
  return [
    `idle: ${options.connections} connections${subscribed}, bytes per connection after garbage collection`,
    ...options.targets.map((target) => `  ${target.name}: ${target.title}`),
    '',
    report.table(['target', 'heap + external', 'heap', 'external', 'resident'], rows),
    '',
    "resident also holds what the process has not given back to the system; the kernel's buffers are in neither",
    ...failures,
  ].join('\n');
}

function document(options: Options, runs: readonly Run[]): object {
  const { connections, subscribe } = options;
  return {
    ...preamble('idle', options, options.targets, pinning(options.pin), { connections, subscribe }),
    runs,
  };
}
