import type { FanoutResult, HttpPublishResult, IngestResult } from '../../server/src/load/job.ts';
import { document as durableDocument } from '../src/durable-report.ts';
import { document as fanoutDocument } from '../src/fanout-report.ts';
import { channelPoints, document as growthDocument, subscriberPoints } from '../src/growth-report.ts';
import { document as httpDocument } from '../src/http-publish-report.ts';
import { document as ingestDocument } from '../src/ingest-report.ts';
import type { RoomsResult } from '../src/load/job.ts';
import { document as roomsDocument } from '../src/rooms-report.ts';
import { preamble } from '../src/run-options.ts';
import { httpTargetNamed, targetNamed } from '../src/targets/registry.ts';

/** Documents as the scenarios write them, of figures that are made up. */

const usage = {
  seconds: 3,
  serverCpuSeconds: 3,
  serverUtilisation: 1,
  loadUtilisation: 0.5,
  serverWaited: 0,
  loadWaited: 0,
};
const latency = { p50: 1.5, p99: 4, p999: 9, samples: 1000 };
const run = { rounds: 2, seconds: 3, warmup: 1, pin: true };
const cores = { server: 0, load: 1 };
const messages = { publishedPerSecond: 100, bytesPerDelivery: 360, deliveries: 1000 };

function fanoutResult(deliveriesPerSecond: number): FanoutResult {
  const cost = { serverMicrosecondsPerDelivery: 1e6 / deliveriesPerSecond };
  const whole = { lateness: null, lost: 0, dropped: {}, sameOrder: true };
  return { ...usage, ...messages, ...whole, ...cost, deliveriesPerSecond, latency };
}

function roomsResult(deliveriesPerSecond: number): RoomsResult {
  return { ...fanoutResult(deliveriesPerSecond), lateness: null, duplicated: 0, astray: 0 };
}

function ingestResult(publishesPerSecond: number): IngestResult {
  const cost = { serverMicrosecondsPerPublish: 1e6 / publishesPerSecond };
  return { ...usage, ...cost, publishes: 9, acknowledged: 9, kept: 9, publishesPerSecond, latency };
}

function httpResult(requestsPerSecond: number): HttpPublishResult {
  return {
    ...usage,
    requests: 9,
    requestsPerSecond,
    messagesPerSecond: requestsPerSecond,
    serverMicrosecondsPerRequest: 1e6 / requestsPerSecond,
    messagesPerServerCpuSecond: requestsPerSecond,
    latency,
    acknowledged: 9,
    kept: 9,
  };
}

/** Two rounds of each: the figure, and a tenth more. */
function rounds<R extends object>(figures: Readonly<Record<string, number>>, resultOf: (value: number) => R) {
  return [1, 1.1].flatMap((factor, round) =>
    Object.entries(figures).map(([name, value]) => {
      return { round, target: name, subject: name, result: resultOf(value * factor), error: null };
    }),
  );
}

const rates = { fanwire: 1_760_000, 'fanwire-memory': 1_800_000, 'ws-loop': 107_000, 'socket.io': 120_000 };
const engines = { fanwire: 80_000, 'fanwire-memory': 160_000 };

function fanout(): object {
  const targets = Object.keys(rates).map(targetNamed);
  const options = { ...run, subscribers: 1000, publishers: 8, window: [32, 1], targets };
  const runs = options.window.flatMap((window) =>
    rounds(rates, fanoutResult).map((one) => ({ ...one, window })),
  );
  return fanoutDocument(options, runs, cores);
}

function rooms(): object {
  const figures = { fanwire: 400_000, 'ws-rooms': 150_000, 'socket.io-rooms': 100_000 };
  const targets = Object.keys(figures).map(targetNamed);
  const options = { ...run, rooms: 1000, members: 10, window: [100], targets };
  return roomsDocument(
    options,
    rounds(figures, roomsResult).map((one) => ({ ...one, window: 100 })),
    cores,
  );
}

