import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawSocket } from '../support/raw-socket.ts';
import { type HeaderFields, TestServer } from './kit.ts';
import { type Operation, perform } from './operations.ts';

const message = { content: 1 };
const operations: readonly Operation[] = [
  { method: 'POST', path: '/ws/broadcast', scope: 'publish', body: { message } },
  { method: 'POST', path: '/ws/send-to-channel', scope: 'publish', body: { channel: 'news', message } },
  { method: 'POST', path: '/ws/send-to-user', scope: 'publish', body: { user_id: 'u1', message } },
  {
    method: 'POST',
    path: '/sse/send-to-channel',
    scope: 'publish',
    body: { channel: 'news', event: 'e', data: 1 },
  },
  { method: 'POST', path: '/sse/notification', scope: 'publish', body: { title: 'T', content: 'C' } },
  { method: 'POST', path: '/api/publish', scope: 'publish', body: { channel: 'news', data: 1 } },
  { method: 'POST', path: '/api/batch', scope: 'publish', body: { messages: [] } },
  { method: 'GET', path: '/ws/stats', scope: 'read' },
  { method: 'GET', path: '/api/stats/activity', scope: 'read' },
  { method: 'GET', path: '/api/channels', scope: 'read' },
  { method: 'GET', path: '/api/channels/none', scope: 'read', status: 404 },
  { method: 'GET', path: '/ws/connections', scope: 'read' },
  { method: 'GET', path: '/api/channels/news/messages', scope: 'read' },
  { method: 'GET', path: '/api/channels/news/presence', scope: 'read' },
  { method: 'DELETE', path: '/ws/connections/none', scope: 'manage', status: 404 },
  { method: 'DELETE', path: '/api/channels/news/messages', scope: 'manage' },
  { method: 'DELETE', path: '/api/channels/news/messages/none', scope: 'manage', status: 404 },
  { method: 'POST', path: '/api/users/nobody/disconnect', scope: 'manage' },
  { method: 'DELETE', path: '/api/rooms/nothing', scope: 'manage', status: 404 },
  { method: 'POST', path: '/api/tokens/revoke', scope: 'manage', body: { jti: 'none' } },
];

async function expectEach(
  server: TestServer,
  headers: HeaderFields,
  expected: (operation: Operation) => number,
  query = '',
): Promise<void> {
  for (const operation of operations) {
    const { status, body } = await perform(server, operation, headers, query);
    const allowed = expected(operation);
    const wanted = allowed === 200 ? (operation.status ?? 200) : allowed;
    assert.equal(status, wanted, `${operation.method} ${operation.path}: ${JSON.stringify(body)}`);
    if (status === 403) assert.match(body.error.message, new RegExp(`scope "${operation.scope}"`));
    if (status === 401) assert.equal(body.error.code, 'unauthorized');
  }
}

describe('where management is closed', () => {
  it('nobody gets in without credentials', async () => {
    await using server = await TestServer.start({ open: false });
    await expectEach(server, {}, () => 401);
    const { headers } = await server.get('/ws/stats');
    assert.equal(headers.get('www-authenticate'), 'Bearer');
  });

  for (const scope of ['publish', 'read', 'manage'] as const) {
    it(`the scope ${scope} lets in to its own operations`, async () => {
      await using server = await TestServer.start({ open: false });
      const may = (operation: Operation) => (scope === 'manage' || operation.scope === scope ? 200 : 403);
      await expectEach(server, server.key(scope), may);
      await expectEach(server, server.token('u1', { scope }), may);
      await expectEach(server, {}, may, `?api_key=${server.key(scope)['x-api-key']}`);
    });
  }

  it('a token without a scope does nothing', async () => {
    await using server = await TestServer.start({ open: false });
    await expectEach(server, server.token('u1'), () => 403);
    await expectEach(server, server.token('u1', { scope: 'openid broadcast' }), () => 403);
  });

  it('a token lends its user to a key’s scopes', async () => {
    await using server = await TestServer.start({ open: false });
    await expectEach(server, { ...server.token('u1'), ...server.key('manage') }, () => 200);
  });

  it('the channels of a token bound what its scope allows', async () => {
    await using server = await TestServer.start({ open: false });
    const headers = server.token('u1', {
      scope: 'publish read',
      channels: { publish: ['other'], history: ['news'] },
    });
    const publish = await server.post('/ws/send-to-channel', { channel: 'news', message }, headers);
    assert.equal(publish.status, 403);
    const other = await server.post('/ws/send-to-channel', { channel: 'other', message }, headers);
    assert.equal(other.status, 200);
    assert.equal((await server.get('/api/channels/news/messages', headers)).status, 200);
    assert.equal((await server.get('/api/channels/news/presence', headers)).status, 403);
    assert.equal((await server.get('/api/channels/other/messages', headers)).status, 403);
    const direct = await server.post('/ws/send-to-user', { user_id: 'u2', message }, headers);
    assert.equal(direct.status, 403);
    const notification = { title: 'T', content: 'C', user_id: 'u2' };
    assert.equal((await server.post('/sse/notification', notification, headers)).status, 403);
    const event = { channel: 'news', event: 'e', data: 1 };
    assert.equal((await server.post('/sse/send-to-channel', event, headers)).status, 403);
  });
});

