import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';

/** PROTOCOLS.md, section 3: every row of the table, each frame as a whole. Time stands still. */
const clock = new FakeClock();
const now = clock.now();

async function pair(fw: TestServer): Promise<[ChannelClient, ChannelClient]> {
  return [await ChannelClient.open(fw, { user: 'u1' }), await ChannelClient.open(fw, { user: 'u2' })];
}

describe('connected', () => {
  it('greets an anonymous connection', async () => {
    await using fw = await testServer({ clock });
    const { greeting } = await ChannelClient.open(fw);
    assert.match(greeting.content.connection_id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(greeting, {
      type: 'connected',
      content: {
        connection_id: greeting.content.connection_id,
        user_id: null,
        heartbeat_interval: 30,
        expires_at: null,
        protocol: 1,
      },
      timestamp: now,
    });
  });

  it('names the user of the token, and the heartbeat interval in seconds', async () => {
    await using fw = await testServer({ clock, env: { WEBSOCKET_HEARTBEAT_INTERVAL: '12.5' } });
    const { greeting } = await ChannelClient.open(fw, { user: 'u1' });
    assert.equal(greeting.content.user_id, 'u1');
    assert.equal(greeting.content.heartbeat_interval, 12.5);
  });

  it('gives every connection an id of its own', async () => {
    await using fw = await testServer({ clock });
    const [one, two] = await pair(fw);
    assert.notEqual(one.id, two.id);
  });
});

describe('ping', () => {
  it('is answered by pong', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    client.send('ping', undefined, 'r1');
    assert.deepEqual(await client.socket.next(), {
      type: 'pong',
      content: {},
      timestamp: now,
      request_id: 'r1',
    });
  });

  it('is answered without a request_id where it had none', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    client.send('ping');
    assert.deepEqual(await client.socket.next(), { type: 'pong', content: {}, timestamp: now });
  });
});

describe('pong', () => {
  it('is not answered, not even with a request_id', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    client.send('pong', {}, 'r1');
    await client.settled();
    assert.deepEqual(
      client.frames.map(({ type }) => type),
      ['connected', 'pong'],
    );
    assert.equal(client.frames[1].request_id, 'request-1');
  });
});

describe('subscribe', () => {
  it('is answered by subscribed with the position of an empty channel', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    const answer = await client.ask('subscribe', { channel: 'news' });
    assert.match(answer.content.epoch, /./);
    assert.deepEqual(answer, {
      type: 'subscribed',
      channel: 'news',
      content: { epoch: answer.content.epoch, offset: 0, replayed: 0 },
      timestamp: now,
      request_id: 'request-1',
    });
  });

  it('with a position says whether it was recovered, then replays, then is live', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    const { epoch } = await publisher.publish('news', 'one');
    await publisher.publish('news', 'two');
    assert.deepEqual(await client.subscribe('news', { position: { epoch, offset: 1 } }), {
      epoch,
      offset: 2,
      recovered: true,
      replayed: 1,
    });
    await publisher.publish('news', 'three');
    await client.reached('news', 3);
    assert.deepEqual(client.contents('news'), ['two', 'three']);
  });

  it('with a position that is gone names the gap', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    const { epoch } = await publisher.publish('news', 'one');
    const position = { epoch: `not ${epoch}`, offset: 1 };
    assert.deepEqual(await client.subscribe('news', { position }), {
      epoch,
      offset: 1,
      recovered: false,
      replayed: 1,
      gap: { from: 1, to: null },
    });
  });

  it('with history replays the last n kept messages', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await publisher.publishMany('news', 5);
    const { epoch, ...rest } = await client.subscribe('news', { history: 2 });
    assert.deepEqual(rest, { offset: 5, replayed: 2 });
    await client.reached('news', 5);
    assert.deepEqual(client.offsets('news'), [4, 5]);
  });

  it('without either replays the last 100 persisted messages', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await publisher.publishMany('news', 120, { persist: true });
    await publisher.publish('news', 'passing');
    const { epoch, ...rest } = await client.subscribe('news');
    assert.deepEqual(rest, { offset: 121, replayed: 100 });
    await client.reached('news', 120);
    assert.deepEqual(
      client.offsets('news'),
      Array.from({ length: 100 }, (_, index) => 21 + index),
    );
  });

  it('with history 0 replays nothing', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await publisher.publish('news', 'kept', { persist: true });
    assert.equal((await client.subscribe('news', { history: 0 })).replayed, 0);
    await client.settled();
    assert.deepEqual(client.messages('news'), []);
  });

  it('with history and position goes by the position', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await publisher.publishMany('news', 5);
    const { epoch } = await publisher.publish('news', 6);
    const answer = await client.subscribe('news', { history: 5, position: { epoch, offset: 4 } });
    assert.deepEqual([answer.recovered, answer.replayed], [true, 2]);
  });

  it('again replays nothing unasked, and what is asked for; messages still come once', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    const { epoch } = await publisher.publish('news', 'one', { persist: true });
    await publisher.publish('news', 'two');
    await client.subscribe('news');
    assert.deepEqual(await client.subscribe('news'), { epoch, offset: 2, replayed: 0 });
    await client.settled();
    assert.deepEqual(client.offsets('news'), [1]);
    await client.subscribe('news', { history: 1 });
    await client.subscribe('news', { position: { epoch, offset: 0 } });
    await publisher.publish('news', 'three');
    await client.reached('news', 3);
    assert.deepEqual(client.offsets('news'), [1, 2, 1, 2, 3]);
  });

  it('with presence hears of users who come and go', async () => {
    await using fw = await testServer({ clock });
    const [watcher, visitor] = await pair(fw);
    await watcher.subscribe('news', { presence: true });
    await visitor.subscribe('news');
    assert.deepEqual(await watcher.socket.next({ type: 'presence_join' }), {
      type: 'presence_join',
      channel: 'news',
      content: { user_id: 'u2', since: now, total: 2 },
      timestamp: now,
    });
    await visitor.ask('unsubscribe', { channel: 'news' });
    assert.deepEqual(await watcher.socket.next({ type: 'presence_leave' }), {
      type: 'presence_leave',
      channel: 'news',
      content: { user_id: 'u2', total: 1 },
      timestamp: now,
    });
  });
});

