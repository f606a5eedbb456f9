import { RefusedByServer } from '../remote/refusal.ts';
import type { Bench } from './scenario.ts';

/** Throws what the server says to one who may not ask how many messages a channel has: that is how they are counted. */
export async function mayRead({ api, channel }: Bench): Promise<void> {
  try {
    await api.call('GET', `/api/channels/${encodeURIComponent(channel)}`);
  } catch (thrown) {
    // It is to be a new one.
    if (!(thrown instanceof RefusedByServer) || thrown.code !== 'not_found') throw thrown;
  }
}

/** Throws what the server says to one who may not publish over HTTP. Publishes to a channel of its own. */
export async function mayPublish({ api, channel }: Bench): Promise<void> {
  const body = JSON.stringify({ channel: `${channel}-check`, data: 'may I?' });
  await api.call('POST', '/api/publish', { body });
}
