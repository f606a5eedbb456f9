import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat, enter, heard, open, relay, room, say } from '../support/doors.ts';
import { closes, refused, refusedCall } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';

/** Somebody who wants to use the private room: a query and a header with the credential, where there is one. */
interface Caller {
  readonly user?: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function caller(fw: TestServer, user?: string): Promise<Caller> {
  if (user === undefined) return { query: '', headers: {} };
  const token = await fw.token(user);
  return { user, query: `&token=${token}`, headers: { authorization: `Bearer ${token}` } };
}

/** A server with the private room `vip` of ann, whose member is bob, and a message in it. */
async function withRoom(env: Readonly<Record<string, string>> = {}): Promise<[TestServer, SocketClient]> {
  const fw = await testServer({ env });
  const ann = await open(fw, chat, '', { user: 'ann' });
  await ann.ask({ action: 'create', room: 'vip', private: true, members: ['bob'] }, { action: 'created' });
  await chat.settle(ann, 'vip');
  await say(chat, ann, 'vip', 'between us');
  return [fw, ann];
}

type Attempt = (fw: TestServer, by: Caller) => Promise<'allowed' | 'refused'>;

/** An HTTP call, refused with 403 `forbidden`. */
const http =
  (method: string, path: string, body?: unknown): Attempt =>
  async (fw, { headers }) => {
    const answer = await fw.call(method, path, body, headers);
    if (answer.status === 200) return 'allowed';
    refusedCall(answer, 403, 'forbidden');
    return 'refused';
  };

/** A connection, refused with 403 `forbidden`. */
const connection =
  (connect: (fw: TestServer, by: Caller) => Promise<unknown>): Attempt =>
  async (fw, by) => {
    const opening = connect(fw, by);
    const opened = await opening.then(
      () => true,
      () => false,
    );
    if (!opened) await refused(opening, 403, 'forbidden');
    return opened ? 'allowed' : 'refused';
  };

/** A frame of the channel dialect. */
const native =
  (action: string, data: object): Attempt =>
  async (fw, { query }) => {
    const client = await fw.socket(`/ws/connect?${query}`);
    const { type, content } = await client.ask({ action, data, request_id: 'r' }, { request_id: 'r' });
    if (type === 'error') assert.equal(content.type, 'forbidden');
    return type === 'error' ? 'refused' : 'allowed';
  };

/** A frame of the chat dialect, after joining where that is possible. */
const chatting =
  (frame: object, code: string): Attempt =>
  async (fw, { query }) => {
    const client = await fw.socket(`/?${query}`);
    client.send({ action: 'join', room: 'vip' });
    await client.next();
    client.send({ room: 'vip', ...frame });
    const answer = await client.next();
    if (answer.action === 'error') assert.equal(answer.code, code);
    return answer.action === 'error' ? 'refused' : 'allowed';
  };

const message = { channel: 'vip', message: { content: 'hi' } };

const attempts: [string, Attempt][] = [
  ['relay: the URL', connection((fw, { query }) => fw.socket(`/ws?room=vip&client_id=c${query}`))],
  [
    'relay: join',
    async (fw, { query }) => {
      const client = await fw.socket(`/ws?room=lobby&client_id=c${query}`);
      client.send({ type: 'join', payload: { room: 'vip' } });
      const { type, payload } = await client.next();
      if (type === 'error') assert.equal(payload.code, 'forbidden');
      return type === 'error' ? 'refused' : 'allowed';
    },
  ],
  ['channel: subscribe', native('subscribe', { channel: 'vip' })],
  [
    'channel: subscribe with a position',
    native('subscribe', { channel: 'vip', position: { epoch: 'x', offset: 0 } }),
  ],
  ['channel: send_to_channel', native('send_to_channel', { channel: 'vip', content: 'hi' })],
  ['channel: message', native('message', { channel: 'vip', content: 'hi' })],
  ['channel: history', native('history', { channel: 'vip' })],
  ['channel: presence', native('presence', { channel: 'vip' })],
  ['chat: join', chatting({ action: 'join' }, 'forbidden')],
  ['chat: message', chatting({ action: 'message', text: 'hi' }, 'not_subscribed')],
  ['chat: history', chatting({ action: 'history' }, 'forbidden')],
  ['chat: members', chatting({ action: 'members' }, 'forbidden')],
  ['events: the URL', connection((fw, { headers }) => fw.stream('/sse/connect?channels=lobby,vip', headers))],
  [
    'events: a change of the channels',
    async (fw, by) => {
      const stream = await fw.stream('/sse/connect', by.headers);
      const { data } = await stream.next('connected');
      return http('POST', `/sse/connections/${data.content.connection_id}/channels`, { subscribe: ['vip'] })(
        fw,
        by,
      );
    },
  ],
  ['POST /ws/send-to-channel', http('POST', '/ws/send-to-channel', message)],
  [
    'POST /sse/send-to-channel',
    http('POST', '/sse/send-to-channel', { channel: 'vip', event: 'e', data: {} }),
  ],
  ['GET /api/channels/{channel}/messages', http('GET', '/api/channels/vip/messages')],
  ['GET /api/channels/{channel}/presence', http('GET', '/api/channels/vip/presence')],
];

describe('private rooms refuse everybody but their members, everywhere', () => {
  for (const [where, attempt] of attempts) {
    it(`${where}: strangers and guests are refused, members are not`, async () => {
      const [fw, ann] = await withRoom();
      await using _ = fw;
      assert.equal(await attempt(fw, await caller(fw)), 'refused', 'anonymous');
      assert.equal(await attempt(fw, await caller(fw, 'eve')), 'refused', 'a stranger');
      assert.deepEqual(
        (await heard(chat, ann)).filter(({ action }) => action === 'message'),
        [],
      );
      assert.equal(await attempt(fw, await caller(fw, 'bob')), 'allowed', 'a member');
    });
  }

  it('room: the URL: strangers are refused, members are not', async () => {
    const [fw] = await withRoom();
    await using _ = fw;
    await refused(open(fw, room, 'vip', { user: 'eve' }), 403, 'forbidden');
    await refused(open(fw, room, 'vip', { user: 'ANN' }), 403, 'forbidden');
    await enter(fw, room, 'vip', { user: 'bob' });
  });

  it('a guest who claims a member’s name is a guest', async () => {
    const [fw] = await withRoom();
    await using _ = fw;
    const claimed = await fw.socket('/?name=bob');
    assert.equal((await claimed.ask({ action: 'join', room: 'vip' }, {})).code, 'forbidden');
    const named = await fw.socket('/ws?room=lobby&client_id=bob');
    const { payload } = await named.ask({ type: 'join', payload: { room: 'vip' } }, {});
    assert.equal(payload.code, 'forbidden');
  });

  it('a member’s token that does not cover the room is refused too', async () => {
    const [fw] = await withRoom();
    await using _ = fw;
    const token = { channels: ['lobby'] };
    await refused(open(fw, room, 'vip', { user: 'bob', token }), 403, 'forbidden');
    await refused(open(fw, relay, 'vip', { user: 'bob', token }), 403, 'forbidden');
  });

  it('an API key without the scope manage is refused, one with it is not', async () => {
    const keys = {
      publish: 'publish-key-0123456',
      read: 'read-key-0123456789',
      manage: 'manage-key-01234567',
    };
    const env = {
      WS_API_KEYS: Object.entries(keys)
        .map(([scope, key]) => `${scope}:${scope}:${key}`)
        .join(','),
    };
    const [fw] = await withRoom(env);
    await using _ = fw;
    const send = (key: string) => fw.call('POST', '/ws/send-to-channel', message, { 'x-api-key': key });
    const read = (key: string) =>
      fw.call('GET', '/api/channels/vip/messages', undefined, { 'x-api-key': key });
    refusedCall(await send(keys.publish), 403, 'forbidden');
    refusedCall(await read(keys.read), 403, 'forbidden');
    await refused(fw.socket(`/ws?room=vip&client_id=c&api_key=${keys.read}`), 403, 'forbidden');
    assert.equal((await send(keys.manage)).status, 200);
    assert.equal((await read(keys.manage)).status, 200);
  });

  it('what is said in a private room reaches its members in every dialect, and nobody else', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const outside = [await enter(fw, chat, 'lobby', { user: 'eve' }), await enter(fw, chat, 'lobby')];
    const bob = await caller(fw, 'bob');
    const inRoom = await enter(fw, room, 'vip', { user: 'bob' });
    const inRelay = await enter(fw, relay, 'vip', { user: 'bob' });
    const stream = await fw.stream('/sse/connect?channels=vip', bob.headers);
    await say(chat, ann, 'vip', 'news');
    await inRoom.next(room.delivery('vip', 'news'));
    await inRelay.next(relay.delivery('vip', 'news'));
    await stream.next('message', { channel: 'vip', content: 'news' });
    for (const client of outside) {
      const said = (await heard(chat, client)).filter(({ action }) => action === 'message');
      assert.deepEqual(said, []);
    }
  });
});