describe('unsubscribe', () => {
  it('is answered by unsubscribed, and nothing more of the channel arrives', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await client.subscribe('news');
    assert.deepEqual(await client.ask('unsubscribe', { channel: 'news' }), {
      type: 'unsubscribed',
      channel: 'news',
      content: {},
      timestamp: now,
      request_id: 'request-2',
    });
    await publisher.publish('news', 'unheard');
    await client.settled();
    assert.deepEqual(client.messages('news'), []);
  });

  it('of a channel that it is not in is not_subscribed', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    assert.equal(await client.refusal('unsubscribe', { channel: 'news' }), 'not_subscribed');
  });
});

describe('send_to_channel', () => {
  it('is delivered to subscribers and then acknowledged', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await publisher.subscribe('news');
    await client.subscribe('news');
    publisher.send('send_to_channel', { channel: 'news', content: 'hello' }, 'r1');
    const message = await publisher.socket.next();
    const { id, epoch } = message;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(message, {
      type: 'text',
      id,
      channel: 'news',
      content: 'hello',
      sender: { user_id: 'u1', connection_id: publisher.id },
      timestamp: now,
      offset: 1,
      epoch,
    });
    assert.deepEqual(await publisher.socket.next(), {
      type: 'ack',
      channel: 'news',
      content: { id, channel: 'news', offset: 1, epoch, duplicate: false },
      timestamp: now,
      request_id: 'r1',
    });
    assert.deepEqual(await client.socket.next(), message);
  });

  it('needs no subscription', async () => {
    await using fw = await testServer({ clock });
    const [publisher, client] = await pair(fw);
    await client.subscribe('news');
    assert.equal((await publisher.publish('news', 'hello')).offset, 1);
    assert.equal((await client.socket.next({ channel: 'news', content: 'hello' })).type, 'text');
    assert.deepEqual(publisher.messages('news'), []);
  });

  it('is acknowledged without a request_id too', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    client.send('send_to_channel', { channel: 'news', content: 'hello', id: 'mine' });
    const { content, ...rest } = await client.socket.next();
    assert.deepEqual(rest, { type: 'ack', channel: 'news', timestamp: now });
    assert.equal(content.id, 'mine');
  });

  it('has any type that the publisher chooses', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    for (const type of ['text', 'notification', 'price', 'toString', '__proto__', 'x'.repeat(64)]) {
      await client.publish('news', 1, { type });
      assert.equal(client.messages('news').at(-1).type, type);
    }
  });
});