function ingest(): object {
  const targets = Object.keys(engines).map(targetNamed);
  const options = { ...run, publishers: 100, inFlight: 32, channels: [1, 1000], targets };
  const runs = options.channels.flatMap((channels) =>
    rounds(engines, ingestResult).map((one) => ({ ...one, channels })),
  );
  return ingestDocument(options, runs, cores);
}

function httpPublish(): object {
  const figures = { fanwire: 20_000, fastify: 30_000 };
  const options = {
    ...run,
    clients: 50,
    batch: [1, 100],
    targets: Object.keys(figures).map(httpTargetNamed),
  };
  const runs = options.batch.flatMap((batch) =>
    rounds(figures, httpResult).map((one) => ({ ...one, batch })),
  );
  return httpDocument(options, runs, cores);
}

function durable(): object {
  const options = { ...run, subscribers: 1000, window: 32, publishers: 100, inFlight: 32 };
  const runs = { fanout: rounds(engines, fanoutResult), ingest: rounds(engines, ingestResult) };
  return durableDocument(options, runs, cores);
}

function growth(): object {
  const options = {
    ...run,
    channels: [1, 100_000],
    subscribers: [10, 10_000],
    withSubscribers: 100,
    spread: 1,
    window: 32,
    targets: Object.keys(engines).map(targetNamed),
  };
  const over = (points: readonly { readonly name: string }[]) =>
    rounds(Object.fromEntries(points.map(({ name }, index) => [name, 1e6 / (index + 1)])), roomsResult);
  const runs = { channels: over(channelPoints(options)), subscribers: over(subscriberPoints(options)) };
  return growthDocument(options, runs, cores);
}

function compared(scenario: string, options: object, runs: readonly object[]): object {
  return { ...preamble(scenario, run, [], cores, options), ratios: [], verdicts: [], remarks: [], runs };
}

function idle(): object {
  const runs = Object.entries({ 'fanwire-memory': 5400, net: 900 }).map(([target, heap]) => {
    return { round: 0, target, cost: { resident: null, heap, external: 100 }, error: null };
  });
  const targets = [targetNamed('fanwire-memory'), targetNamed('net')];
  return {
    ...preamble('idle', { rounds: 1 }, targets, cores, { connections: 10_000, subscribe: true }),
    runs,
  };
}

function sse(): object {
  const subjects = {
    'fanwire, 32 in flight, event streams': 1.6e6,
    'fanwire, 32 in flight, WebSockets': 1.7e6,
  };
  const options = { subscribers: 1000, publishers: 8, windows: [32], contentBytes: 128 };
  return compared('sse', options, rounds(subjects, fanoutResult));
}

function atRate(): object {
  const options = { subscribers: 1000, publishers: 8, messagesPerSecond: 100, contentBytes: 128 };
  return compared('fanout at a fixed rate', options, rounds(rates, fanoutResult));
}

function accept(): object {
  const runs = rounds({ fanwire: 9000, 'node-upgrade': 12_000 }, (connectionsPerSecond) => ({
    connectionsPerSecond,
  }));
  return compared('accept', { underWay: 200 }, runs);
}

function recover(): object {
  const runs = rounds({ fanwire: 3.5, 'fanwire-memory': 3.25 }, (seconds) => ({ seconds }));
  return compared('recover', { clients: 10_000, missed: 100, contentBytes: 128 }, runs);
}

function slow(): object {
  const runs = rounds({ 'fanwire, 100 frozen': 12, 'fanwire, none frozen': 10 }, (p99) => ({
    latency: { ...latency, p99 },
    peakBytes: p99 * 2 ** 23,
  }));
  return compared(
    'slow',
    { subscribers: 1000, frozen: 100, messagesPerSecond: 10, contentBytes: 64_000 },
    runs,
  );
}

/** One of every scenario, by the name in it. */
export const documents: ReadonlyMap<string, object> = new Map(
  Object.entries({
    fanout: fanout(),
    'fanout at a fixed rate': atRate(),
    rooms: rooms(),
    sse: sse(),
    ingest: ingest(),
    'http-publish': httpPublish(),
    durable: durable(),
    growth: growth(),
    accept: accept(),
    recover: recover(),
    idle: idle(),
    slow: slow(),
  }),
);
