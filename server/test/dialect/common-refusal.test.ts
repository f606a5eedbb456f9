import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat } from '../support/doors.ts';
import { refused } from '../support/refusals.ts';
import { testOrigin, testServer } from '../support/server.ts';
import { Refused } from '../support/socket-client.ts';

async function refusal(opening: Promise<unknown>): Promise<Refused> {
  const thrown = await opening.then(
    () => assert.fail('let in'),
    (thrown: unknown) => thrown,
  );
  if (!(thrown instanceof Refused)) throw thrown;
  return thrown;
}

/** Every WebSocket address, with what its dialect needs besides credentials. */
const addresses = {
  relay: '/ws?room=a&client_id=c1',
  room: '/ws/a',
  channel: '/ws/connect',
  chat: '/',
};

const allRequire = {
  RELAY_AUTH_REQUIRED: 'true',
  WEBSOCKET_AUTH_REQUIRED: 'true',
  CHAT_AUTH_REQUIRED: 'true',
  SSE_AUTH_REQUIRED: 'true',
};

describe('a refusal before the upgrade is an HTTP answer', () => {
  it('with the status, a JSON body and nothing else', async () => {
    await using fw = await testServer();
    const { status, headers, body } = await refusal(fw.socket('/nowhere'));
    assert.equal(status, 404);
    assert.equal(headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(headers.connection, 'close');
    assert.deepEqual(body, {
      error: { code: 'not_found', message: 'no WebSocket is served at this path' },
    });
  });

  it('400 bad_request for bad parameters', async () => {
    await using fw = await testServer();
    const cases: [path: string, message: string][] = [
      ['/ws', 'the query parameter "room" is required'],
      ['/ws?room=a', 'the query parameter "client_id" is required'],
      ['/ws?room=&client_id=c', 'room: must not be empty'],
      ['/ws/connect?echo=maybe', 'the query parameter "echo" takes true, false, 1 or 0'],
      ['/ws/%E0%A4%A', 'the path is not valid percent-encoding'],
    ];
    for (const [path, message] of cases) {
      const { status, body } = await refusal(fw.socket(path, { headers: { origin: testOrigin } }));
      assert.equal(status, 400, path);
      assert.deepEqual(body, { error: { code: 'bad_request', message } });
    }
  });

  it('401 unauthorized without credentials, with WWW-Authenticate', async () => {
    await using fw = await testServer({ env: allRequire });
    for (const [dialect, path] of Object.entries(addresses)) {
      const opening = fw.socket(path, { headers: { origin: testOrigin } });
      const { headers } = await refused(opening, 401, 'unauthorized');
      assert.equal(headers['www-authenticate'], 'Bearer', dialect);
    }
    const { headers } = await refused(fw.stream('/sse/connect'), 401, 'unauthorized');
    assert.equal(headers['www-authenticate'], 'Bearer');
  });

  it('403 forbidden for an Origin that is not allowed', async () => {
    await using fw = await testServer();
    const origin = 'https://evil.example';
    for (const path of Object.values(addresses)) {
      const { status, body } = await refusal(fw.socket(path, { headers: { origin } }));
      assert.equal(status, 403);
      assert.deepEqual(body, {
        error: {
          code: 'forbidden',
          message: 'Origin https://evil.example is not allowed here: add it to ALLOWED_ORIGINS',
        },
      });
    }
    await refused(fw.stream('/sse/connect', { origin }), 403, 'forbidden');
  });

  it('403 forbidden without permission for the room of the address', async () => {
    await using fw = await testServer();
    const token = await fw.token('u1', { channels: ['b'] });
    for (const path of [`/ws?room=a&client_id=c1&token=${token}`, `/ws/a?token=${token}`]) {
      const { status, body } = await refusal(fw.socket(path, { headers: { origin: testOrigin } }));
      assert.equal(status, 403);
      assert.deepEqual(body, {
        error: { code: 'forbidden', message: 'no permission to subscribe to "a"' },
      });
    }
    await refused(fw.stream(`/sse/connect?channels=a&token=${token}`), 403, 'forbidden');
  });

  it('404 not_found at an unknown path', async () => {
    await using fw = await testServer();
    for (const path of ['/nowhere', '/ws/', '/ws/a/b', '/ws//', '/WS', '/sse/connect', '/health', '//ws']) {
      await refused(fw.socket(path, { headers: { origin: testOrigin } }), 404, 'not_found');
    }
  });

  it('404 not_found everywhere where WebSockets are switched off', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_ENABLED: 'false' } });
    for (const path of Object.values(addresses)) await refused(fw.socket(path), 404, 'not_found');
    await fw.stream('/sse/connect');
  });

  it('503 server_full over MAX_CONNECTIONS_TOTAL, every dialect and SSE counted together', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '5' } });
    const token = await fw.token('u1');
    const headers = { origin: testOrigin };
    for (const path of ['/ws?room=a&client_id=c1', `/ws/a?token=${token}`, '/ws/connect', '/']) {
      await fw.socket(path, { headers });
    }
    await fw.stream('/sse/connect');
    for (const path of ['/ws?room=a&client_id=c2', `/ws/a?token=${token}`, '/ws/connect', '/']) {
      const { status, body, headers: answered } = await refusal(fw.socket(path, { headers }));
      assert.equal(status, 503);
      assert.deepEqual(body, {
        error: {
          code: 'server_full',
          message: 'the server has its maximum of connections; try again later',
        },
      });
      assert.match(String(answered['retry-after']), /^\d+$/);
    }
    await refused(fw.stream('/sse/connect'), 503, 'server_full');
  });

  it('503 room_full over MAX_CONNECTIONS_PER_ROOM', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ROOM: '1' } });
    await fw.socket('/ws?room=a&client_id=c1');
    const { headers } = await refused(fw.socket('/ws?room=a&client_id=c2'), 503, 'room_full');
    assert.match(String(headers['retry-after']), /^\d+$/);
    await fw.socket('/ws?room=b&client_id=c2');
  });
});

