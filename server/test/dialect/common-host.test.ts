import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { refused } from '../support/refusals.ts';
import { type TestServer, testSecret, testServer } from '../support/server.ts';

const evil = 'evil.example:8000';
const key = 'backend-key-0123456789abcdef';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request over HTTP with headers that fetch would not send. */
function ask(
  fw: TestServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body = '',
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const length = body === '' ? {} : { 'content-type': 'application/json', 'content-length': body.length };
  const sent = request(
    `${fw.url}${path}`,
    { method, headers: { ...length, ...headers }, agent: false },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function misdirected({ status, body }: Answer): void {
  assert.equal(status, 421, body);
  const { error } = JSON.parse(body);
  assert.equal(error.code, 'misdirected');
  assert.match(error.message, /"evil\.example:8000".*ALLOWED_HOSTS/);
}

const sockets = ['/ws?room=r&client_id=c', '/ws/connect', '/', '/ws/r'];
const broadcast = JSON.stringify({ message: { content: 1 } });

describe('a page whose name was bound anew to this machine', () => {
  const page = { host: evil, origin: `http://${evil}` };

  it('opens no WebSocket and no stream', async () => {
    await using fw = await testServer();
    for (const path of sockets) await refused(fw.socket(path, { headers: page }), 421, 'misdirected');
    await refused(fw.stream('/sse/connect?channels=r', page), 421, 'misdirected');
    await refused(fw.stream('/sse/connect?channels=r', { host: evil }), 421, 'misdirected');
  });

  it('reads, publishes, kicks and deletes nothing over HTTP, and has no page', async () => {
    await using fw = await testServer();
    const calls: [string, string, string?][] = [
      ['GET', '/ws/stats'],
      ['GET', '/ws/connections'],
      ['DELETE', '/ws/connections/x'],
      ['POST', '/ws/broadcast', broadcast],
      ['POST', '/api/users/ann/disconnect', '{}'],
      ['DELETE', '/api/channels/r/messages'],
      ['GET', '/api/channels/r/messages'],
      ['POST', '/sse/ticket'],
      ['GET', '/metrics'],
      ['GET', '/openapi.json'],
      ['GET', '/docs'],
      ['GET', '/console'],
      ['GET', '/nowhere'],
      ['OPTIONS', '/ws/stats'],
    ];
    for (const [method, path, body] of calls) {
      misdirected(await ask(fw, path, page, method, body));
      misdirected(await ask(fw, path, { host: evil }, method, body));
    }
  });

  it('is told no more with a credential that is wrong', async () => {
    await using fw = await testServer();
    misdirected(await ask(fw, '/ws/stats?token=x', page));
    await refused(fw.socket('/ws/connect?token=x', { headers: page }), 421, 'misdirected');
    await refused(fw.stream('/sse/connect?ticket=x', page), 421, 'misdirected');
  });
});

describe('by another Host', () => {
  it('who has a valid credential is answered: a token, a key, a ticket', async () => {
    await using fw = await testServer({ env: { WS_API_KEYS: key } });
    const token = await fw.token('ann', { scopes: ['manage'] });
    const headers = { host: evil, 'x-api-key': key };
    await fw.socket(`/ws/connect?token=${token}`, { headers: { host: evil } });
    await fw.socket('/', { headers });
    await fw.stream(`/sse/connect?token=${token}`, { host: evil });
    const { body } = await ask(fw, '/sse/ticket', headers, 'POST');
    await fw.stream(`/sse/connect?ticket=${JSON.parse(body).ticket}`, { host: evil });
    for (let count = 0; count < 2; count++) {
      assert.equal((await ask(fw, '/ws/broadcast', headers, 'POST', broadcast)).status, 200);
    }
    assert.equal((await ask(fw, `/ws/stats?token=${token}`, { host: evil })).status, 200);
    const page = { ...headers, origin: `http://${evil}` };
    assert.equal((await ask(fw, '/ws/stats', page)).status, 403, 'its pages are not our own');
  });

  it('probes are answered', async () => {
    await using fw = await testServer();
    for (const path of ['/health', '/ready']) {
      assert.equal((await ask(fw, path, { host: evil })).status, 200);
    }
  });

  it('who goes by a name that was set is answered, and so is everybody in production', async () => {
    const named = { ALLOWED_HOSTS: 'evil.example' };
    const open = { NODE_ENV: 'production', JWT_SECRET: testSecret, WEBSOCKET_AUTH_REQUIRED: 'false' };
    for (const env of [named, { PUBLIC_URL: 'http://evil.example' }, open]) {
      await using fw = await testServer({ env });
      await fw.socket('/ws/connect', { headers: { host: evil } });
      assert.notEqual((await ask(fw, '/ws/stats', { host: evil })).status, 421);
    }
  });
});

describe('management without keys', () => {
  const forwarded = [
    ...[
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-forwarded-anything',
      'forwarded',
      'via',
    ],
    ...['x-real-ip', 'cf-connecting-ip'],
  ];

  it('is not for who comes through a proxy or tunnel on the same machine', async () => {
    await using fw = await testServer();
    const host = new URL(fw.url).host;
    assert.equal((await ask(fw, '/ws/stats')).status, 200);
    for (const header of forwarded) {
      const headers = { host, [header]: 'x' };
      for (const [method, path, body] of [
        ['GET', '/ws/stats'],
        ['POST', '/ws/broadcast', broadcast],
        ['GET', '/metrics'],
      ] as const) {
        const answer = await ask(fw, path, headers, method, body);
        assert.equal(answer.status, 401, `${path} ${header}: ${answer.body}`);
        assert.match(JSON.parse(answer.body).error.message, new RegExp(header));
      }
    }
  });

  it('takes a token with the scope from there, and not one without', async () => {
    await using fw = await testServer();
    const scoped = await fw.token('ann', { scopes: ['read'] });
    const plain = await fw.token('ann');
    const via = { via: '1.1 tunnel' };
    assert.equal((await ask(fw, `/ws/stats?token=${scoped}`, via)).status, 200);
    assert.equal((await ask(fw, `/ws/stats?token=${plain}`, via)).status, 403);
    assert.equal((await ask(fw, `/ws/stats?token=${plain}`)).status, 200);
  });

  it('lets clients connect through a proxy all the same', async () => {
    await using fw = await testServer();
    await fw.socket('/ws/connect', { headers: { 'x-forwarded-for': '203.0.113.5' } });
    await fw.stream('/sse/connect', { 'x-forwarded-for': '203.0.113.5' });
  });
});

describe('the commands of the older system, which carry no key', () => {
  const env = { WS_API_KEYS: key, WEBSOCKET_AUTH_REQUIRED: 'false' };
  const message = { content: 1 };
  const commands: [string, string, object?][] = [
    ['POST', '/ws/broadcast', { message }],
    ['POST', '/ws/send-to-channel', { channel: 'r', message }],
    ['POST', '/ws/send-to-user', { user_id: 'ann', message }],
    ['POST', '/sse/send-to-channel', { channel: 'r', event: 'price', data: 1 }],
    ['POST', '/sse/notification', { title: 'a', content: 'b' }],
    ['GET', '/ws/stats'],
    ['GET', '/ws/connections'],
  ];
  const others: [string, string, object?][] = [
    ['DELETE', '/ws/connections/x'],
    ['POST', '/api/publish', { channel: 'r', data: 1 }],
    ['GET', '/api/channels'],
    ['GET', '/metrics'],
  ];

  for (const setting of ['WEBSOCKET_AUTH_REQUIRED', 'SSE_AUTH_REQUIRED']) {
    it(`need none with ${setting}=false on a development server of this machine`, async () => {
      await using fw = await testServer({ env: { WS_API_KEYS: key, [setting]: 'false' } });
      for (const [method, path, body] of commands) {
        assert.equal((await fw.call(method, path, body)).status, 200, path);
        const wrong = await fw.call(method, path, body, { 'x-api-key': 'wrong' });
        assert.equal(wrong.status, 401, path);
      }
      for (const [method, path, body] of others) {
        assert.equal((await fw.call(method, path, body)).status, 401, path);
      }
    });
  }

  it('need one when that was not said, in production, and through a proxy', async () => {
    const stricter = [{ WS_API_KEYS: key }, { ...env, NODE_ENV: 'production' }, { ...env, HOST: '0.0.0.0' }];
    for (const given of stricter) {
      await using fw = await testServer({ env: given });
      for (const [method, path, body] of commands) {
        const url = fw.url.replace('0.0.0.0', '127.0.0.1');
        const sent = { method, headers: { 'content-type': 'application/json' } };
        const response = await fetch(
          `${url}${path}`,
          body ? { ...sent, body: JSON.stringify(body) } : { method },
        );
        assert.equal(response.status, 401, path);
      }
    }
    await using fw = await testServer({ env });
    for (const [method, path, body] of commands) {
      assert.equal((await fw.call(method, path, body, { forwarded: 'for=x' })).status, 401, path);
    }
  });
});
