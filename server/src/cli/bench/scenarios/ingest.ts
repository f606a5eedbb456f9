import { mayRead } from '../permission.ts';
import type { Scenario } from '../scenario.ts';

/** Every connection publishes to one channel, and nobody subscribes: how fast is it kept? */
export const ingest: Scenario = {
  unit: 'publishes/s',
  limit: 'WEBSOCKET_MAX_CONNECTIONS',
  check: mayRead,
  async measure({ options, server, channel, load, patience }) {
    const { connections, inFlight, bytes, seconds, warmup } = options;
    const job = {
      server,
      serverPid: null,
      publishers: connections,
      inFlight,
      channels: [channel],
      warmupSeconds: warmup,
      seconds,
      contentBytes: bytes,
    };
    // It fails where the channel has not exactly what was acknowledged.
    const result = await load.call('ingest', job, patience);
    return {
      throughput: result.publishesPerSecond,
      latency: result.latency,
      usage: result,
      lost: result.acknowledged - result.kept,
      faults: [],
      remarks: [],
      details: { in_flight: inFlight, acknowledged: result.acknowledged, kept: result.kept },
    };
  },
};
