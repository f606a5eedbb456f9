import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hosted } from '../../support/embedded.ts';
import { refused } from '../../support/refusals.ts';
import { from } from '../../support/warnings.ts';

const here = from('203.0.113.7');
const elsewhere = from('203.0.113.8');

describe('on the HTTP server of an application', () => {
  it('the limits of an address hold, and where clients are is told by trusted proxies', async () => {
    await using host = await hosted({
      clients: { connectionsPerAddress: 1 },
      limits: { messageRate: 2, messageBurst: 2 },
      networks: { denied: ['192.0.2.0/24'] },
    });
    const seen: string[] = [];
    host.fanwire.on('connect', ({ remoteAddress }) => void seen.push(remoteAddress));
    await host.socket('/ws/connect', { headers: here });
    await refused(host.stream('/sse/connect', here), 429, 'limit_reached');
    await host.stream('/sse/connect', elsewhere);
    await refused(host.socket('/ws/connect', { headers: from('192.0.2.7') }), 403, 'forbidden');
    assert.equal((await host.call('GET', '/ws/stats', undefined, from('192.0.2.7'))).status, 403);
    assert.deepEqual(seen, ['203.0.113.7', '203.0.113.8']);
    const statuses: number[] = [];
    for (let n = 0; n < 20; n++) statuses.push((await host.call('GET', '/ws/stats', undefined, here)).status);
    assert.ok(statuses.includes(429), `${statuses}`);
  });

  it('a user that middleware names is limited like one with a token', async () => {
    await using host = await hosted({ clients: { connectionsPerUser: 1 } });
    host.fanwire.use(async (context, next) => {
      if (context.kind === 'connect') context.authenticate({ user: 'ann' });
      await next();
    });
    await host.socket('/ws/connect', { headers: here });
    await refused(host.socket('/', { headers: elsewhere }), 429, 'limit_reached');
  });
});
