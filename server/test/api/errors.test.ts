import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertShape, TestServer } from './kit.ts';

describe('an address that is not served', () => {
  for (const path of [
    '/nothing',
    '/health/',
    '/HEALTH',
    '/api',
    '/api/channels/news/',
    '/api/channels/news/messages/a/b',
    '/api/users/u1',
    '//',
    '/ws/stats/x',
  ]) {
    it(`${path} is 404`, async () => {
      await using server = await TestServer.start({ open: false });
      for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS']) {
        const { status, body } = await server.request(method, path);
        assert.equal(status, 404);
        assertShape(body, 'not_found');
      }
    });
  }

  it('is 404 whatever the body', async () => {
    await using server = await TestServer.start();
    assert.equal((await server.post('/nothing', '{')).status, 404);
    assert.equal((await server.post('/nothing', 'x'.repeat(100_000))).status, 404);
    assert.equal((await server.post('/nothing', 'x', { 'content-type': 'text/plain' })).status, 404);
  });
});

describe('another method than those of a route', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
    ['GET', '/ws/broadcast', 'POST, OPTIONS'],
    ['HEAD', '/sse/connect', 'GET, OPTIONS'],
    ['PATCH', '/ws/connections/a%2Fb?x=1', 'DELETE, OPTIONS'],
    ['PUT', '/api/channels/news/messages', 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/api/channels/news/messages/a', 'DELETE, OPTIONS'],
    ['POST', '/api/channels/news', 'GET, HEAD, OPTIONS'],
    ['POST', '/api/channels', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/publish', 'POST, OPTIONS'],
    ['GET', '/api/batch', 'POST, OPTIONS'],
    ['GET', '/api/users/u1/disconnect', 'POST, OPTIONS'],
    ['DELETE', '/api/tokens/revoke', 'POST, OPTIONS'],
    ['POST', '/api/stats/activity', 'GET, HEAD, OPTIONS'],
    ['POST', '/openapi.json', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/ws/stats', 'GET, HEAD, OPTIONS'],
    ['QUERY', '/ws/stats', 'GET, HEAD, OPTIONS'],
  ];
  for (const [method, path, allow] of cases) {
    it(`${method} ${path} is 405`, async () => {
      await using server = await TestServer.start({ open: false });
      const response = await fetch(server.origin + path, { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get('allow'), allow);
      if (method !== 'HEAD') assertShape(await response.json(), 'bad_request');
    });
  }

  it('HEAD is answered where GET is', async () => {
    await using server = await TestServer.start();
    for (const path of ['/health', '/ready', '/ws/stats', '/api/channels', '/openapi.json']) {
      const { status, text } = await server.request('HEAD', path);
      assert.equal(status, 200);
      assert.equal(text, '');
    }
  });
});

describe('a broken path', () => {
  for (const path of [
    '/%zz',
    '/api/channels/%/messages',
    '/api/channels/%ff/messages',
    '/api/channels/%e2%82/messages',
    '/ws/connections/%c0%af',
  ]) {
    it(`${path} is 400`, async () => {
      await using server = await TestServer.start({ open: false });
      const { status, body } = await server.get(path);
      assert.equal(status, 400);
      assertShape(body, 'bad_request');
      const [line] = server.logged;
      assert.deepEqual(
        { ...line, ms: 0, request: '' },
        { level: 'debug', text: 'answered', request: '', method: 'GET', path, status, ms: 0 },
      );
    });
  }
});

describe('a bad query parameter', () => {
  const history = '/api/channels/news/messages';
  const queries: readonly (readonly [string, string])[] = [
    ...['limit', 'before', 'after', 'from', 'to'].flatMap((name) =>
      ['', '-1', '1.5', '1e3', ' 1', '+1', '0x1', 'x', '1'.repeat(17), 'NaN', '%31%00'].map(
        (value) => [`${history}?${name}=${value.replace('+', '%2B').replace(' ', '%20')}`, name] as const,
      ),
    ),
    [`${history}?limit=0`, 'limit'],
    [`${history}?limit=1001`, 'limit'],
    [`${history}?limit=1&limit=2`, 'limit'],
    [`${history}?before=9007199254740991`, 'before'],
    ['/api/channels/news/presence?limit=0', 'limit'],
    ['/api/channels/news/presence?limit=1001', 'limit'],
    ['/api/channels/news/presence?cursor=', 'cursor'],
    ['/ws/connections?limit=0', 'limit'],
    ['/ws/connections?limit=1001', 'limit'],
    ['/ws/connections?user=', 'user'],
    ['/ws/connections?user=a&user=b', 'user'],
    ['/ws/connections?channel=', 'channel'],
    [`/ws/connections?channel=${'x'.repeat(256)}`, 'channel'],
    ['/ws/connections?channel=a%00', 'channel'],
    ['/ws/connections?cursor=', 'cursor'],
    ['/ws/connections?cursor=1', 'cursor'],
    ['/ws/connections?cursor=MA', 'cursor'],
    ['/ws/connections?cursor=MQ==', 'cursor'],
    ['/ws/connections?cursor=LTE', 'cursor'],
  ];
  it('is 400 and named', async () => {
    await using server = await TestServer.start();
    for (const [path, name] of queries) {
      const { status, body } = await server.get(path);
      assert.equal(status, 400, path);
      assertShape(body, 'bad_request');
      assert.ok(body.error.message.includes(name), body.error.message);
    }
    assert.deepEqual(server.reported, []);
  });

  it('unlike one that means nothing', async () => {
    await using server = await TestServer.start();
    assert.equal((await server.get(`${history}?page=x&__proto__=1&constructor=2&limit=1`)).status, 200);
  });
});

describe('a bad name in the path', () => {
  it('is 400, or forbidden when it is reserved', async () => {
    await using server = await TestServer.start();
    for (const resource of ['messages', 'presence']) {
      for (const name of ['x'.repeat(256), '%C3%9F'.repeat(128), 'x'.repeat(20_000), 'a%00b', '%0a', '%7f']) {
        const { status, body } = await server.get(`/api/channels/${name}/${resource}`);
        assert.equal(status, 400);
        assertShape(body, 'bad_request');
        assert.match(body.error.message, /channel/);
      }
      assert.equal((await server.get(`/api/channels//${resource}`)).status, 400);
      for (const name of ['$all', '%24all', '$user:u1', '$control']) {
        const { status, body } = await server.get(`/api/channels/${name}/${resource}`);
        assert.equal(status, 403);
        assertShape(body, 'forbidden');
      }
    }
  });
});

describe('a fault of the server', () => {
  const fault = new Error('secret detail');

  it('is told without a word of it, reported and logged', async () => {
    const presence = { page: () => Promise.reject(fault) } as never;
    await using server = await TestServer.start({ parts: { presence } });
    const { status, body, text } = await server.get('/api/channels/news/presence?token=');
    assert.equal(status, 401, text);
    const answer = await server.get('/api/channels/news/presence?limit=5');
    assert.equal(answer.status, 500);
    assertShape(answer.body, 'internal');
    assert.ok(!answer.text.includes('secret detail'));
    assertShape(body, 'unauthorized');
    assert.deepEqual(server.reported, [fault]);
    const { ms, request, ...line } = server.logged.at(-1) ?? { ms: null, request: null };
    assert.equal(typeof request, 'string');
    assert.equal(typeof ms, 'number');
    const path = '/api/channels/news/presence?limit=5';
    assert.deepEqual(line, { level: 'error', text: 'answered: failed', method: 'GET', path, status: 500 });
  });

  it('is the same when it is thrown in the route or is no Error', async () => {
    const tickets = {
      issue: () => {
        throw Object.assign(new Error('x'), { statusCode: 418, code: 'FST_MADE_UP' });
      },
    } as never;
    const changeStream = () => Promise.reject('a string');
    await using server = await TestServer.start({ parts: { tickets }, changeStream });
    const ticket = await server.request('POST', '/sse/ticket');
    assert.equal(ticket.status, 500);
    assertShape(ticket.body, 'internal');
    const change = await server.post('/sse/connections/a/channels', {});
    assert.equal(change.status, 500);
    assertShape(change.body, 'internal');
    assert.equal(server.reported.length, 2);
  });
});
