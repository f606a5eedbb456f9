import type { Command } from 'commander';
import type { FanoutJob, FanoutResult } from '../../../server/src/load/job.ts';
import { messageOf } from '../../../server/src/load/message-of.ts';
import { type Load, startLoad, startServer } from '../children.ts';
import { fanoutAtRate } from '../fanout-rate.ts';
import { CONTENT_BYTES, document, type Options, type Run, text } from '../fanout-report.ts';
import type { Targeted } from '../load/job.ts';
import type { Pinning } from '../machine.ts';
import {
  connections,
  nameTargets,
  pinning,
  seconds,
  targets,
  wholeNumber,
  wholeNumbers,
} from '../options.ts';
import { endProgress, print, progress, writeJson } from '../report.ts';
import { rotated } from '../rounds.ts';
import type { Scenario } from '../scenario.ts';
import { CHANNEL, type Target } from '../targets/target.ts';

const CONNECT_AND_DRAIN_MS = 60_000;

export const scenario: Scenario = {
  summary: 'deliveries per second of one channel with many subscribers',
  define(command: Command): void {
    command
      .option('--subscribers <n>', 'connections subscribed, publishers included', connections, 1000)
      .option('--publishers <n>', 'how many of them publish (at most the window)', wholeNumber(1000), 8)
      .option('--window <n,…>', 'messages in flight, over all publishers', wholeNumbers(10_000), [32, 8, 1])
      .option(
        '--rate <n>',
        'messages per second on schedule, whatever comes back, instead of a window',
        wholeNumber(100_000),
      )
      .option('--seconds <s>', 'measured time of a run', seconds, 3)
      .option('--warmup <s>', 'publishing before that', seconds, 1)
      .option('--rounds <n>', 'repetitions, each with all targets in another order', wholeNumber(100), 3)
      .option(
        '--targets <name,…>',
        'what to measure',
        targets,
        targets('fanwire,fanwire-memory,ws-loop,socket.io'),
      )
      .option('--no-pin', 'do not pin server and load to a core each')
      .option('--json <file>', 'write every run and the summary')
      .action(run);
    nameTargets(command);
  },
};

async function run(options: Options): Promise<void> {
  if (options.rate !== undefined) {
    await fanoutAtRate(options, options.rate);
    return;
  }
  const cores = pinning(options.pin);
  const runs: Run[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const window of options.window) {
      for (const target of rotated(options.targets, round)) {
        progress(`round ${round + 1}/${options.rounds}, ${window} in flight: ${target.name}`);
        runs.push(await runOne(target, round, window, options, cores));
      }
    }
  }
  endProgress();
  print(text(options, runs, cores));
  if (options.json !== undefined) writeJson(options.json, document(options, runs, cores));
  if (runs.some((one) => one.result === null)) process.exitCode = 1;
}

async function runOne(
  target: Target,
  round: number,
  window: number,
  options: Options,
  cores: Pinning | null,
): Promise<Run> {
  const identity = { round, window, target: target.name };
  try {
    await using server = await startServer(target, { core: cores?.server ?? null, inspect: false });
    await using load = startLoad(cores?.load ?? null);
    const job: Targeted<FanoutJob> = {
      target: target.name,
      server: { port: server.port },
      serverPid: server.pid,
      subscribers: options.subscribers,
      publishers: options.publishers,
      channel: CHANNEL,
      transport: 'websocket',
      drive: { inFlight: window },
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      contentBytes: CONTENT_BYTES,
    };
    const result = await call(load, job).catch((error: unknown) => {
      throw new Error(server.ended() ?? messageOf(error));
    });
    return { ...identity, result, error: null };
  } catch (error) {
    return { ...identity, result: null, error: messageOf(error) };
  }
}

function call(load: Load, job: Targeted<FanoutJob>): Promise<FanoutResult> {
  return load.call('fanout', job, (job.warmupSeconds + job.seconds) * 1000 + CONNECT_AND_DRAIN_MS);
}