describe('send_to_user', () => {
  it('reaches every connection of the user, on its own channel, and nobody else', async () => {
    await using fw = await testServer({ clock });
    const sender = await ChannelClient.open(fw, { user: 'u1' });
    const tabs = [await ChannelClient.open(fw, { user: 'u2' }), await ChannelClient.open(fw, { user: 'u2' })];
    const stranger = await ChannelClient.open(fw);
    const answer = await sender.ask('send_to_user', { user_id: 'u2', content: 'psst' });
    const { id, epoch } = answer.content;
    assert.deepEqual(answer, {
      type: 'ack',
      channel: '$user:u2',
      content: { id, channel: '$user:u2', offset: 1, epoch, duplicate: false },
      timestamp: now,
      request_id: 'request-1',
    });
    for (const tab of tabs) {
      assert.deepEqual(await tab.socket.next(), {
        type: 'direct',
        id,
        channel: '$user:u2',
        content: 'psst',
        sender: { user_id: 'u1', connection_id: sender.id },
        timestamp: now,
        offset: 1,
        epoch,
      });
    }
    await Promise.all([sender.settled(), stranger.settled()]);
    assert.deepEqual(sender.messages('$user:u2'), []);
    assert.deepEqual(stranger.messages('$user:u2'), []);
  });

  it('to oneself arrives before its ack', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1' });
    await client.ask('send_to_user', { user_id: 'u1', content: 'note' });
    assert.deepEqual(
      client.frames.map(({ type }) => type),
      ['connected', 'direct', 'ack'],
    );
  });

  it('takes a type', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1' });
    await client.ask('send_to_user', { user_id: 'u1', content: 'note', type: 'memo' });
    assert.equal(client.messages('$user:u1')[0].type, 'memo');
  });
});

describe('message', () => {
  it('without a channel reaches everyone, the sender included', async () => {
    await using fw = await testServer({ clock });
    const sender = await ChannelClient.open(fw);
    const others = [await ChannelClient.open(fw, { user: 'u1' }), await ChannelClient.open(fw)];
    const answer = await sender.ask('message', { content: { all: true } });
    const { id, epoch } = answer.content;
    assert.deepEqual(answer, {
      type: 'ack',
      channel: '$all',
      content: { id, channel: '$all', offset: 1, epoch, duplicate: false },
      timestamp: now,
      request_id: 'request-1',
    });
    for (const client of [sender, ...others]) {
      await client.reached('$all', 1);
      assert.deepEqual(client.messages('$all'), [
        {
          type: 'broadcast',
          id,
          channel: '$all',
          content: { all: true },
          sender: { user_id: null, connection_id: sender.id },
          timestamp: now,
          offset: 1,
          epoch,
        },
      ]);
    }
  });

  it('with a channel is send_to_channel', async () => {
    await using fw = await testServer({ clock });
    const [sender, other] = await pair(fw);
    await sender.subscribe('news');
    const { content } = await sender.ask('message', { content: 'hi', channel: 'news' });
    assert.equal(content.channel, 'news');
    assert.equal(sender.messages('news')[0].type, 'text');
    await other.settled();
    assert.deepEqual(other.messages('$all'), []);
  });

  it('with channel null is to everyone', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    assert.equal((await client.ask('message', { content: 'hi', channel: null })).channel, '$all');
  });
});

describe('history', () => {
  it('is answered by messages as they were delivered, oldest first', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.publishMany('news', 3);
    const answer = await client.ask('history', { channel: 'news', limit: 2 });
    const [, ...last] = client.messages('news');
    assert.deepEqual(answer, {
      type: 'history',
      channel: 'news',
      content: { messages: last, epoch: last[0].epoch, offset: 3, more: true },
      timestamp: now,
      request_id: answer.request_id,
    });
  });

  it('of an empty channel is an empty page', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    const { content } = await client.ask('history', { channel: 'nothing' });
    assert.deepEqual(content, { messages: [], epoch: content.epoch, offset: 0, more: false });
  });
});

