import type { Scenario } from '../scenario.ts';

/** Connections are opened, greeted and closed without end, so many at a time. */
export const accept: Scenario = {
  unit: 'connections/s',
  limit: 'WEBSOCKET_MAX_CONNECTIONS',
  async measure({ options, server, load, patience }) {
    const { connections, seconds, warmup } = options;
    const job = { server, serverPid: null, underWay: connections, warmupSeconds: warmup, seconds };
    const result = await load.call('accept', job, patience);
    return {
      throughput: result.connectionsPerSecond,
      latency: result.latency,
      usage: result,
      lost: null,
      faults: [],
      remarks: [],
      details: { accepted: result.connections },
    };
  },
};
