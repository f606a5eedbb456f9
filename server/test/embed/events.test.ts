import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionInfo, Ending, PublishedMessage } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { type Embedded, embedded } from '../support/embedded.ts';
import { Inbox } from '../support/inbox.ts';
import { closes, refused } from '../support/refusals.ts';

interface Watched {
  readonly connects: Inbox<ConnectionInfo>;
  readonly ends: Inbox<{ readonly connection: ConnectionInfo; readonly ending: Ending }>;
  /** `+<connection> <channel>` and `-<connection> <channel>`. */
  readonly subscriptions: Inbox<string>;
  readonly messages: Inbox<PublishedMessage>;
}

/** Keeps every event of the server from now on. */
function watch({ fanwire }: Embedded): Watched {
  const watched: Watched = {
    connects: new Inbox('connect'),
    ends: new Inbox('disconnect'),
    subscriptions: new Inbox('subscribe'),
    messages: new Inbox('message'),
  };
  fanwire
    .on('connect', (connection) => watched.connects.put(connection))
    .on('disconnect', (connection, ending) => watched.ends.put({ connection, ending }))
    .on('subscribe', ({ id }, channel) => watched.subscriptions.put(`+${id} ${channel}`))
    .on('unsubscribe', ({ id }, channel) => watched.subscriptions.put(`-${id} ${channel}`))
    .on('message', (message) => watched.messages.put(message));
  return watched;
}

describe('connect', () => {
  it('tells of whoever is let in, in every dialect', async () => {
    await using fw = await embedded();
    const { connects } = watch(fw);
    const before = Date.now();
    await enter(fw, relay, 'lobby');
    await enter(fw, room, 'lobby', { user: 'u1' });
    await enter(fw, chat, 'lobby', { query: 'name=ann' });
    const native = await ChannelClient.open(fw, { user: 'u2' });
    await fw.stream('/sse/connect');
    await connects.until(() => connects.all.length === 5);
    const { id, connectedAt, remoteAddress } = connects.all[3] ?? assert.fail();
    assert.equal(id, native.id);
    assert.equal(remoteAddress, '127.0.0.1');
    assert.ok(connectedAt >= before && connectedAt <= Date.now());
    assert.deepEqual(
      connects.all.map(({ user, dialect, transport }) => [user, dialect, transport]),
      [
        [null, 'relay', 'websocket'],
        ['u1', 'room', 'websocket'],
        ['ann', 'chat', 'websocket'],
        ['u2', 'channel', 'websocket'],
        [null, 'events', 'sse'],
      ],
    );
    assert.deepEqual(Object.keys(connects.all[0] ?? {}).sort(), [
      'connectedAt',
      'dialect',
      'id',
      'remoteAddress',
      'transport',
      'user',
    ]);
  });

  it('tells nothing of whoever is refused', async () => {
    await using fw = await embedded({ limits: { connections: 1 } });
    const { connects, ends } = watch(fw);
    await refused(fw.socket('/ws/connect?token=nonsense'), 401, 'unauthorized');
    const client = await ChannelClient.open(fw);
    await refused(fw.socket('/ws/connect'), 503, 'server_full');
    client.close();
    await ends.next();
    assert.deepEqual([connects.all.length, ends.all.length], [1, 1]);
  });
});

describe('disconnect', () => {
  it('tells the code that the client gave', async () => {
    await using fw = await embedded();
    const { ends } = watch(fw);
    const client = await ChannelClient.open(fw, { user: 'u1' });
    client.socket.ws.close(4321, 'a secret of the client');
    const { connection, ending } = await ends.next();
    assert.deepEqual([connection.id, connection.user], [client.id, 'u1']);
    assert.deepEqual(ending, { code: 4321, by: 'client' });
  });

  it('tells 1005 without a code, 1006 for a link that broke, and 1005 for a stream', async () => {
    await using fw = await embedded();
    const { ends } = watch(fw);
    (await ChannelClient.open(fw)).socket.ws.close();
    assert.deepEqual((await ends.next()).ending, { code: 1005, by: 'client' });
    (await ChannelClient.open(fw)).close();
    assert.deepEqual((await ends.next()).ending, { code: 1006, by: 'client' });
    const stream = await fw.stream('/sse/connect');
    await stream.next('connected');
    stream.close();
    assert.deepEqual((await ends.next()).ending, { code: 1005, by: 'client' });
  });

  it('tells the code that the server gave, and why', async () => {
    await using fw = await embedded();
    const { ends } = watch(fw);
    const kicked = await ChannelClient.open(fw, { user: 'u1' });
    await fw.fanwire.disconnectUser('u1');
    assert.deepEqual((await ends.next()).ending, {
      code: 4410,
      by: 'server',
      reason: 'closed by an administrator',
    });
    await closes(kicked.socket, 4410);
    const binary = await ChannelClient.open(fw);
    binary.socket.ws.send(Buffer.from([1]));
    assert.deepEqual([(await ends.next()).ending.code, binary.id], [1003, ends.all[1]?.connection.id]);
    const broken = await ChannelClient.open(fw);
    for (let frames = 0; frames < 20; frames++) broken.socket.send('nonsense');
    assert.equal((await ends.next()).ending.code, 4400);
  });

  it('tells 1012 of everybody when the server is closed, once', async () => {
    await using fw = await embedded();
    const { ends, connects } = watch(fw);
    await ChannelClient.open(fw);
    await enter(fw, relay, 'lobby');
    const stream = await fw.stream('/sse/connect');
    await stream.next('connected');
    await fw.fanwire.close();
    assert.deepEqual(
      ends.all.map(({ ending }) => [ending.code, ending.by]),
      Array.from({ length: 3 }, () => [1012, 'server']),
    );
    assert.deepEqual(
      ends.all.map(({ connection }) => connection.id).sort(),
      connects.all.map(({ id }) => id).sort(),
    );
  });
});

