import type { Command } from 'commander';
import { attempt, type Outcome } from '../attempt.ts';
import { channelNames } from '../channel-names.ts';
import type { RoomsJob, RoomsResult } from '../load/job.ts';
import type { Pinning } from '../machine.ts';
import { checkConnections, nameTargets, pinning, targets, wholeNumber, wholeNumbers } from '../options.ts';
import { progress } from '../report.ts';
import { roomsAtRate } from '../rooms-rate.ts';
import { CONTENT_BYTES, document, type Options, type Run, text } from '../rooms-report.ts';
import { rotated } from '../rounds.ts';
import { conclude, defineRunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import type { Target } from '../targets/target.ts';

const CONNECT_AND_DRAIN_MS = 90_000;

export const scenario: Scenario = {
  summary: 'deliveries per second of many small rooms',
  define(command: Command): void {
    command
      .option('--rooms <n>', 'rooms, in each of which one member publishes', wholeNumber(50_000), 1000)
      .option('--members <n>', 'subscribers of each room, its publisher included', wholeNumber(10_000), 10)
      .option('--window <n,…>', 'messages in flight, over all rooms', wholeNumbers(10_000), [100, 1000])
      .option(
        '--rate <n>',
        'messages per second on schedule over all rooms, whatever comes back, instead of a window',
        wholeNumber(100_000),
      )
      .option(
        '--targets <name,…>',
        'what to measure',
        targets,
        targets('fanwire,fanwire-memory,ws-rooms,socket.io-rooms'),
      )
      .action(run);
    defineRunOptions(command);
    nameTargets(command);
  },
};

async function run(options: Options, command: Command): Promise<void> {
  checkConnections(command, options.rooms * options.members);
  const cores = pinning(options.pin);
  const { rate } = options;
  if (rate !== undefined) {
    const measure = (target: Target) => runOne(target, { perSecond: rate }, options, cores);
    await roomsAtRate(options, rate, cores, measure);
    return;
  }
  const runs: Run[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const window of rotated(options.window, round)) {
      for (const target of rotated(options.targets, round)) {
        progress(`round ${round + 1}/${options.rounds}, ${window} in flight: ${target.name}`);
        const outcome = await runOne(target, { inFlight: window }, options, cores);
        runs.push({ round, window, target: target.name, ...outcome });
      }
    }
  }
  conclude(options, runs, text(options, runs, cores), document(options, runs, cores));
}

function runOne(
  target: Target,
  drive: RoomsJob['drive'],
  options: Options,
  cores: Pinning | null,
): Promise<Outcome<RoomsResult>> {
  return attempt(target, cores, (server, load) => {
    const job = {
      target: target.name,
      server: { port: server.port },
      serverPid: server.pid,
      channels: channelNames(options.rooms),
      subscribers: options.members,
      drive,
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      contentBytes: CONTENT_BYTES,
    };
    return load.call('rooms', job, (options.warmup + options.seconds) * 1000 + CONNECT_AND_DRAIN_MS);
  });
}
