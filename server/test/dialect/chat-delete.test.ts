import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat, open, relay, room, say } from '../support/doors.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';
import type { SocketClient } from '../support/socket-client.ts';

/** The room `vip` of ann, with bob as a member and a message in it; both are there. */
async function withRoom(fw: TestServer, isPrivate = true): Promise<[ann: SocketClient, bob: SocketClient]> {
  const ann = await open(fw, chat, '', { user: 'ann' });
  await ann.ask(
    { action: 'create', room: 'vip', private: isPrivate, members: ['bob'] },
    { action: 'created' },
  );
  const bob = await open(fw, chat, '', { user: 'bob' });
  for (const client of [ann, bob]) await chat.settle(client, 'vip');
  await say(chat, ann, 'vip', 'between us');
  return [ann, bob];
}

const order = { action: 'delete', room: 'vip' };

/** A guest comes: what it is given of the history. */
async function historyOf(fw: TestServer): Promise<string[]> {
  const guest = await open(fw, chat, '');
  const { history } = await guest.ask({ action: 'join', room: 'vip' }, { action: 'joined' });
  return history.map(({ text }: { text: string }) => text);
}

describe('the room that its owner deletes', () => {
  it('is left by everybody, in every dialect, and they are told', async () => {
    await using fw = await testServer();
    const [ann, bob] = await withRoom(fw);
    const token = await fw.token('bob');
    const native = await fw.socket(`/ws/connect?token=${token}`);
    await native.ask({ action: 'subscribe', data: { channel: 'vip' } }, { type: 'subscribed' });
    const stream = await fw.stream(`/sse/connect?channels=vip&token=${token}`);
    const roomClient = await open(fw, room, 'vip', { user: 'bob' });
    const relayClient = await open(fw, relay, 'vip', { user: 'bob' });
    assert.deepEqual(await ann.ask(order, { action: 'deleted' }), { action: 'deleted', room: 'vip' });
    assert.deepEqual(await bob.next({ action: 'deleted' }), { action: 'deleted', room: 'vip' });
    const { content } = await native.next({ type: 'unsubscribed', channel: 'vip' });
    assert.deepEqual(content, { reason: 'room deleted' });
    await stream.next('unsubscribed');
    assert.equal((await roomClient.closed).code, 4403);
    assert.equal((await relayClient.closed).code, 4403);
    const { code } = await bob.ask({ action: 'message', room: 'vip', text: 'hi' }, { action: 'error' });
    assert.equal(code, 'not_subscribed');
    await ann.ask({ action: 'rooms' }, { action: 'rooms', rooms: [] });
    assert.equal(ann.inbox.all.filter(({ action }) => action === 'deleted').length, 1, 'answered once');
  });

  it('leaves nothing of what was said in private to who comes after, nor to who restarts the server', async () => {
    using directory = new Directory();
    {
      await using fw = await testServer({ directory: directory.path });
      const [ann] = await withRoom(fw);
      await ann.ask(order, { action: 'deleted' });
      assert.deepEqual(await historyOf(fw), []);
    }
    await using fw = await testServer({ directory: directory.path });
    assert.deepEqual(await historyOf(fw), []);
    const { status, body } = await fw.call('GET', '/api/channels/vip/messages');
    assert.equal(status, 200);
    assert.ok(!JSON.stringify(body).includes('between us'));
  });

  it('keeps its history when it was public', async () => {
    await using fw = await testServer();
    const [ann] = await withRoom(fw, false);
    await ann.ask(order, { action: 'deleted' });
    assert.deepEqual(await historyOf(fw), ['between us']);
  });

  it('is nobody else’s to delete', async () => {
    await using fw = await testServer();
    const [ann, bob] = await withRoom(fw);
    const guest = await open(fw, chat, '');
    for (const client of [bob, guest]) {
      for (const name of ['vip', 'no such room']) {
        const { code } = await client.ask({ action: 'delete', room: name }, { action: 'error' });
        assert.equal(code, 'forbidden');
      }
    }
    await say(chat, ann, 'vip', 'still here');
  });
});

describe('DELETE /api/rooms/{channel}', () => {
  it('deletes a room of anybody, once', async () => {
    await using fw = await testServer({ env: { WS_API_KEYS: 'ops:manage:a-key-of-the-tests' } });
    const [, bob] = await withRoom(fw);
    const remove = (headers: Record<string, string>) =>
      fw.call('DELETE', '/api/rooms/vip', undefined, headers);
    assert.equal((await remove({})).status, 401);
    const key = { 'x-api-key': 'a-key-of-the-tests' };
    const { status, body } = await remove(key);
    assert.deepEqual([status, body], [200, { ok: true }]);
    await bob.next({ action: 'deleted' });
    const again = await remove(key);
    assert.deepEqual([again.status, again.body.error.code], [404, 'not_found']);
  });
});

describe('how many rooms and members there may be', () => {
  const env = { MAX_ROOMS_PER_USER: '2', MAX_MEMBERS_PER_ROOM: '3' };
  const create = (name: string) => ({ action: 'create', room: name, private: true });

  it('one user owns two rooms, and another one when one is deleted', async () => {
    await using fw = await testServer({ env });
    const ann = await open(fw, chat, '', { user: 'ann' });
    for (const name of ['a', 'b']) await ann.ask(create(name), { action: 'created' });
    const { code, message } = await ann.ask(create('c'), { action: 'error' });
    assert.equal(code, 'limit_reached');
    assert.match(message, /delete one first/);
    const bob = await open(fw, chat, '', { user: 'bob' });
    await bob.ask(create('d'), { action: 'created' });
    await ann.ask({ action: 'delete', room: 'a' }, { action: 'deleted' });
    await ann.ask(create('c'), { action: 'created' });
  });

  it('no more than two when many are created at the same time', async () => {
    await using fw = await testServer({ env });
    const clients = await Promise.all(Array.from({ length: 10 }, () => open(fw, chat, '', { user: 'ann' })));
    const answers = await Promise.all(
      clients.map((client, n) => {
        client.send(create(`room ${n}`));
        return client.next();
      }),
    );
    const created = answers.filter(({ action }) => action === 'created').length;
    // Of what is created in the same moment each worker counts its own.
    assert.ok(created <= 2 * Number(process.env.TEST_WORKERS ?? 1), `${created}`);
  });

  it('a room has three members, a public room too', async () => {
    await using fw = await testServer({ env });
    const ann = await open(fw, chat, '', { user: 'ann' });
    const big = { action: 'create', room: 'big', private: false, members: ['b', 'c', 'd'] };
    assert.equal((await ann.ask(big, { action: 'error' })).code, 'limit_reached');
    await ann.ask({ ...big, members: ['b'] }, { action: 'created' });
    const invite = (user: string) => ({ action: 'invite', room: 'big', user });
    for (const _ of ['once', 'again']) await ann.ask(invite('c'), { action: 'invited' });
    assert.equal((await ann.ask(invite('d'), { action: 'error' })).code, 'limit_reached');
    await ann.ask({ action: 'kick', room: 'big', user: 'b' }, { action: 'kicked' });
    await ann.ask(invite('d'), { action: 'invited' });
  });
});
