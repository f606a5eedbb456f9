import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Operation } from '../../src/access/permissions.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { refused } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';

const required = { WEBSOCKET_AUTH_REQUIRED: 'true' };

describe('the channels claim', () => {
  /** Each operation, as an action on a channel. */
  const operations: Record<Operation, (channel: string) => [action: string, data: object]> = {
    subscribe: (channel) => ['subscribe', { channel, history: 0 }],
    publish: (channel) => ['send_to_channel', { channel, content: 1 }],
    presence: (channel) => ['presence', { channel }],
    history: (channel) => ['history', { channel }],
  };

  for (const [granted] of Object.entries(operations)) {
    for (const [asked, action] of Object.entries(operations)) {
      const allowed = asked === granted;
      it(`with ${granted} on "news" ${allowed ? 'allows' : 'forbids'} ${asked} there`, async () => {
        await using fw = await testServer({ env: required });
        const client = await ChannelClient.open(fw, {
          user: 'u1',
          wishes: { channels: { [granted]: ['news'] } },
        });
        const [name, data] = action('news');
        if (allowed) assert.notEqual((await client.ask(name, data)).type, 'error');
        else assert.equal(await client.refusal(name, data), 'forbidden');
      });
    }
  }

  for (const [operation, action] of Object.entries(operations)) {
    it(`with a list forbids ${operation} on every other channel`, async () => {
      await using fw = await testServer({ env: required });
      const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: ['news', 'room-*'] } });
      for (const channel of ['news', 'room-', 'room-7']) {
        assert.notEqual((await client.ask(...action(channel))).type, 'error', channel);
      }
      for (const channel of ['new', 'news2', 'other', 'room', 'NEWS']) {
        assert.equal(await client.refusal(...action(channel)), 'forbidden', channel);
      }
    });
  }

  it('that is empty allows nothing but the own messages and everyone’s', async () => {
    await using fw = await testServer({ env: required });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: [] } });
    for (const action of Object.values(operations)) {
      assert.equal(await client.refusal(...action('news')), 'forbidden');
    }
    for (const channel of ['$all', '$user:u1']) await client.subscribe(channel);
    await fw.call('POST', '/ws/send-to-user', { user_id: 'u1', message: { content: 'hi' } });
    await client.reached('$user:u1', 1);
  });

  it('decides who may be written to: it has to cover $user:<id>', async () => {
    await using fw = await testServer({ env: required });
    const write = async (channels: string[] | undefined, user_id: string): Promise<string> => {
      const wishes = channels === undefined ? {} : { channels };
      const client = await ChannelClient.open(fw, { user: 'u1', wishes });
      const { type, content } = await client.ask('send_to_user', { user_id, content: 1 });
      return type === 'error' ? content.type : type;
    };
    assert.equal(await write(undefined, 'u2'), 'ack');
    assert.equal(await write(['$user:u2'], 'u2'), 'ack');
    assert.equal(await write(['$user:*'], 'u2'), 'ack');
    assert.equal(await write(['$user:u2'], 'u3'), 'forbidden');
    assert.equal(await write(['*'], 'u2'), 'forbidden');
  });

  it('with subscribe but not history replays nothing to a new subscriber', async () => {
    await using fw = await testServer({ env: required });
    const publisher = await ChannelClient.open(fw, { user: 'u2' });
    await publisher.publish('news', 'kept', { persist: true });
    const client = await ChannelClient.open(fw, {
      user: 'u1',
      wishes: { channels: { subscribe: ['news'] } },
    });
    assert.equal(await client.refusal('subscribe', { channel: 'news', history: 1 }), 'forbidden');
    assert.equal((await client.subscribe('news')).replayed, 0);
    await publisher.publish('news', 'live');
    await client.reached('news', 2);
    assert.deepEqual(client.contents('news'), ['live']);
  });

  it('is asked again when a position is recovered', async () => {
    await using fw = await testServer({ env: required });
    const { epoch } = await (await ChannelClient.open(fw, { user: 'u1' })).publish('news', 1);
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: ['other'] } });
    const position = { epoch, offset: 0 };
    assert.equal(await client.refusal('subscribe', { channel: 'news', position }), 'forbidden');
  });
});

