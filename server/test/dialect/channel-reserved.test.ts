import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { testServer } from '../support/server.ts';

/** Who publishes to the two reserved channels of a client of user u1, and how. */
const reserved = [
  {
    channel: '$all',
    send: (from: ChannelClient, content: unknown) => from.ask('message', { content }),
  },
  {
    channel: '$user:u1',
    send: (from: ChannelClient, content: unknown) => from.ask('send_to_user', { user_id: 'u1', content }),
  },
];

for (const { channel, send } of reserved) {
  describe(channel, () => {
    it('arrives without a subscription', async () => {
      await using fw = await testServer();
      const [from, client] = [await ChannelClient.open(fw), await ChannelClient.open(fw, { user: 'u1' })];
      await send(from, 'hi');
      await client.reached(channel, 1);
      assert.deepEqual(client.contents(channel), ['hi']);
    });

    it('subscribed to with a position recovers what was missed, with no duplicate', async () => {
      await using fw = await testServer();
      const from = await ChannelClient.open(fw);
      const before = await ChannelClient.open(fw, { user: 'u1' });
      for (const content of [1, 2]) await send(from, content);
      await before.reached(channel, 2);
      const { epoch } = before.messages(channel)[0];
      before.close();
      for (const content of [3, 4]) await send(from, content);
      const after = await ChannelClient.open(fw, { user: 'u1' });
      assert.deepEqual(await after.subscribe(channel, { position: { epoch, offset: 2 } }), {
        epoch,
        offset: 4,
        recovered: true,
        replayed: 2,
      });
      await send(from, 5);
      await after.reached(channel, 5);
      assert.deepEqual(after.offsets(channel), [3, 4, 5]);
    });

    it('does not deliver again what came between connecting and subscribing', async () => {
      await using fw = await testServer();
      const from = await ChannelClient.open(fw);
      const { content } = await send(from, 1);
      await send(from, 2);
      const client = await ChannelClient.open(fw, { user: 'u1' });
      await send(from, 3);
      await client.reached(channel, 3);
      const { replayed, recovered } = await client.subscribe(channel, {
        position: { epoch: content.epoch, offset: 1 },
      });
      assert.deepEqual([replayed, recovered], [1, true]);
      await send(from, 4);
      await client.reached(channel, 4);
      // Order is by offset: what came live before the client asked stands before what it asked for.
      assert.deepEqual(client.offsets(channel), [3, 2, 4]);
    });

    it('subscribed to with history counts what it replays, and delivers nothing twice', async () => {
      await using fw = await testServer();
      const from = await ChannelClient.open(fw);
      await send(from, 1);
      await send(from, 2);
      const client = await ChannelClient.open(fw, { user: 'u1' });
      await send(from, 3);
      await client.reached(channel, 3);
      assert.equal((await client.subscribe(channel, { history: 10 })).replayed, 2);
      await client.settled();
      assert.deepEqual(client.offsets(channel), [3, 1, 2]);
    });

    it('subscribed to with a position that is gone names the gap', async () => {
      await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '2' } });
      const from = await ChannelClient.open(fw);
      const { content } = await send(from, 1);
      for (let n = 2; n <= 6; n++) await send(from, n);
      const client = await ChannelClient.open(fw, { user: 'u1' });
      const { epoch } = content;
      assert.deepEqual(await client.subscribe(channel, { position: { epoch, offset: 1 } }), {
        epoch,
        offset: 6,
        recovered: false,
        replayed: 2,
        gap: { from: 2, to: 4 },
      });
      await client.settled();
      assert.deepEqual(client.offsets(channel), [5, 6]);
    });

    it('cannot be left', async () => {
      await using fw = await testServer();
      const [from, client] = [await ChannelClient.open(fw), await ChannelClient.open(fw, { user: 'u1' })];
      assert.equal(await client.refusal('unsubscribe', { channel }), 'forbidden');
      await client.subscribe(channel);
      assert.equal(await client.refusal('unsubscribe', { channel }), 'forbidden');
      await send(from, 'still here');
      await client.reached(channel, 1);
    });
  });
}

describe('every other name with $', () => {
  it('is forbidden to subscribe to', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1' });
    for (const channel of ['$', '$control', '$user:', '$user:u2', '$user:u1 ', '$ALL', '$all2', '$news']) {
      assert.equal(await client.refusal('subscribe', { channel }), 'forbidden', channel);
    }
  });

  it('is forbidden to an anonymous connection, $user: included', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    for (const channel of ['$user:', '$user:u1', '$user:null']) {
      assert.equal(await client.refusal('subscribe', { channel }), 'forbidden', channel);
    }
  });

  it('is forbidden even where a channels claim names it', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, {
      user: 'u1',
      wishes: { channels: ['$user:*', '$control', '$all'] },
    });
    for (const channel of ['$user:u2', '$control']) {
      assert.equal(await client.refusal('subscribe', { channel }), 'forbidden', channel);
    }
  });
});

describe('the reserved channels', () => {
  it('tell nobody who is present', async () => {
    await using fw = await testServer();
    const one = await ChannelClient.open(fw, { user: 'u1' });
    await one.subscribe('$all', { presence: true });
    await ChannelClient.open(fw, { user: 'u2' });
    await one.settled();
    assert.deepEqual(
      one.frames.map(({ type }) => type),
      ['connected', 'subscribed', 'pong'],
    );
  });
});
