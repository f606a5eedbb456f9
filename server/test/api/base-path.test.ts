import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { hosted } from '../support/embedded.ts';
import { refused } from '../support/refusals.ts';
import { testOrigin, testServer } from '../support/server.ts';
import { SocketClient } from '../support/socket-client.ts';

const env = { BASE_PATH: '/realtime', WS_API_KEYS: 'shop:publish:a-key-of-the-tests-0123' };

describe('with a base path', () => {
  it('everything is served below it, and the address says so', async () => {
    await using fw = await testServer({ env });
    assert.match(fw.url, /:\d+\/realtime$/);
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const relay = await fw.socket('/ws?room=news&client_id=c1');
    const room = await fw.room('news', 'ann');
    const chat = await fw.socket('/');
    await chat.ask({ action: 'join', room: 'news' }, { action: 'joined' });
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const key = { 'x-api-key': 'a-key-of-the-tests-0123' };
    // The second goes by the fast lane.
    for (const offset of [1, 2]) {
      const { status, body } = await fw.call('POST', '/api/publish', { channel: 'news', data: 'x' }, key);
      assert.deepEqual([status, body.offset], [200, offset]);
    }
    await client.reached('news', 2);
    await relay.next({ type: 'message' });
    await room.next({ type: 'chat.delivery' });
    await chat.next({ action: 'message' });
    await stream.next('message');
    assert.equal((await fw.call('GET', '/health')).status, 200);
    assert.equal((await fw.call('GET', '/ws/stats?x=/')).status, 401);
  });

  it('the bare base path is the address of the chat dialect and of the landing page, with a slash and without', async () => {
    await using fw = await testServer({ env });
    for (const path of ['', '/', '?name=ann', '/?name=ann']) {
      await (await fw.socket(path)).ask({ action: 'rooms' }, { action: 'rooms' });
      const page = await fetch(fw.url + path);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /href="\/realtime\/docs"/);
    }
  });

  it('nothing is served outside of it, and the answer names the setting', async () => {
    await using fw = await testServer({ env });
    const { origin } = new URL(fw.url);
    for (const path of [
      '/',
      '/health',
      '/api/publish',
      '/realtimes/health',
      '/real',
      '/docs',
      '/sse/connect',
    ]) {
      const response = await fetch(origin + path);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      assert.deepEqual([response.status, error.code], [404, 'not_found'], path);
      assert.match(error.message, /below \/realtime \(BASE_PATH\)/);
    }
    assert.equal((await fetch(`${origin}/api/publish`, { method: 'POST' })).status, 404);
    for (const path of ['/ws/connect', '/', '/realtimes/ws/connect']) {
      const client = new SocketClient(`${origin.replace('http', 'ws')}${path}`, {});
      await refused(client.opened, 404, 'not_found');
    }
  });

  it('the description has it as its server, and no path of it', async () => {
    await using fw = await testServer({ env: { ...env, BASE_PATH: '/a/b/' } });
    const { body } = await fw.call('GET', '/openapi.json');
    assert.equal(body.servers[0].url, '/a/b');
    assert.ok(body.paths['/api/publish']);
  });

  it('a page of another origin is refused as without one', async () => {
    await using fw = await testServer({ env });
    await fw.socket('/ws/connect', { headers: { origin: testOrigin } });
    await refused(
      fw.socket('/ws/connect', { headers: { origin: 'https://evil.example' } }),
      403,
      'forbidden',
    );
  });

  it('a server of an application has all the rest', async () => {
    const http = createHttpServer((request, response) => response.end(`theirs: ${request.url}`));
    await using fw = await hosted({ listen: { basePath: '/realtime' }, except: ['/health'] }, http);
    const ask = (path: string) => fetch(fw.url + path).then((response) => response.text());
    for (const path of [
      '/',
      '/ws/stats',
      '/realtime',
      '/realtime/',
      '/realtime/health',
      '/realtimes/ws/stats',
    ]) {
      assert.equal(await ask(path), `theirs: ${path}`);
    }
    assert.match(await ask('/realtime/ws/stats'), /"unauthorized"/);
    const client = await fw.socket('/realtime/ws/connect');
    await client.next({ type: 'connected' });
    await assert.rejects(fw.socket('/ws/connect'));
  });
});
