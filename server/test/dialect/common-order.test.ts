import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { listenEverywhere } from '../support/listeners.ts';
import { type TestServer, testServer } from '../support/server.ts';

/** One publisher per way in, which sends at once. */
async function publishers(fw: TestServer): Promise<((text: string) => unknown)[]> {
  const native = await ChannelClient.open(fw);
  const second = await ChannelClient.open(fw, { user: 'u1' });
  const [relayed, roomed, chatting] = [
    await enter(fw, relay, 'lobby'),
    await enter(fw, room, 'lobby', { user: 'u9' }),
    await enter(fw, chat, 'lobby'),
  ];
  return [
    (text) => native.publish('lobby', text),
    (text) => second.publish('lobby', text, { persist: true }),
    (text) => relayed.send(relay.message('lobby', text)),
    (text) => roomed.send(room.message('lobby', text)),
    (text) => chatting.send(chat.message('lobby', text)),
    (text) => fw.call('POST', '/ws/send-to-channel', { channel: 'lobby', message: { content: text } }),
  ];
}

describe('subscribers of every dialect', () => {
  it('see the messages of all publishers in the same order', async () => {
    await using fw = await testServer();
    const listeners = await listenEverywhere(fw, 'lobby');
    const ways = await publishers(fw);
    let total = 0;
    const burst = fc.array(fc.nat({ max: ways.length - 1 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(burst, async (senders) => {
        await Promise.all(senders.map((sender, number) => ways[sender]?.(`${number}`)));
        total += senders.length;
        const orders = await Promise.all(
          listeners.map(async (listener) => (await listener.received(total)).map(({ id }) => id)),
        );
        for (const order of orders) {
          assert.equal(new Set(order).size, total);
          assert.deepEqual(order, orders[0]);
        }
      }),
      { numRuns: 25 },
    );
    const offsets = listeners
      .find(({ dialect }) => dialect === 'channel')
      ?.messages()
      .map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      Array.from({ length: total }, (_, index) => index + 1),
    );
  });

  it('see the messages of one connection in the order in which it sent them', async () => {
    await using fw = await testServer();
    const listeners = await listenEverywhere(fw, 'lobby');
    const clients = await Promise.all(Array.from({ length: 5 }, () => ChannelClient.open(fw)));
    await Promise.all(clients.map((client) => client.publishMany('lobby', 50)));
    for (const listener of listeners.filter(({ dialect }) => dialect === 'channel' || dialect === 'events')) {
      const messages = await listener.received(250);
      for (const client of clients) {
        const own = messages.filter(({ sender }) => sender.connection_id === client.id);
        assert.deepEqual(
          own.map(({ content }) => content),
          Array.from({ length: 50 }, (_, index) => index + 1),
        );
      }
    }
  });
});

describe('a publisher', () => {
  it('gets its own message before the ack of it', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1' });
    const other = await ChannelClient.open(fw);
    await client.subscribe('news');
    await Promise.all([client.publishMany('news', 100), other.publishMany('news', 100)]);
    await client.ask('message', { content: 'all' });
    await client.ask('send_to_user', { user_id: 'u1', content: 'me' });
    const acks = client.frames.filter(({ type }) => type === 'ack');
    assert.equal(acks.length, 102);
    for (const ack of acks) {
      const { id } = ack.content;
      const message = client.frames.findIndex((frame) => frame.offset !== undefined && frame.id === id);
      assert.ok(message >= 0 && message < client.frames.indexOf(ack), id);
    }
  });

  it('gets its own message before the ack in the room dialect', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'lobby');
    for (let ref = 0; ref < 20; ref++) client.send({ type: 'chat.message', text: `${ref}`, ref });
    await client.next({ type: 'chat.ack', ref: 19 });
    const frames = client.inbox.all;
    for (const ack of frames.filter(({ type }) => type === 'chat.ack')) {
      const delivery = frames.findIndex(({ type, id }) => type === 'chat.delivery' && id === ack.id);
      assert.ok(delivery >= 0 && delivery < frames.indexOf(ack));
    }
  });

  it('has its message in the history as soon as it is acknowledged, and delivered', async () => {
    await using fw = await testServer();
    const [publisher, reader] = [await ChannelClient.open(fw), await ChannelClient.open(fw)];
    await reader.subscribe('news');
    for (let content = 1; content <= 20; content++) {
      const { offset } = await publisher.publish('news', content);
      const page = await reader.ask('history', { channel: 'news', limit: 1 });
      assert.deepEqual(page.content.messages, [reader.messages('news')[offset - 1]]);
    }
  });
});