describe('broadcast', () => {
  const broadcast = async (fw: TestServer, scopes: ('broadcast' | 'publish')[] = []): Promise<string> => {
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { scopes } });
    const { type, content } = await client.ask('message', { content: 'to all' });
    return type === 'error' ? content.type : type;
  };

  it('needs the scope "broadcast" where authentication is required', async () => {
    await using fw = await testServer({ env: required });
    assert.equal(await broadcast(fw), 'forbidden');
    assert.equal(await broadcast(fw, ['publish']), 'forbidden');
    assert.equal(await broadcast(fw, ['broadcast']), 'ack');
  });

  it('is free to all where it is not', async () => {
    await using fw = await testServer();
    assert.equal(await broadcast(fw), 'ack');
  });

  it('is not to be had by naming the channel', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { scopes: ['broadcast'] } });
    for (const channel of ['$all', '$user:u1', '$control', '$']) {
      assert.equal(await client.refusal('send_to_channel', { channel, content: 1 }), 'forbidden');
      assert.equal(await client.refusal('message', { channel, content: 1 }), 'forbidden');
    }
  });
});

describe('a token that expires', () => {
  it('closes the connection with 4401 within a second', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 10 } });
    clock.advance(9_999);
    assert.equal((await socket.ask({ action: 'ping' }, { type: 'pong' })).type, 'pong');
    clock.advance(1_000);
    assert.deepEqual(await socket.closed, { code: 4401, reason: 'token expired or revoked' });
  });

  it('leaves others alone', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 10 } });
    const anonymous = await ChannelClient.open(fw);
    const longer = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 20 } });
    clock.advance(11_000);
    await client.socket.closed;
    await Promise.all([anonymous.settled(), longer.settled()]);
  });
});

describe('refresh', () => {
  it('prolongs the connection', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 10 } });
    clock.advance(9_000);
    await client.ask('refresh', { token: await fw.token('u1', { ttlSeconds: 10 }) });
    clock.advance(9_500);
    await client.settled();
    clock.advance(1_500);
    assert.equal((await client.socket.closed).code, 4401);
  });

  it('shortens it as well', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 1000 } });
    await client.ask('refresh', { token: await fw.token('u1', { ttlSeconds: 5 }) });
    clock.advance(6_000);
    assert.equal((await client.socket.closed).code, 4401);
  });

  it('by another user is forbidden, and changes nothing', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 10 } });
    assert.equal(await client.refusal('refresh', { token: await fw.token('u2') }), 'forbidden');
    clock.advance(11_000);
    assert.equal((await client.socket.closed).code, 4401);
  });

  it('does not sign an anonymous connection in', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    assert.equal(await client.refusal('refresh', { token: await fw.token('u1') }), 'forbidden');
  });

  it('with a token that is invalid or expired is unauthorized, and the connection stays', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw, { user: 'u1' });
    const expired = await fw.token('u1', { ttlSeconds: 1 });
    clock.advance(1_000);
    for (const token of ['', 'x.y.z', expired]) {
      assert.equal(await client.refusal('refresh', { token }), 'unauthorized');
    }
    await client.settled();
  });

  it('takes over narrower permissions: channels that they do not cover are left at once', async () => {
    await using fw = await testServer({ env: required });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: ['a', 'b', 'c'] } });
    const publisher = await ChannelClient.open(fw, { user: 'u2' });
    for (const channel of ['a', 'b', 'c']) await client.subscribe(channel);
    const token = await fw.token('u1', { channels: { subscribe: ['b'] } });
    const { timestamp } = await client.ask('refresh', { token });
    const left = client.frames.filter(({ type }) => type === 'unsubscribed');
    assert.deepEqual(
      left.map(({ timestamp: _, ...frame }) => frame),
      ['a', 'c'].map((channel) => ({
        type: 'unsubscribed',
        channel,
        content: { reason: 'permission lost' },
      })),
    );
    assert.ok(left.every((frame) => frame.timestamp <= timestamp));
    for (const channel of ['a', 'b', 'c']) await publisher.publish(channel, 1);
    await client.settled();
    assert.deepEqual(
      ['a', 'b', 'c'].map((channel) => client.offsets(channel)),
      [[], [1], []],
    );
    assert.equal(await client.refusal('send_to_channel', { channel: 'b', content: 1 }), 'forbidden');
    assert.equal(await client.refusal('subscribe', { channel: 'a' }), 'forbidden');
  });

  it('takes over wider permissions', async () => {
    await using fw = await testServer({ env: required });
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: [] } });
    assert.equal(await client.refusal('message', { content: 1 }), 'forbidden');
    await client.ask('refresh', { token: await fw.token('u1', { scopes: ['broadcast'] }) });
    assert.equal((await client.ask('message', { content: 1 })).type, 'ack');
    await client.subscribe('a');
  });

  it('keeps what the API key of the connection gave', async () => {
    await using fw = await testServer({
      env: { ...required, WS_API_KEYS: 'news:publish:the-key-of-the-newsroom' },
    });
    const client = await ChannelClient.open(fw, {
      user: 'u1',
      query: 'api_key=the-key-of-the-newsroom',
    });
    assert.equal((await client.ask('message', { content: 1 })).type, 'ack');
    await client.ask('refresh', { token: await fw.token('u1') });
    assert.equal((await client.ask('message', { content: 2 })).type, 'ack');
  });
});

