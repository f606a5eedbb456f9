import type { FanoutJob, FanoutResult } from '../../../load/job.ts';
import { milliseconds, percent } from '../figures.ts';
import type { BenchOptions } from '../options.ts';
import type { Bench, Measurement, Scenario } from '../scenario.ts';

/** Share of what was due below which a server has not kept up with a rate. */
const keptUp = 0.98;
/** Share of the 99th percentile of the latencies from which on the load's own lateness is worth a remark. */
const late = 0.2;

/** One channel with every connection subscribed, some of which publish. */
export const fanout: Scenario = {
  unit: 'deliveries/s',
  limit: 'WEBSOCKET_MAX_CONNECTIONS',
  measure: (bench) => measure(bench, 'websocket'),
};

/** The same; those that do not publish are event streams. */
export const sse: Scenario = {
  unit: 'deliveries/s',
  limit: 'SSE_MAX_CONNECTIONS',
  measure: (bench) => measure(bench, 'sse'),
};

async function measure(bench: Bench, transport: FanoutJob['transport']): Promise<Measurement> {
  const { options, server, channel, load, patience } = bench;
  const { connections, publishers, bytes, seconds, warmup } = options;
  const job: FanoutJob = {
    server,
    serverPid: null,
    channel,
    transport,
    subscribers: connections,
    publishers,
    drive: driveOf(options),
    warmupSeconds: warmup,
    seconds,
    contentBytes: bytes,
  };
  const result = await load.call('fanout', job, patience);
  return {
    throughput: result.deliveriesPerSecond,
    latency: result.latency,
    usage: result,
    lost: Math.max(0, result.lost),
    faults: faultsOf(result),
    remarks: remarksOn(result, options),
    details: detailsOf(result, options),
  };
}

function driveOf({ rate, window }: BenchOptions): FanoutJob['drive'] {
  return rate === undefined ? { inFlight: window } : { perSecond: rate };
}

function faultsOf({ lost, sameOrder, dropped }: FanoutResult): string[] {
  return [
    ...(lost > 0 ? [`${lost} deliveries never came`] : []),
    ...(lost < 0 ? [`${-lost} deliveries came more than once`] : []),
    ...(sameOrder ? [] : ['subscribers did not see the messages in one same order']),
    ...Object.entries(dropped).map(([reason, count]) => `${count} connections were lost: ${reason}`),
  ];
}

function remarksOn(result: FanoutResult, { rate, connections }: BenchOptions): string[] {
  if (rate === undefined) return [];
  const share = result.deliveriesPerSecond / (rate * connections);
  const lateness = result.lateness ?? 0;
  return [
    ...(share < keptUp
      ? [`only ${percent(share)} of what was due came in time, and latencies grow with the run`]
      : []),
    ...(lateness > late * result.latency.p99
      ? [`the load itself sent 1 % of the messages ${milliseconds(lateness)} late or more`]
      : []),
  ];
}

function detailsOf(
  result: FanoutResult,
  { publishers, rate, window }: BenchOptions,
): object & Measurement['details'] {
  return {
    publishers,
    ...(rate === undefined ? { window } : { rate, lateness_ms: result.lateness }),
    publishes_per_second: result.publishedPerSecond,
    bytes_per_delivery: result.bytesPerDelivery,
    duplicated: Math.max(0, -result.lost),
    same_order: result.sameOrder,
    dropped: result.dropped,
  };
}