describe('presence', () => {
  it('is answered by the users with their connections and since when', async () => {
    await using fw = await testServer({ clock });
    const [one, two] = await pair(fw);
    const again = await ChannelClient.open(fw, { user: 'u2' });
    for (const client of [one, two, again]) await client.subscribe('news');
    assert.deepEqual(await one.ask('presence', { channel: 'news' }), {
      type: 'presence',
      channel: 'news',
      content: {
        users: [
          { user_id: 'u1', connections: 1, since: now },
          { user_id: 'u2', connections: 2, since: now },
        ],
        total: 2,
      },
      timestamp: now,
      request_id: 'request-2',
    });
  });
});

describe('refresh', () => {
  it('is answered by refreshed with the new expiry', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 60 } });
    const token = await fw.token('u1', { ttlSeconds: 120 });
    assert.deepEqual(await client.ask('refresh', { token }), {
      type: 'refreshed',
      content: { expires_at: now + 120_000 },
      timestamp: now,
      request_id: 'request-1',
    });
  });
});

describe('an error', () => {
  it('names its code, says what is wrong and whether to try again, and carries the request_id', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    assert.deepEqual(await client.ask('subscribe', {}), {
      type: 'error',
      content: { type: 'bad_request', error: 'data.channel: a string is required', retryable: false },
      timestamp: now,
      request_id: 'request-1',
    });
  });

  it('leaves the connection open', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    client.socket.send('{"action":x}');
    assert.deepEqual(await client.socket.next(), {
      type: 'error',
      content: { type: 'bad_json', error: 'not valid JSON', retryable: false },
      timestamp: now,
    });
    client.socket.send('[]');
    assert.deepEqual(await client.socket.next(), {
      type: 'error',
      content: {
        type: 'bad_request',
        error: 'a JSON object is expected, not an array',
        retryable: false,
      },
      timestamp: now,
    });
    assert.equal(await client.refusal('sudo'), 'unknown_action');
    assert.equal((await client.ask('ping')).type, 'pong');
  });

  it('leaves out a request_id that cannot be one', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    client.socket.send({ action: 'ping', request_id: { nested: true } });
    const { type, request_id } = await client.socket.next();
    assert.deepEqual([type, request_id], ['error', undefined]);
  });
});

describe('every action with a request_id', () => {
  it('gets exactly one answer that carries it, errors included', async () => {
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1' });
    const token = await fw.token('u1');
    const actions: [action: string, data: object, answer: string][] = [
      ['ping', {}, 'pong'],
      ['subscribe', { channel: 'news' }, 'subscribed'],
      ['subscribe', { channel: 'news' }, 'subscribed'],
      ['subscribe', { channel: '$control' }, 'error'],
      ['send_to_channel', { channel: 'news', content: 1 }, 'ack'],
      ['send_to_channel', { channel: 'news' }, 'error'],
      ['send_to_user', { user_id: 'u1', content: 1 }, 'ack'],
      ['send_to_user', { content: 1 }, 'error'],
      ['message', { content: 1 }, 'ack'],
      ['message', {}, 'error'],
      ['history', { channel: 'news' }, 'history'],
      ['history', { channel: 'news', limit: 0 }, 'error'],
      ['presence', { channel: 'news' }, 'presence'],
      ['presence', { channel: 'news', limit: 0 }, 'error'],
      ['unsubscribe', { channel: 'news' }, 'unsubscribed'],
      ['unsubscribe', { channel: 'news' }, 'error'],
      ['refresh', { token }, 'refreshed'],
      ['refresh', { token: 'x' }, 'error'],
      ['nonsense', {}, 'error'],
    ];
    for (const [index, [action, data]] of actions.entries()) client.send(action, data, `r${index}`);
    await client.settled();
    const answers = client.frames.filter(({ request_id }) => String(request_id).startsWith('r'));
    // An error that needs no commit may overtake the ack of a message that does.
    assert.equal(answers.length, actions.length + 1);
    actions.forEach(([, , type], index) => {
      const [answer, ...more] = answers.filter(({ request_id }) => request_id === `r${index}`);
      assert.deepEqual([answer.type, more], [type, []]);
    });
    const acks = answers.filter(({ type }) => type === 'ack').map(({ request_id }) => request_id);
    assert.deepEqual(acks, ['r4', 'r6', 'r8']);
  });
});
