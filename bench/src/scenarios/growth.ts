import type { Command } from 'commander';
import { attempt, type Outcome } from '../attempt.ts';
import { channelNames } from '../channel-names.ts';
import { measureRounds } from '../comparison.ts';
import { fillChannels } from '../fill-channels.ts';
import {
  CONTENT_BYTES,
  channelPoints,
  document,
  type Options,
  type Point,
  subscriberPoints,
  text,
} from '../growth-report.ts';
import type { RoomsResult } from '../load/job.ts';
import type { Pinning } from '../machine.ts';
import {
  checkConnections,
  fanwireTargets,
  nameTargets,
  pinning,
  wholeNumber,
  wholeNumbers,
} from '../options.ts';
import { conclude, defineRunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';

const CONNECT_AND_DRAIN_MS = 90_000;
const MOST_CHANNELS = 1_000_000;

export const scenario: Scenario = {
  summary: 'cost per delivery as channels and subscribers grow',
  define(command: Command): void {
    command
      .option(
        '--channels <n,…>',
        'how many exist, one after the other',
        wholeNumbers(MOST_CHANNELS),
        [1, 100, 10_000, 100_000],
      )
      .option(
        '--subscribers <n,…>',
        'of a measured channel, one after the other',
        wholeNumbers(100_000),
        [10, 100, 1000, 10_000],
      )
      .option('--with-subscribers <n>', 'the same while channels grow', wholeNumber(100_000), 100)
      .option('--spread <n>', 'channels that are published to, evenly among all', wholeNumber(1000), 1)
      .option('--window <n>', 'messages in flight over these', wholeNumber(10_000), 32)
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

async function run(options: Options, command: Command): Promise<void> {
  const { spread, channels, subscribers, withSubscribers, rounds } = options;
  checkConnections(command, spread * Math.max(withSubscribers, ...subscribers));
  if (spread > Math.min(...channels)) command.error(`${spread} channels need to exist at every size.`);
  const cores = pinning(options.pin);
  const measure = (point: Point) => runOne(point, options, cores);
  const runs = {
    channels: await measureRounds(rounds, channelPoints(options), measure),
    subscribers: await measureRounds(rounds, subscriberPoints(options), measure),
  };
  const all = [...runs.channels, ...runs.subscribers];
  conclude(options, all, text(options, runs, cores), document(options, runs, cores));
}

function runOne(point: Point, options: Options, cores: Pinning | null): Promise<Outcome<RoomsResult>> {
  const names = channelNames(point.channels);
  const step = Math.floor(names.length / options.spread);
  return attempt(point.target, cores, async (server, load) => {
    await fillChannels(server.port, names, CONTENT_BYTES);
    const job = {
      target: point.target.name,
      server: { port: server.port },
      serverPid: server.pid,
      channels: names.filter((_, index) => index % step === 0).slice(0, options.spread),
      subscribers: point.subscribers,
      drive: { inFlight: options.window },
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      contentBytes: CONTENT_BYTES,
    };
    return await load.call('rooms', job, (options.warmup + options.seconds) * 1000 + CONNECT_AND_DRAIN_MS);
  });
}