describe('credentials that are right', () => {
  it('reach no log and no answer either', async () => {
    await using server = await TestServer.start({ open: false });
    const key = server.key('manage')['x-api-key'] ?? '';
    const { authorization = '' } = server.token('u1', { scope: 'manage', jti: 'id-of-the-token' });
    const token = authorization.replace('Bearer ', '');
    const answers = [];
    for (const operation of operations) {
      answers.push(await perform(server, operation, { 'x-api-key': key }));
      answers.push(await perform(server, operation, { authorization }));
      answers.push(await perform(server, operation, {}, `?api_key=${key}`));
      answers.push(await perform(server, operation, {}, `?token=${token}`));
    }
    assert.ok(answers.every(({ status }) => status === 200 || status === 404));
    const written = JSON.stringify([answers.map(({ text }) => text), server.logged]);
    for (const secret of [key, token, token.split('.')[2] ?? '']) assert.ok(!written.includes(secret));
  });
});

describe('requests of one connection', () => {
  it('are each judged by what they present', async () => {
    await using server = await TestServer.start({ open: false });
    const socket = new RawSocket(server.origin);
    const key = server.key('read')['x-api-key'] ?? '';
    const token = server.token('u1', { scope: 'read', jti: 'one' });
    const ask = async (headers: HeaderFields, path = '/ws/stats'): Promise<number> => {
      const lines = Object.entries({ host: 'localhost', ...headers }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      const before = socket.text.length;
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
      await socket.until((text) => /\r\n\r\n\{.*\}$/s.test(text.slice(before)));
      return Number(socket.text.slice(before).split(' ')[1]);
    };
    const good = { 'x-api-key': key };
    assert.equal(await ask(good), 200);
    assert.equal(await ask(good), 200);
    assert.equal(await ask({ 'x-api-key': `${key.slice(0, -1)}x` }), 401);
    assert.equal(await ask({}), 401);
    assert.equal(await ask({ ...good, authorization: 'Bearer a.b.c' }), 401);
    assert.equal(await ask(good, '/ws/stats?token='), 401);
    assert.equal(await ask(good, '/ws/stats?api_key=another'), 400);
    assert.equal(await ask(server.key('publish')), 403);
    assert.equal(await ask(good), 200);
    assert.equal(await ask({ ...good, ...token }), 200);
    assert.equal(await ask(token), 200);
    await server.parts.revocations.revoke({ kind: 'token', id: 'one' });
    assert.equal(await ask(token), 401);
    assert.equal(await ask({ ...good, ...token }), 401);
    assert.equal(await ask(good), 200);
    socket.close();
  });
});

describe('where management is open', () => {
  it('everybody may do everything', async () => {
    await using server = await TestServer.start();
    await expectEach(server, {}, () => 200);
    await expectEach(server, server.token('u1'), () => 200);
  });

  it('a key still has its own scopes only', async () => {
    await using server = await TestServer.start();
    await expectEach(server, server.key('read'), ({ scope }) => (scope === 'read' ? 200 : 403));
  });
});

describe('credentials that are presented and wrong', () => {
  for (const open of [true, false]) {
    it(`are refused, management being ${open ? 'open' : 'closed'}`, async () => {
      await using server = await TestServer.start({ open });
      await expectEach(server, { 'x-api-key': 'not-a-key-0123456789' }, () => 401);
      await expectEach(server, { authorization: 'Bearer a.b.c' }, () => 401);
      await expectEach(server, {}, () => 401, '?token=');
      const expired = server.token('u1', { exp: Math.floor(server.clock.now() / 1000) });
      await expectEach(server, expired, () => 401);
    });
  }

  it('come before the body, and never reach an answer or a log', async () => {
    await using server = await TestServer.start();
    const secret = 'wrong-key-0123456789';
    const answers = [
      await server.post('/ws/broadcast', '{', { 'x-api-key': secret }),
      await server.get(`/ws/stats?api_key=${secret}`),
      await server.get(`/nothing?token=${secret}`),
      await server.get(`/%zz?token=${secret}`),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401, 404, 400],
    );
    assert.ok(!JSON.stringify([answers, server.logged]).includes(secret));
  });

  it('are refused when they contradict each other', async () => {
    await using server = await TestServer.start();
    const answer = await server.get('/ws/stats?api_key=another', server.key('read'));
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, 'bad_request');
  });
});
