import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HeaderFields, TestServer } from './kit.ts';
import { type Operation, perform } from './operations.ts';

const message = { content: 1 };

describe('a private room', () => {
  const inRoom: readonly Operation[] = [
    { method: 'POST', path: '/ws/send-to-channel', scope: 'publish', body: { channel: 'vip', message } },
    {
      method: 'POST',
      path: '/sse/send-to-channel',
      scope: 'publish',
      body: { channel: 'vip', event: 'e', data: 1 },
    },
    {
      method: 'POST',
      path: '/sse/notification',
      scope: 'publish',
      body: { title: 'T', content: 'C', channel: 'vip' },
    },
    { method: 'POST', path: '/api/publish', scope: 'publish', body: { channel: 'vip', data: 1 } },
    { method: 'GET', path: '/api/channels/vip', scope: 'read' },
    { method: 'GET', path: '/api/stats/activity?channel=vip', scope: 'read' },
    { method: 'GET', path: '/api/channels/vip/messages', scope: 'read' },
    { method: 'GET', path: '/api/channels/vip/presence', scope: 'read' },
    { method: 'GET', path: '/ws/connections?channel=vip', scope: 'read' },
  ];

  it('refuses all but its members and managers', async () => {
    for (const open of [true, false]) {
      await using server = await TestServer.start({ open });
      await server.privateRoom('vip', 'owner', ['member']);
      const scope = 'publish read';
      const cases: readonly (readonly [HeaderFields, number])[] = [
        [{}, open ? 403 : 401],
        [server.token('stranger', { scope }), 403],
        [server.token('owner', { scope }), 200],
        [server.token('member', { scope }), 200],
        [server.token('member'), open ? 200 : 403],
        [server.key('manage'), 200],
      ];
      for (const operation of inRoom) {
        for (const [headers, status] of cases) {
          const answer = await perform(server, operation, headers);
          assert.equal(answer.status, status, `${operation.path} ${JSON.stringify(answer.body)}`);
          if (status === 403) assert.equal(answer.body.error.code, 'forbidden');
        }
        const lesser = operation.scope === 'read' ? 'read' : 'publish';
        assert.equal((await perform(server, operation, server.key(lesser))).status, 403);
      }
    }
  });

  it('is not named in the list of connections to those who may not see it', async () => {
    await using server = await TestServer.start();
    await server.privateRoom('vip', 'owner');
    await server.connect({ user: 'owner', channels: ['vip', 'news'] });
    const channelsFor = async (headers: HeaderFields) => {
      const { body } = await server.get('/ws/connections', headers);
      return body.connections[0].channels;
    };
    assert.deepEqual(await channelsFor({}), ['news']);
    assert.deepEqual(await channelsFor(server.token('stranger')), ['news']);
    assert.deepEqual(await channelsFor(server.key('read')), ['news']);
    assert.deepEqual(await channelsFor(server.token('owner')), ['vip', 'news']);
    assert.deepEqual(await channelsFor(server.key('manage')), ['vip', 'news']);
  });
});
