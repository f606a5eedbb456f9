import { mayRead } from '../permission.ts';
import type { Scenario } from '../scenario.ts';

/** Every connection is cut, messages are published, and all come back at once with their position. */
export const recover: Scenario = {
  unit: 'clients/s',
  limit: 'WEBSOCKET_MAX_CONNECTIONS',
  check: mayRead,
  async measure({ options, server, channel, load, patience }) {
    const { connections, missed, bytes } = options;
    const job = { server, serverPid: null, channel, clients: connections, missed, contentBytes: bytes };
    const result = await load.call('recover', job, patience);
    const { verified, faults } = result;
    return {
      throughput: connections / result.seconds,
      latency: result.latency,
      usage: result,
      lost: connections - verified,
      faults: Object.entries(faults).map(([fault, count]) => `${count} clients: ${fault}`),
      remarks: [],
      details: { missed, verified, until_all_seconds: result.seconds },
    };
  },
};