describe('subscribe and unsubscribe', () => {
  it('tell of channels that are joined and left, but of none of the server’s own', async () => {
    await using fw = await embedded();
    const { subscriptions } = watch(fw);
    const client = await ChannelClient.open(fw, { user: 'u1' });
    await client.subscribe('$all');
    await client.subscribe('$user:u1');
    await client.subscribe('news');
    await client.subscribe('news');
    await client.ask('unsubscribe', { channel: 'news' });
    assert.deepEqual(subscriptions.all, [`+${client.id} news`, `-${client.id} news`]);
  });

  it('tell of rooms that are joined by the address', async () => {
    await using fw = await embedded();
    const { subscriptions, connects } = watch(fw);
    await enter(fw, relay, 'lobby');
    await enter(fw, room, 'lobby', { user: 'u1' });
    await enter(fw, chat, 'lobby');
    await fw.stream('/sse/connect?channels=lobby,news');
    await subscriptions.until(() => subscriptions.all.length === 5);
    const ids = connects.all.map(({ id }) => id);
    assert.deepEqual(
      subscriptions.all.map((told) => told.slice(1)).sort(),
      [...ids.map((id) => `${id} lobby`), `${ids[3]} news`].sort(),
    );
  });

  it('tell of everything that is left by a connection that drops', async () => {
    await using fw = await embedded();
    const { subscriptions, ends } = watch(fw);
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.subscribe('alerts');
    client.close();
    await ends.next();
    assert.deepEqual(subscriptions.all, [
      `+${client.id} news`,
      `+${client.id} alerts`,
      `-${client.id} news`,
      `-${client.id} alerts`,
    ]);
  });

  it('tell nothing of a subscription that was refused', async () => {
    await using fw = await embedded({ limits: { channelsPerConnection: 1 } });
    const { subscriptions } = watch(fw);
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: ['news', 'more'] } });
    assert.equal(await client.refusal('subscribe', { channel: 'other' }), 'forbidden');
    await client.subscribe('news');
    assert.equal(await client.refusal('subscribe', { channel: 'more' }), 'limit_reached');
    assert.equal(await client.refusal('unsubscribe', { channel: 'more' }), 'not_subscribed');
    assert.deepEqual(subscriptions.all, [`+${client.id} news`]);
  });

  it('are told when the connection is live: what is published then arrives', async () => {
    await using fw = await embedded();
    fw.fanwire.on('subscribe', (_connection, channel) => void fw.fanwire.publish(channel, 'welcome'));
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.reached('news', 1);
    assert.deepEqual(client.contents('news'), ['welcome']);
  });
});

