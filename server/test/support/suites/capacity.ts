import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Door, enter, open } from '../doors.ts';
import { eventually } from '../eventually.ts';
import { refused } from '../refusals.ts';
import { type TestServer, testServer } from '../server.ts';

/** PROTOCOLS.md, section 1 and "Common rules": the server's limits on connections. */
export function capacitySuite(door: Door): void {
  const isFull = async (opening: Promise<unknown>): Promise<void> => {
    const { headers } = await refused(opening, 503, 'server_full');
    assert.match(String(headers['retry-after']), /^[1-9]\d*$/);
  };
  const drops = (fw: TestServer, total: number) =>
    eventually(
      async () => (await fw.call('GET', '/ws/stats')).body.total_connections === total,
      `${total} connections`,
    );

  describe(`${door.name}: a full server`, () => {
    it('one connection over MAX_CONNECTIONS_TOTAL is 503 server_full, and one that leaves makes a place', async () => {
      await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '2' } });
      const first = await enter(fw, door, 'lobby', { user: 'u1' });
      await enter(fw, door, 'lobby', { user: 'u2' });
      await isFull(open(fw, door, 'elsewhere', { user: 'u3' }));
      first.close();
      await drops(fw, 1);
      await enter(fw, door, 'elsewhere', { user: 'u3' });
    });

    it('MAX_CONNECTIONS_TOTAL counts streams and other dialects', async () => {
      await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '2' } });
      await fw.stream('/sse/connect');
      await fw.socket('/ws/connect');
      await isFull(open(fw, door, 'lobby'));
    });

    it('one connection over WEBSOCKET_MAX_CONNECTIONS is 503 server_full; streams do not count there', async () => {
      await using fw = await testServer({ env: { WEBSOCKET_MAX_CONNECTIONS: '2' } });
      await fw.stream('/sse/connect');
      await fw.socket('/ws/connect');
      await enter(fw, door, 'lobby');
      await isFull(open(fw, door, 'lobby', { user: 'u2' }));
    });

    it('a refused connection takes no place', async () => {
      await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '1' } });
      for (let tries = 0; tries < 3; tries++) {
        await refused(open(fw, door, 'lobby', { query: '&echo=perhaps' }), 400, 'bad_request');
      }
      await enter(fw, door, 'lobby');
    });
  });
}
