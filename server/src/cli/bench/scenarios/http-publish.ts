import { mayPublish, mayRead } from '../permission.ts';
import type { Scenario } from '../scenario.ts';

/** Every connection publishes over HTTP, one request at a time. */
export const httpPublish: Scenario = {
  unit: 'messages/s',
  limit: null,
  async check(bench) {
    await mayPublish(bench);
    await mayRead(bench);
  },
  async measure({ options, server, channel, load, patience }) {
    const { connections, batch, bytes, seconds, warmup } = options;
    const job = {
      server,
      serverPid: null,
      channel,
      clients: connections,
      batch,
      warmupSeconds: warmup,
      seconds,
      dataBytes: bytes,
      verify: true,
    };
    // It fails where the channel has not exactly what was acknowledged.
    const result = await load.call('http-publish', job, patience);
    const { acknowledged, kept } = result;
    return {
      throughput: result.messagesPerSecond,
      latency: result.latency,
      usage: result,
      lost: acknowledged - (kept ?? acknowledged),
      faults: [],
      remarks: [],
      details: { batch, requests_per_second: result.requestsPerSecond, acknowledged, kept },
    };
  },
};