describe('of several faults the first of this order is told', () => {
  const evil = { origin: 'https://evil.example' };

  it('the path, before everything', async () => {
    await using fw = await testServer({ env: allRequire });
    await refused(fw.socket('/nowhere?token=bad', { headers: evil }), 404, 'not_found');
  });

  it('the parameters, before the Origin', async () => {
    await using fw = await testServer({ env: allRequire });
    await refused(fw.socket('/ws?token=bad', { headers: evil }), 400, 'bad_request');
  });

  it('the Origin, before the credentials', async () => {
    await using fw = await testServer({ env: allRequire });
    for (const path of ['/ws?room=a&client_id=c&', '/ws/a?', '/ws/connect?', '/?']) {
      await refused(fw.socket(`${path}token=bad`, { headers: evil }), 403, 'forbidden');
    }
    await refused(fw.stream('/sse/connect?token=bad', evil), 403, 'forbidden');
  });

  it('the credentials, before the permission', async () => {
    const clock = { now: () => 0, monotonic: () => 0, every: () => () => {} };
    await using fw = await testServer();
    await using old = await testServer({ clock });
    const expired = await old.token('u1', { channels: ['b'], ttlSeconds: 1 });
    await refused(fw.socket(`/ws?room=a&client_id=c&token=${expired}`), 401, 'unauthorized');
  });

  it('the permission, before the room for one more', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '1' } });
    await fw.socket('/');
    const token = await fw.token('u1', { channels: ['b'] });
    await refused(fw.socket(`/ws?room=a&client_id=c&token=${token}`), 403, 'forbidden');
    await refused(fw.socket(`/ws?room=b&client_id=c&token=${token}`), 503, 'server_full');
  });
});

describe('Origin', () => {
  const env = { ALLOWED_ORIGINS: 'https://app.example.com,https://other.example:8443' };
  const refusedOrigins = [
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://evilapp.example.com',
    'http://app.example.com',
    'https://app.example.com:444',
    'https://other.example',
    'null',
    '',
    'https://app.example.com/',
    'app.example.com',
  ];
  const allowedOrigins = [
    'https://app.example.com',
    'HTTPS://APP.EXAMPLE.COM',
    'https://app.example.com:443',
    'https://other.example:8443',
  ];

  for (const [dialect, path] of Object.entries(addresses)) {
    it(`is compared exactly (${dialect})`, async () => {
      await using fw = await testServer({
        env: { ...env, NODE_ENV: 'production', ALLOWED_HOSTS: '127.0.0.1' },
      });
      const query = `${path.includes('?') ? '&' : '?'}token=${await fw.token('u1')}`;
      for (const origin of refusedOrigins) {
        await refused(fw.socket(`${path}${query}`, { headers: { origin } }), 403, 'forbidden');
      }
      for (const origin of [...allowedOrigins, fw.url]) {
        (await fw.socket(`${path}${query}`, { headers: { origin } })).close();
      }
    });
  }

  it('that is absent passes, except in the room dialect', async () => {
    await using fw = await testServer();
    const token = await fw.token('u1');
    for (const path of ['/ws?room=a&client_id=c1', '/ws/connect', '/']) await fw.socket(path);
    await refused(fw.socket(`/ws/a?token=${token}`), 403, 'forbidden');
    await fw.stream('/sse/connect');
  });

  it('of a loopback page passes outside production only', async () => {
    await using development = await testServer();
    await using production = await testServer({ env: { NODE_ENV: 'production' } });
    for (const origin of [
      'http://localhost:5173',
      'http://127.0.0.1',
      'http://[::1]:80',
      'https://localhost',
    ]) {
      await development.socket(chat.path('a'), { headers: { origin } });
      await refused(production.socket(chat.path('a'), { headers: { origin } }), 403, 'forbidden');
    }
  });

  it('may be anything where ALLOWED_ORIGINS is *', async () => {
    await using fw = await testServer({ env: { ALLOWED_ORIGINS: '*' } });
    for (const origin of ['https://anywhere.example', 'null']) {
      await fw.socket('/ws/connect', { headers: { origin } });
    }
  });
});