describe('a private room', () => {
  it('refuses whoever is not a member, whatever their channels claim says', async () => {
    await using fw = await testServer();
    const owner = await fw.socket(`/?token=${await fw.token('owner')}`);
    await owner.ask({ action: 'create', room: 'vip', private: true, members: ['u1'] }, { action: 'created' });
    const outsider = await ChannelClient.open(fw, { user: 'u2', wishes: { channels: ['vip'] } });
    const anonymous = await ChannelClient.open(fw);
    for (const client of [outsider, anonymous]) {
      for (const [action, data] of [
        ['subscribe', {}],
        ['send_to_channel', { content: 1 }],
        ['history', {}],
        ['presence', {}],
      ] as const) {
        assert.equal(await client.refusal(action, { channel: 'vip', ...data }), 'forbidden');
      }
    }
    const member = await ChannelClient.open(fw, { user: 'u1' });
    await member.subscribe('vip');
  });

  it('drops a member who is kicked, with unsubscribed', async () => {
    await using fw = await testServer();
    const owner = await fw.socket(`/?token=${await fw.token('owner')}`);
    await owner.ask({ action: 'create', room: 'vip', private: true, members: ['u1'] }, { action: 'created' });
    const member = await ChannelClient.open(fw, { user: 'u1' });
    await member.subscribe('vip');
    await owner.ask({ action: 'kick', room: 'vip', user: 'u1' }, { action: 'kicked' });
    const { timestamp, ...frame } = await member.socket.next({ type: 'unsubscribed' });
    assert.deepEqual(frame, {
      type: 'unsubscribed',
      channel: 'vip',
      content: { reason: 'permission lost' },
    });
    assert.equal(await member.refusal('subscribe', { channel: 'vip' }), 'forbidden');
  });
});

describe('WEBSOCKET_AUTH_REQUIRED', () => {
  it('refuses without credentials before the upgrade', async () => {
    await using fw = await testServer({ env: required });
    await refused(fw.socket('/ws/connect'), 401, 'unauthorized');
  });

  it('is satisfied by an API key, which is bound by its scopes', async () => {
    const key = 'a-key-of-the-tests-1';
    await using fw = await testServer({ env: { ...required, WS_API_KEYS: `reader:read:${key}` } });
    const client = await ChannelClient.open(fw, { headers: { 'x-api-key': key } });
    assert.equal(client.greeting.content.user_id, null);
    await client.subscribe('news');
    assert.equal(await client.refusal('send_to_channel', { channel: 'news', content: 1 }), 'forbidden');
    assert.equal(await client.refusal('message', { content: 1 }), 'forbidden');
  });
});