describe('message', () => {
  it('tells of what comes in by every way', async () => {
    await using fw = await embedded();
    const { messages } = watch(fw);
    const visit = { user: 'u1' };
    const told = async () => {
      const { channel, data, type, sender, persist, offset } = await messages.next();
      return [channel, data, type, sender?.user ?? null, persist, offset];
    };
    const frame = { type: 'message', payload: { text: 'relay' } };
    (await enter(fw, relay, 'lobby', visit)).send(frame);
    assert.deepEqual(await told(), ['lobby', { text: 'relay' }, 'text', 'u1', false, 1]);
    (await enter(fw, room, 'lobby', visit)).send(room.message('lobby', 'room'));
    assert.deepEqual(await told(), ['lobby', 'room', 'text', 'u1', true, 2]);
    (await enter(fw, chat, 'lobby', visit)).send(chat.message('lobby', 'chat'));
    assert.deepEqual(await told(), ['lobby', 'chat', 'text', 'u1', true, 3]);
    const native = await ChannelClient.open(fw, visit);
    await native.publish('lobby', [1], { type: 'note', persist: true });
    assert.deepEqual(await told(), ['lobby', [1], 'note', 'u1', true, 4]);
    native.send('send_to_user', { user_id: 'u2', content: 'direct' });
    assert.deepEqual(await told(), ['$user:u2', 'direct', 'direct', 'u1', false, 1]);
    native.send('message', { content: 'all' });
    assert.deepEqual(await told(), ['$all', 'all', 'broadcast', 'u1', false, 1]);
    await fw.call('POST', '/api/publish', { channel: 'news', data: { n: 1 } });
    assert.deepEqual(await told(), ['news', { n: 1 }, 'text', null, false, 1]);
    await fw.call('POST', '/sse/send-to-channel', { channel: 'news', event: 'price', data: null });
    assert.deepEqual(await told(), ['news', null, 'price', null, false, 2]);
    await fw.fanwire.publish('news', 'own', { persist: true });
    assert.deepEqual(await told(), ['news', 'own', 'text', null, true, 3]);
    await fw.fanwire.broadcast({ content: 'own' });
    assert.deepEqual(await told(), ['$all', 'own', 'broadcast', null, false, 2]);
  });

  it('tells everything of the message', async () => {
    await using fw = await embedded();
    const { messages } = watch(fw);
    const client = await ChannelClient.open(fw, { user: 'u1' });
    const { id, offset, epoch } = await client.publish('news', 'hello', { id: 'i1' });
    const { time, ...message } = await messages.next();
    assert.deepEqual(message, {
      channel: 'news',
      id,
      offset,
      epoch,
      type: 'text',
      data: 'hello',
      persist: false,
      sender: { user: 'u1', connection: client.id, client: null },
    });
    assert.ok(Math.abs(Date.now() - time) < 60_000);
  });

  it('tells of each message of a batch, in order', async () => {
    await using fw = await embedded();
    const { messages } = watch(fw);
    const items = [1, 2, 3].map((data) => ({ channel: 'news', data }));
    await fw.call('POST', '/api/batch', { messages: [...items, { channel: '' }] });
    assert.deepEqual(
      messages.all.map(({ data, offset }) => [data, offset]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    );
  });

  it('tells of a message before its publisher hears of it', async () => {
    await using fw = await embedded();
    const { messages } = watch(fw);
    await fw.fanwire.publish('news', 1);
    assert.equal(messages.all.length, 1);
  });

  it('tells nothing of retries, of refusals, and of the server’s own commands', async () => {
    await using fw = await embedded();
    const { messages } = watch(fw);
    await fw.fanwire.publish('news', 1, { id: 'i1' });
    await fw.fanwire.publish('news', 1, { id: 'i1' });
    await Promise.all([1, 2].map(() => fw.fanwire.publish('news', 2, { id: 'i2' })));
    await assert.rejects(fw.fanwire.publish('$all', 1));
    await fw.fanwire.disconnectUser('nobody');
    assert.deepEqual(
      messages.all.map(({ channel, id }) => [channel, id]),
      [
        ['news', 'i1'],
        ['news', 'i2'],
      ],
    );
  });
});

describe('a listener', () => {
  it('that throws is reported, and harms nobody', async () => {
    await using fw = await embedded();
    for (const event of ['connect', 'disconnect', 'subscribe', 'unsubscribe', 'message'] as const) {
      fw.fanwire.on(event, () => {
        throw new Error(`fault in ${event}`);
      });
    }
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await fw.fanwire.publish('news', 1);
    await fw.fanwire.publish('news', 2);
    await client.reached('news', 2);
    await client.ask('unsubscribe', { channel: 'news' });
    await fw.fanwire.close();
    await closes(client.socket, 1012);
    assert.deepEqual(fw.log.messages, [
      'fault in connect',
      'fault in subscribe',
      'fault in message',
      'fault in message',
      'fault in unsubscribe',
      'fault in disconnect',
    ]);
  });

  it('is not called any more after off', async () => {
    await using fw = await embedded();
    const heard: string[] = [];
    const first = () => heard.push('first');
    const second = () => heard.push('second');
    fw.fanwire.on('message', first).on('message', second);
    await fw.fanwire.publish('news', 1);
    assert.equal(fw.fanwire.off('message', first), fw.fanwire);
    await fw.fanwire.publish('news', 2);
    fw.fanwire.off('message', second).off('message', second);
    await fw.fanwire.publish('news', 3);
    assert.deepEqual(heard, ['first', 'second', 'second']);
  });

  it('cannot change what others get', async () => {
    await using fw = await embedded();
    fw.fanwire.on('message', ({ data }) => {
      (data as { n: number }).n = 2;
    });
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await fw.fanwire.publish('news', { n: 1 });
    await client.reached('news', 1);
    assert.deepEqual(client.contents('news'), [{ n: 1 }]);
  });

  it('may publish', async () => {
    await using fw = await embedded();
    fw.fanwire.on('message', ({ channel, data }) => {
      if (channel === 'in') void fw.fanwire.publish('out', data);
    });
    const client = await ChannelClient.open(fw);
    await client.subscribe('out');
    await fw.fanwire.publish('in', 'echo');
    await client.reached('out', 1);
    assert.deepEqual(client.contents('out'), ['echo']);
  });

  it('may end the connection that it hears of', async () => {
    await using fw = await embedded();
    fw.fanwire.on('connect', ({ user }) => {
      if (user === 'u1') void fw.fanwire.disconnectUser('u1');
    });
    const unwelcome = await fw.socket(`/ws/connect?token=${await fw.token('u1')}`);
    await closes(unwelcome, 4410);
    await (await ChannelClient.open(fw, { user: 'u2' })).settled();
    assert.deepEqual(fw.log.messages, []);
  });
});
