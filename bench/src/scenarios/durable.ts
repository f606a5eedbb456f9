import type { Command } from 'commander';
import type { FanoutResult, IngestResult } from '../../../server/src/load/job.ts';
import { attempt, type Outcome } from '../attempt.ts';
import { channelNames } from '../channel-names.ts';
import { measureRounds } from '../comparison.ts';
import { document, ENGINES, type Options, text } from '../durable-report.ts';
import { CONTENT_BYTES } from '../fanout-report.ts';
import type { Pinning } from '../machine.ts';
import { connections, pinning, wholeNumber } from '../options.ts';
import { conclude, defineRunOptions } from '../run-options.ts';
import type { Scenario } from '../scenario.ts';
import { CHANNEL, type Target } from '../targets/target.ts';

const CONNECT_AND_DRAIN_MS = 60_000;
/** Of the fan-out's subscribers: as many as scenario `fanout` has. */
const FANOUT_PUBLISHERS = 8;

export const scenario: Scenario = {
  summary: 'what keeping messages on disk costs: fan-out and ingest on both engines',
  define(command: Command): void {
    command
      .option('--subscribers <n>', 'of the fan-out, publishers included', connections, 1000)
      .option('--window <n>', 'messages in flight in the fan-out', wholeNumber(10_000), 32)
      .option('--publishers <n>', 'connections that publish in the ingest', connections, 100)
      .option('--in-flight <n>', 'publishes of each that wait for an acknowledgement', wholeNumber(1000), 32)
      .action(run);
    defineRunOptions(command);
  },
};

async function run(options: Options): Promise<void> {
  const cores = pinning(options.pin);
  const fanout = await measureRounds(options.rounds, ENGINES, (target) => fanOut(target, options, cores));
  const ingest = await measureRounds(options.rounds, ENGINES, (target) => takeIn(target, options, cores));
  const runs = { fanout, ingest };
  const all = [...fanout, ...ingest];
  conclude(options, all, text(options, runs, cores), document(options, runs, cores));
}

/** All that one run may take, milliseconds. */
function timeout({ warmup, seconds }: Options): number {
  return (warmup + seconds) * 1000 + CONNECT_AND_DRAIN_MS;
}

function fanOut(target: Target, options: Options, cores: Pinning | null): Promise<Outcome<FanoutResult>> {
  return attempt(target, cores, (server, load) => {
    const job = {
      target: target.name,
      server: { port: server.port },
      serverPid: server.pid,
      subscribers: options.subscribers,
      publishers: FANOUT_PUBLISHERS,
      channel: CHANNEL,
      transport: 'websocket',
      drive: { inFlight: options.window },
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      contentBytes: CONTENT_BYTES,
    } as const;
    return load.call('fanout', job, timeout(options));
  });
}

function takeIn(target: Target, options: Options, cores: Pinning | null): Promise<Outcome<IngestResult>> {
  return attempt(target, cores, (server, load) => {
    const job = {
      server: { port: server.port },
      serverPid: server.pid,
      publishers: options.publishers,
      inFlight: options.inFlight,
      channels: channelNames(1),
      warmupSeconds: options.warmup,
      seconds: options.seconds,
      contentBytes: CONTENT_BYTES,
    };
    return load.call('ingest', job, timeout(options));
  });
}
