import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawSocket } from '../support/raw-socket.ts';
import { refused } from '../support/refusals.ts';
import { testServer } from '../support/server.ts';
import { growth, scrape } from './figures.ts';

const name = 'fanwire_http_request_duration_seconds_count';
const keys = {
  WS_API_KEYS: 'reader:read:read-key-0123456789,writer:publish:publish-key-0123456',
};

describe('GET /metrics', () => {
  it('is text for Prometheus', async () => {
    await using fw = await testServer();
    const response = await fetch(`${fw.url}/metrics`);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const text = await response.text();
    assert.match(text, /^# HELP fanwire_connections Open connections\.\n# TYPE fanwire_connections gauge$/m);
    assert.match(text, /^process_resident_memory_bytes [\d.e+]+$/m);
    assert.match(text, /\n$/);
  });

  it('needs the scope read', async () => {
    await using fw = await testServer({ env: keys });
    const url = `${fw.url}/metrics`;
    assert.equal((await fetch(url)).status, 401);
    assert.equal((await fetch(url, { headers: { 'x-api-key': 'nonsense' } })).status, 401);
    assert.equal((await fetch(url, { headers: { 'x-api-key': 'publish-key-0123456' } })).status, 403);
    assert.equal((await fetch(url, { headers: { 'x-api-key': 'read-key-0123456789' } })).status, 200);
    const bearer = async (scopes: ('read' | 'publish')[]): Promise<number> => {
      const authorization = `Bearer ${await fw.token('prometheus', { scopes })}`;
      return (await fetch(url, { headers: { authorization } })).status;
    };
    assert.equal(await bearer(['publish']), 403);
    assert.equal(await bearer(['read']), 200);
  });

  it('says what runs, and whether management is open', async () => {
    const build = { version: '0.1.0', node: process.version, engine: 'memory' };
    await using open = await testServer({ env: { ENGINE: 'memory' } });
    const seen = await scrape(open);
    assert.equal(seen.value('fanwire_management_open'), 1);
    assert.equal(seen.value('fanwire_build_info', build), 1);
    await using guarded = await testServer({ env: keys });
    const guardedSeen = await scrape(guarded, { 'x-api-key': 'read-key-0123456789' });
    assert.equal(guardedSeen.value('fanwire_management_open'), 0);
    assert.equal(guardedSeen.value('fanwire_build_info', { engine: 'sqlite' }), 1);
  });

  it('has two servers of one process apart', async () => {
    await using one = await testServer();
    await using other = await testServer();
    await one.socket('/ws/connect');
    assert.equal((await scrape(one)).value('fanwire_connections'), 1);
    assert.equal((await scrape(other)).value('fanwire_connections'), 0);
  });
});

describe('HTTP requests', () => {
  it('by route, method and class of status', async () => {
    await using fw = await testServer();
    const grown = await growth(fw, async () => {
      for (const channel of ['a', 'b', 'c']) await fw.call('GET', `/api/channels/${channel}/messages`);
      await fw.call('GET', '/api/channels/a/messages?limit=x');
      await fw.call('POST', '/ws/send-to-channel', { channel: 'a', message: { content: 1 } });
      await fw.call('HEAD', '/health');
      await fw.call('GET', '/nowhere');
      await fw.call('GET', '/%zz');
      await fw.call('DELETE', '/ws/send-to-channel');
      await fw.call('OPTIONS', '/ws/send-to-channel');
    });
    const expected: [string, string, string, number][] = [
      ['/api/channels/:channel/messages', 'GET', '2xx', 3],
      ['/api/channels/:channel/messages', 'GET', '4xx', 1],
      ['/ws/send-to-channel', 'POST', '2xx', 1],
      ['/health', 'HEAD', '2xx', 1],
      ['none', 'GET', '4xx', 2],
      ['none', 'DELETE', '4xx', 1],
      ['none', 'OPTIONS', '2xx', 1],
      // The first of the two scrapes.
      ['/metrics', 'GET', '2xx', 1],
    ];
    for (const [route, method, status, count] of expected) {
      assert.equal(grown(name, { route, method, status }), count, `${method} ${route} ${status}`);
    }
    assert.equal(grown(name), 11);
    assert.ok(grown('fanwire_http_request_duration_seconds_sum', { route: '/ws/send-to-channel' }) > 0);
  });

  it('a method that means nothing here is other', async () => {
    await using fw = await testServer();
    const grown = await growth(fw, async () => {
      for (const method of ['PROPFIND', 'PURGE', 'SUBSCRIBE']) {
        const raw = new RawSocket(fw.url);
        raw.write(`${method} /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        await raw.ended();
      }
    });
    assert.equal(grown(name, { route: 'none', method: 'other', status: '4xx' }), 3);
  });

  it('a stream is a request only when it is refused', async () => {
    await using fw = await testServer();
    const grown = await growth(fw, async () => {
      const stream = await fw.stream('/sse/connect');
      stream.close();
      await refused(fw.stream('/sse/connect?token=x'), 401, 'unauthorized');
    });
    assert.equal(grown(name, { route: '/sse/connect', status: '4xx' }), 1);
    assert.equal(grown(name, { route: '/sse/connect' }), 1);
  });

  it('what is no HTTP is an error and no request', async () => {
    await using fw = await testServer();
    const grown = await growth(fw, async () => {
      const raw = new RawSocket(fw.url);
      raw.write('nonsense\r\n\r\n');
      await raw.ended();
    });
    assert.equal(grown('fanwire_errors_sent_total', { dialect: 'http', code: 'bad_request' }), 1);
    assert.equal(grown(name, { route: 'none' }), 0);
  });
});