describe('a kicked user is unsubscribed at once, everywhere', () => {
  const kick = (ann: SocketClient) =>
    ann.ask({ action: 'kick', room: 'vip', user: 'bob' }, { action: 'kicked', user: 'bob' });

  it('relay: the connection whose URL names the room is closed with 4403', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const bob = await enter(fw, relay, 'vip', { user: 'bob' });
    await kick(ann);
    await closes(bob, 4403);
  });

  it('relay: a joined room is left', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const bob = await enter(fw, relay, 'lobby', { user: 'bob' });
    await bob.ask({ type: 'join', payload: { room: 'vip' } }, { type: 'joined' });
    await kick(ann);
    assert.deepEqual(await bob.next(), { type: 'left', payload: { room: 'vip' } });
    await say(chat, ann, 'vip', 'without bob');
    assert.deepEqual(await heard(relay, bob), []);
    await say(relay, bob, 'lobby', 'still here');
  });

  it('room: the connection is closed with 4403, every tab of it, and cannot come back', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const tabs = [
      await enter(fw, room, 'vip', { user: 'bob' }),
      await enter(fw, room, 'vip', { user: 'bob' }),
    ];
    const elsewhere = await enter(fw, room, 'lobby', { user: 'bob' });
    await kick(ann);
    for (const tab of tabs) await closes(tab, 4403);
    await say(room, elsewhere, 'lobby', 'still here');
    await refused(open(fw, room, 'vip', { user: 'bob' }), 403, 'forbidden');
  });

  it('channel: unsubscribed comes by itself', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const bob = await fw.socket(`/ws/connect?token=${await fw.token('bob')}`);
    await bob.ask({ action: 'subscribe', data: { channel: 'vip' } }, { type: 'subscribed' });
    await kick(ann);
    const { content } = await bob.next({ type: 'unsubscribed', channel: 'vip' });
    assert.deepEqual(content, { reason: 'permission lost' });
    await say(chat, ann, 'vip', 'without bob');
    await bob.ask({ action: 'ping' }, { type: 'pong' });
    assert.deepEqual(
      bob.inbox.all.filter((frame) => frame.content === 'without bob'),
      [],
    );
  });

  it('chat: kicked comes on every connection that is in the room, and on no other', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const tabs = [
      await enter(fw, chat, 'vip', { user: 'bob' }),
      await enter(fw, chat, 'vip', { user: 'bob' }),
    ];
    const elsewhere = await enter(fw, chat, 'lobby', { user: 'bob' });
    await kick(ann);
    for (const tab of tabs)
      assert.deepEqual(await tab.next(), { action: 'kicked', room: 'vip', user: 'bob' });
    await say(chat, ann, 'vip', 'without bob');
    for (const client of [...tabs, elsewhere]) assert.deepEqual(await heard(chat, client), []);
  });

  it('events: unsubscribed comes, and no message more', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    const { headers } = await caller(fw, 'bob');
    const stream = await fw.stream('/sse/connect?channels=lobby,vip', headers);
    await kick(ann);
    const { data } = await stream.next('unsubscribed');
    assert.deepEqual([data.channel, data.content], ['vip', { reason: 'permission lost' }]);
    await say(chat, ann, 'vip', 'without bob');
    await say(chat, await enter(fw, chat, 'lobby'), 'lobby', 'after');
    await stream.next('message', { content: 'after' });
    assert.ok(!stream.text.includes('without bob'));
  });

  it('presence: it is in the room no longer', async () => {
    const [fw, ann] = await withRoom();
    await using _ = fw;
    await enter(fw, chat, 'vip', { user: 'bob' });
    await enter(fw, relay, 'lobby', { user: 'bob' }).then((bob) =>
      bob.ask({ type: 'join', payload: { room: 'vip' } }, { type: 'joined' }),
    );
    await kick(ann);
    const { users } = await ann.ask({ action: 'members', room: 'vip' }, { action: 'members' });
    assert.deepEqual(users, ['ann']);
  });

  it('a relay place of a kicked user is free again', async () => {
    const [fw, ann] = await withRoom({ MAX_CONNECTIONS_PER_ROOM: '1' });
    await using _ = fw;
    await enter(fw, relay, 'vip', { user: 'bob' });
    await refused(open(fw, relay, 'vip', { user: 'ann' }), 503, 'room_full');
    await kick(ann);
    await enter(fw, relay, 'vip', { user: 'ann' });
  });
});
