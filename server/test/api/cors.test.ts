import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

const own = 'https://app.example.com';

describe('a page of an allowed origin', () => {
  it('may read every answer, errors as well', async () => {
    await using server = await TestServer.start({ allowedOrigins: [own], production: true, open: false });
    const answers = [
      await server.get('/health', { origin: own }),
      await server.get('/ws/stats', { origin: own }),
      await server.get('/ws/stats', { origin: own, ...server.key('read') }),
      await server.get('/ws/stats?limit=', { origin: own, ...server.key('read') }),
      await server.get('/nothing', { origin: own }),
      await server.get('/%zz', { origin: own }),
      await server.post('/ws/stats', {}, { origin: own }),
      await server.post('/ws/broadcast', '{', { origin: own, ...server.key('manage') }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 401, 200, 200, 404, 400, 405, 400],
    );
    for (const { headers } of answers) {
      assert.equal(headers.get('access-control-allow-origin'), own);
      assert.equal(headers.get('access-control-expose-headers'), 'Retry-After, X-Request-Id');
      assert.equal(headers.get('vary'), 'Origin');
    }
  });

  it('is told about its preflight', async () => {
    await using server = await TestServer.start({ allowedOrigins: [own], production: true, open: false });
    const ask = (path: string) =>
      server.request('OPTIONS', path, { headers: { origin: own, 'access-control-request-method': 'POST' } });
    const { status, headers, text } = await ask('/ws/send-to-channel');
    assert.equal(status, 204);
    assert.equal(text, '');
    assert.equal(headers.get('access-control-allow-origin'), own);
    assert.equal(headers.get('access-control-allow-methods'), 'POST, OPTIONS');
    assert.equal(
      headers.get('access-control-allow-headers'),
      'Content-Type, Authorization, X-API-Key, Idempotency-Key, Last-Event-ID, X-Request-Id',
    );
    assert.equal(headers.get('access-control-max-age'), '600');
    assert.equal(headers.get('vary'), 'Origin');
    const connection = await ask('/ws/connections/some-id');
    assert.equal(connection.headers.get('access-control-allow-methods'), 'DELETE, OPTIONS');
    assert.equal((await ask('/nothing')).status, 404);
  });

  it('may send cookies, and any header that it asks for', async () => {
    await using server = await TestServer.start({ allowedOrigins: [own], production: true, open: false });
    const asked = 'x-trace,x-csrf-token, Content-Type';
    const preflight = await server.request('OPTIONS', '/ws/send-to-channel', {
      headers: {
        origin: own,
        'access-control-request-method': 'POST',
        'access-control-request-headers': asked,
      },
    });
    assert.equal(preflight.headers.get('access-control-allow-headers'), asked);
    assert.equal(preflight.headers.get('vary'), 'Origin, Access-Control-Request-Headers');
    const answers = [
      preflight,
      await server.get('/health', { origin: own }),
      await server.get('/no', { origin: own }),
    ];
    for (const { headers } of answers) assert.equal(headers.get('access-control-allow-credentials'), 'true');
  });

  it('that is not listed by itself may not: by *, by being the own one or one of this machine', async () => {
    const origins: [string, string[]][] = [
      [own, ['*']],
      [own, ['*', own]],
      ['http://localhost:5173', []],
    ];
    for (const [origin, allowedOrigins] of origins) {
      await using server = await TestServer.start({ allowedOrigins });
      const { headers } = await server.request('OPTIONS', '/ws/send-to-channel', {
        headers: { origin, 'access-control-request-headers': 'x-trace' },
      });
      assert.notEqual(headers.get('access-control-allow-origin'), null);
      assert.equal(headers.get('access-control-allow-credentials'), null);
      assert.doesNotMatch(headers.get('access-control-allow-headers') ?? '', /x-trace/);
    }
  });

  it('is written as its list has it, in whatever case it came', async () => {
    await using server = await TestServer.start({ allowedOrigins: [own], production: true });
    const { headers } = await server.get('/ws/stats', { origin: 'HTTPS://APP.example.com:443' });
    assert.equal(headers.get('access-control-allow-origin'), own);
  });
});

describe('a page of another origin', () => {
  const others = [
    'https://evil.com',
    'https://app.example.com.evil.com',
    'https://evilapp.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'null',
    'http://localhost:5173',
    '',
    'https://app.example.com, https://evil.com',
  ];
  for (const origin of others) {
    it(`${JSON.stringify(origin)} is refused everywhere but for probes`, async () => {
      await using server = await TestServer.start({ allowedOrigins: [own], production: true });
      const headers = { origin };
      const answers = [
        await server.get('/ws/stats', headers),
        await server.get('/nothing', headers),
        await server.get('/%zz', headers),
        await server.get('/sse/connect', headers),
        await server.post('/ws/broadcast', { message: { content: 1 } }, headers),
        await server.request('OPTIONS', '/ws/broadcast', { headers }),
      ];
      for (const { status, body, headers } of answers) {
        assert.equal(status, 403);
        assert.equal(body.error.code, 'forbidden');
        assert.equal(headers.get('access-control-allow-origin'), null);
        assert.equal(headers.get('vary'), 'Origin');
      }
      for (const path of ['/health', '/ready']) {
        const probe = await server.get(path, headers);
        assert.equal(probe.status, 200);
        assert.equal(probe.headers.get('access-control-allow-origin'), null);
      }
    });
  }

  it('is told which, but not at length', async () => {
    await using server = await TestServer.start({ production: true });
    const { body } = await server.get('/ws/stats', { origin: `https://${'x'.repeat(5000)}` });
    assert.ok(body.error.message.length < 200);
  });
});

describe('other origins', () => {
  it('of this machine pass outside of production', async () => {
    await using server = await TestServer.start();
    const { status, headers } = await server.get('/ws/stats', { origin: 'http://localhost:5173' });
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), 'http://localhost:5173');
  });

  it('all pass with *', async () => {
    await using server = await TestServer.start({ allowedOrigins: ['*'], production: true });
    const { status, headers } = await server.get('/ws/stats', { origin: 'null' });
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), '*');
  });

  it('the server’s own passes', async () => {
    await using server = await TestServer.start({ production: true });
    const { status } = await server.get('/ws/stats', { origin: server.origin });
    assert.equal(status, 200);
  });

  it('none at all passes, without CORS headers', async () => {
    await using server = await TestServer.start({ production: true });
    const { status, headers } = await server.get('/ws/stats');
    assert.equal(status, 200);
    assert.equal(headers.get('access-control-allow-origin'), null);
    assert.equal(headers.get('vary'), 'Origin');
    const options = await server.request('OPTIONS', '/ws/connections');
    assert.equal(options.status, 204);
    assert.equal(options.headers.get('allow'), 'GET, HEAD, OPTIONS');
    assert.equal(options.headers.get('access-control-allow-methods'), null);
  });
});

describe('every answer', () => {
  it('is not to be cached or guessed about', async () => {
    await using server = await TestServer.start();
    const answers = [
      await server.get('/health'),
      await server.get('/nothing'),
      await server.get('/%zz'),
      await server.post('/ws/broadcast', { message: { content: 1 } }),
      await server.get('/api/channels/news/messages'),
      await server.request('OPTIONS', '/health'),
    ];
    for (const { headers } of answers) {
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), 'no-store');
    }
    for (const { headers } of answers.slice(0, -1)) {
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    }
  });
});
