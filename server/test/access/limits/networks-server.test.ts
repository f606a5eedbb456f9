import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused } from '../../support/refusals.ts';
import { testServer } from '../../support/server.ts';
import { from, warnings } from '../../support/warnings.ts';

describe('the address of a client, as it is shown', () => {
  it('is the one that a trusted proxy tells', async () => {
    await using fw = await testServer();
    await fw.socket('/ws/connect', { headers: from('1.2.3.4, 203.0.113.7') });
    await fw.stream('/sse/connect', from('2001:db8::7'));
    await fw.socket('/');
    const { body } = await fw.call('GET', '/ws/connections');
    const shown = body.connections.map((one: { remote_address: string }) => one.remote_address);
    assert.deepEqual(shown.sort(), ['127.0.0.1', '2001:db8::7', '203.0.113.7']);
  });

  it('is that of the peer where it is not trusted, and the log says so once', async () => {
    const { log, lines } = warnings();
    await using fw = await testServer({ log, env: { TRUSTED_PROXIES: 'none' } });
    for (let n = 0; n < 3; n++) await fw.socket('/', { headers: from('203.0.113.7') });
    await fw.call('GET', '/health', undefined, from('203.0.113.7'));
    const { body } = await fw.call('GET', '/ws/connections');
    assert.deepEqual(
      body.connections.map((one: { remote_address: string }) => one.remote_address),
      ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    );
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.peer, '127.0.0.1');
    assert.match(String(lines[0]?.text), /X-Forwarded-For is ignored.*TRUSTED_PROXIES/);
  });
});

describe('networks that are not served', () => {
  const key = 'a-key-of-the-tests-that-is-long';
  const inside = from('198.51.100.1');
  const outside = from('203.0.113.7');

  for (const [what, env, denied] of [
    ['DENIED_NETWORKS', { DENIED_NETWORKS: '203.0.113.0/24,2001:db8::/32' }, outside],
    ['all but ALLOWED_NETWORKS', { ALLOWED_NETWORKS: '198.51.100.0/24, 127.0.0.1' }, outside],
    ['both', { ALLOWED_NETWORKS: '203.0.113.0/24,198.51.100.1', DENIED_NETWORKS: '203.0.113.7' }, outside],
  ] as const) {
    it(`${what}: 403 on every way in, whatever is presented`, async () => {
      const { log, lines } = warnings();
      await using fw = await testServer({ log, env: { ...env, WS_API_KEYS: key } });
      const headers = { ...denied, 'x-api-key': key };
      for (const path of ['/', '/ws/connect', '/ws?room=r&client_id=c', '/nowhere/at/all'])
        await refused(fw.socket(path, { headers }), 403, 'forbidden');
      await refused(fw.stream('/sse/connect', headers), 403, 'forbidden');
      for (const path of ['/ws/stats', '/openapi.json', '/nowhere']) {
        const { status, body } = await fw.call('GET', path, undefined, headers);
        assert.deepEqual([status, body.error.code], [403, 'forbidden']);
      }
      for (const path of ['/health', '/ready'])
        assert.equal((await fw.call('GET', path, undefined, headers)).status, 200);
      await fw.socket('/', { headers: inside });
      await fw.stream('/sse/connect', inside);
      assert.equal(
        (await fw.call('GET', '/ws/stats', undefined, { ...inside, 'x-api-key': key })).status,
        200,
      );
      assert.equal(lines.length, 1);
    });
  }

  it('are not served on a connection on which a key is known either', async () => {
    await using fw = await testServer({ env: { DENIED_NETWORKS: '203.0.113.0/24', WS_API_KEYS: key } });
    const publish = (headers: Record<string, string>) =>
      fw.call(
        'POST',
        '/ws/send-to-channel',
        { channel: 'news', message: { content: 1 } },
        { ...headers, 'x-api-key': key },
      );
    for (let n = 0; n < 3; n++) {
      assert.equal((await publish(inside)).status, 200);
      assert.equal((await publish(outside)).status, 403);
    }
  });
});
