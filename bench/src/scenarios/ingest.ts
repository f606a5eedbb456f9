import type { Command } from 'commander';
import { attempt } from '../attempt.ts';
import { channelNames } from '../channel-names.ts';
import { CONTENT_BYTES, document, type Options, type Run, text } from '../ingest-report.ts';
import type { Pinning } from '../machine.ts';
import { connections, fanwireTargets, nameTargets, pinning, wholeNumber, wholeNumbers } from '../options.ts';
import { progress } from '../report.ts';
import { rotated } from '../rounds.ts';
import { conclude, defineRunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import type { Target } from '../targets/target.ts';

/** The last acknowledgements and the check of every channel are in it. */
const CONNECT_AND_CHECK_MS = 90_000;

export const scenario: Scenario = {
  summary: 'acknowledged publishes per second, without subscribers',
  define(command: Command): void {
    command
      .option('--publishers <n>', 'connections that publish', connections, 100)
      .option('--in-flight <n>', 'publishes of each that wait for an acknowledgement', wholeNumber(1000), 32)
      .option(
        '--channels <n,…>',
        'channels, which every publisher goes round',
        wholeNumbers(100_000),
        [1, 1000],
      )
      .option(
        '--targets <name,…>',
        'what to measure, of the two engines',
        fanwireTargets,
        fanwireTargets('fanwire,fanwire-memory'),
      )
      .action(run);
    defineRunOptions(command);
    nameTargets(command);
  },
};

async function run(options: Options): Promise<void> {
  const cores = pinning(options.pin);
  const runs: Run[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const channels of rotated(options.channels, round)) {
      for (const target of rotated(options.targets, round)) {
        progress(`round ${round + 1}/${options.rounds}, ${channels} channels: ${target.name}`);
        runs.push(await runOne(target, round, channels, options, cores));
      }
    }
  }
  conclude(options, runs, text(options, runs, cores), document(options, runs, cores));
}

async function runOne(
  target: Target,
  round: number,
  channels: number,
  options: Options,
  cores: Pinning | null,
): Promise<Run> {
  const outcome = await attempt(target, cores, (server, load) => {
    const job = {
      server: { port: server.port },
      serverPid: server.pid,
      publishers: options.publishers,
      inFlight: options.inFlight,
      channels: channelNames(channels),
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      contentBytes: CONTENT_BYTES,
    };
    return load.call('ingest', job, (options.warmup + options.seconds) * 1000 + CONNECT_AND_CHECK_MS);
  });
  return { round, channels, target: target.name, ...outcome };
}
