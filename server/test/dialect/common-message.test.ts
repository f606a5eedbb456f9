import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { listenEverywhere } from '../support/listeners.ts';
import { refusedCall } from '../support/refusals.ts';
import { testServer } from '../support/server.ts';

describe('a message', () => {
  it('has the same id, channel, time and offset in every dialect', async () => {
    const clock = new FakeClock(1_700_000_000_125);
    await using fw = await testServer({ clock });
    const listeners = await listenEverywhere(fw, 'lobby');
    const publisher = await ChannelClient.open(fw, { user: 'u1' });
    const { epoch } = await publisher.publish('lobby', { text: 'hi' }, { id: 'mine' });
    const shown: Record<string, unknown> = {};
    for (const listener of listeners) {
      const [message, ...more] = await listener.received(1);
      assert.deepEqual(more, []);
      shown[listener.dialect] = message;
    }
    const native = {
      type: 'text',
      id: 'mine',
      channel: 'lobby',
      content: { text: 'hi' },
      sender: { user_id: 'u1', connection_id: publisher.id },
      timestamp: 1_700_000_000_125,
      offset: 1,
      epoch,
    };
    assert.deepEqual(shown, {
      relay: {
        type: 'message',
        payload: { text: 'hi' },
        room: 'lobby',
        from: 'u1',
        id: 'mine',
        ts: 1_700_000_000.125,
      },
      room: {
        type: 'chat.delivery',
        room: 'lobby',
        user: 'u1',
        text: 'hi',
        id: 'mine',
        ts: 1_700_000_000.125,
        offset: 1,
      },
      channel: native,
      chat: {
        action: 'message',
        room: 'lobby',
        user: 'u1',
        text: 'hi',
        id: 'mine',
        ts: 1_700_000_000.125,
        offset: 1,
      },
      events: native,
    });
  });

  it('that came over HTTP has no sender in any dialect', async () => {
    await using fw = await testServer();
    const listeners = await listenEverywhere(fw, 'lobby');
    await fw.call('POST', '/ws/send-to-channel', { channel: 'lobby', message: { content: 'hi' } });
    for (const listener of listeners) {
      const [message] = await listener.received(1);
      const { sender, user, from } = message;
      const shown = { relay: from, room: user, channel: sender, chat: user, events: sender };
      assert.equal(shown[listener.dialect], null, listener.dialect);
    }
  });

  it('to everyone, or to a user, arrives in every dialect as its ordinary message', async () => {
    await using fw = await testServer();
    const token = await fw.token('u1');
    const native = await ChannelClient.open(fw, { user: 'u1' });
    const stream = await fw.stream(`/sse/connect?token=${token}`);
    await stream.next('connected');
    const sockets = {
      relay: await fw.socket(`/ws?room=a&client_id=c1&token=${token}`),
      room: await fw.room('a', 'u1'),
      chat: await fw.socket(`/?token=${token}`),
    };
    await fw.call('POST', '/ws/broadcast', { message: { content: 'to all' } });
    await fw.call('POST', '/ws/send-to-user', { user_id: 'u1', message: { content: { text: 'to you' } } });
    for (const [room, text] of [
      ['$all', 'to all'],
      ['$user:u1', 'to you'],
    ] as const) {
      await sockets.relay.next({ type: 'message', room, payload: { text }, from: null });
      await sockets.room.next({ type: 'chat.delivery', room, text, user: null });
      await sockets.chat.next({ action: 'message', room, text, user: null });
      await native.socket.next({ channel: room });
    }
    await stream.next('broadcast', { channel: '$all' });
    await stream.next('direct', { channel: '$user:u1' });
  });
});

describe('an id', () => {
  it('made by the server is a UUIDv7, in the order of publishing', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    const acks = await Promise.all(Array.from({ length: 100 }, () => client.publish('news', 1)));
    const ids = acks.map(({ id }) => id);
    assert.deepEqual(ids, [...ids].sort());
    assert.equal(new Set(ids).size, 100);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it('chosen by the publisher has at most 128 characters, of any script', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    for (const id of ['x'.repeat(128), '😀'.repeat(128), '__proto__', ' ']) {
      assert.equal((await client.publish('news', 1, { id })).id, id);
    }
    for (const id of ['', 'x'.repeat(129), '😀'.repeat(129), 'a\nb', '\ud800', 7]) {
      assert.equal(
        await client.refusal('send_to_channel', { channel: 'news', content: 1, id }),
        'bad_request',
      );
    }
    const message = { id: 'x'.repeat(129), content: 1 };
    refusedCall(await fw.call('POST', '/ws/send-to-channel', { channel: 'a', message }), 422, 'bad_request');
  });
});

describe('an offset', () => {
  it('counts from 1, dense for each channel by itself', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    const acks = await Promise.all(
      Array.from({ length: 300 }, (_, number) => client.publish(`c${number % 3}`, number)),
    );
    for (const channel of ['c0', 'c1', 'c2']) {
      const offsets = acks.filter((ack) => ack.channel === channel).map(({ offset }) => offset);
      assert.deepEqual(
        offsets,
        offsets.map((_, index) => index + 1),
      );
    }
  });
});

describe('a time', () => {
  it('is in Unix milliseconds and never runs backwards along a channel', async () => {
    const clock = new FakeClock(1_700_000_000_000);
    await using fw = await testServer({ clock });
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    for (const step of [0, 5, -60_000, 1, 60_000]) {
      clock.advance(step);
      await client.publish('news', step);
    }
    assert.deepEqual(
      client.messages('news').map(({ timestamp }) => timestamp - 1_700_000_000_000),
      [0, 5, 5, 5, 6],
    );
  });
});

describe('a type', () => {
  it('is at most 64 characters', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    for (const type of ['x'.repeat(64), '😀'.repeat(64)]) await client.publish('news', 1, { type });
    for (const type of ['', 'x'.repeat(65), 'a\nb', 'a\r', '\u0085', 5]) {
      assert.equal(
        await client.refusal('send_to_channel', { channel: 'news', content: 1, type }),
        'bad_request',
      );
    }
  });
});
