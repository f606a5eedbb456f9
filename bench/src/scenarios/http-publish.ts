import type { Command } from 'commander';
import type { HttpPublishJob } from '../../../server/src/load/job.ts';
import { messageOf } from '../../../server/src/load/message-of.ts';
import { startLoad, startServer } from '../children.ts';
import { DATA_BYTES, document, type Options, type Run, text } from '../http-publish-report.ts';
import type { Pinning } from '../machine.ts';
import {
  connections,
  httpTargets,
  nameTargets,
  pinning,
  seconds,
  wholeNumber,
  wholeNumbers,
} from '../options.ts';
import { endProgress, print, progress, writeJson } from '../report.ts';
import { rotated } from '../rounds.ts';
import type { Scenario } from '../scenario.ts';
import { API_KEY, type HttpTarget } from '../targets/http-target.ts';
import { CHANNEL } from '../targets/target.ts';

const CONNECT_AND_DRAIN_MS = 60_000;
/** As many as `POST /api/batch` takes. */
const LARGEST_BATCH = 1000;

export const scenario: Scenario = {
  summary: 'publishes per second over HTTP, beside bare Fastify with the same schemas',
  define(command: Command): void {
    command
      .option('--clients <n>', 'keep-alive connections, each one request at a time', connections, 50)
      .option(
        '--batch <n,…>',
        'messages in a request; 1 is POST /api/publish',
        wholeNumbers(LARGEST_BATCH),
        [1, 100],
      )
      .option('--seconds <s>', 'measured time of a run', seconds, 3)
      .option('--warmup <s>', 'publishing before that', seconds, 2)
      .option('--rounds <n>', 'repetitions, each with all targets in another order', wholeNumber(100), 3)
      .option(
        '--targets <name,…>',
        'what to measure; also node-http',
        httpTargets,
        httpTargets('fanwire,fanwire-memory,fastify'),
      )
      .option('--no-pin', 'do not pin server and load to a core each')
      .option('--json <file>', 'write every run and the summary')
      .action(run);
    nameTargets(command);
  },
};

async function run(options: Options): Promise<void> {
  const cores = pinning(options.pin);
  const runs: Run[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const batch of options.batch) {
      for (const target of rotated(options.targets, round)) {
        progress(`round ${round + 1}/${options.rounds}, batch of ${batch}: ${target.name}`);
        runs.push(await runOne(target, round, batch, options, cores));
      }
    }
  }
  endProgress();
  print(text(options, runs, cores));
  if (options.json !== undefined) writeJson(options.json, document(options, runs, cores));
  if (runs.some((one) => one.result === null)) process.exitCode = 1;
}

async function runOne(
  target: HttpTarget,
  round: number,
  batch: number,
  options: Options,
  cores: Pinning | null,
): Promise<Run> {
  const identity = { round, batch, target: target.name };
  try {
    await using server = await startServer(target, { core: cores?.server ?? null, inspect: false });
    await using load = startLoad(cores?.load ?? null);
    const job: HttpPublishJob = {
      server: { port: server.port, headers: { 'x-api-key': API_KEY } },
      serverPid: server.pid,
      channel: CHANNEL,
      clients: options.clients,
      batch,
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      dataBytes: DATA_BYTES,
      verify: target.keeps,
    };
    const timeout = (job.warmupSeconds + job.seconds) * 1000 + CONNECT_AND_DRAIN_MS;
    const result = await load.call('http-publish', job, timeout).catch((error: unknown) => {
      throw new Error(server.ended() ?? messageOf(error));
    });
    return { ...identity, result, error: null };
  } catch (error) {
    return { ...identity, result: null, error: messageOf(error) };
  }
}
