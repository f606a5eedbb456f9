import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChannelsClaim } from '../../src/access/permissions.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';

const reader: ChannelsClaim = { subscribe: ['news'] };
const historian: ChannelsClaim = { subscribe: ['news'], history: ['news'] };
const windowTtl = 60_000;

/** Five messages kept for good: two that are older than the recovery window by then, three that are not. */
async function withMessages(fw: TestServer, clock: FakeClock): Promise<string> {
  const publisher = await ChannelClient.open(fw, { user: 'writer' });
  const publish = (content: number) => publisher.publish('news', content, { persist: true });
  await publish(1);
  const { epoch } = await publish(2);
  clock.advance(1);
  await publish(3);
  clock.advance(windowTtl - 1);
  await publish(4);
  await publish(5);
  return epoch;
}

const open = (fw: TestServer, channels: ChannelsClaim) =>
  ChannelClient.open(fw, { user: 'u1', wishes: { channels } });

for (const engine of ['sqlite', 'memory']) {
  const options = (clock: FakeClock) => ({
    clock,
    env: {
      ENGINE: engine,
      RECOVERY_WINDOW_TTL: '60',
      WEBSOCKET_DISCONNECT_TIMEOUT: '3600',
      WEBSOCKET_HEARTBEAT_INTERVAL: '1800',
    },
  });

  describe(`a position of a client that may not read the history (${engine})`, () => {
    it('reaches back to what is in the recovery window by its time; what is older is a gap', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      const epoch = await withMessages(fw, clock);
      for (const [offset, gap] of [
        [0, { from: 1, to: 2 }],
        [1, { from: 2, to: 2 }],
        [2, undefined],
      ] as const) {
        const client = await open(fw, reader);
        const { recovered, replayed, ...answer } = await client.subscribe('news', {
          position: { epoch, offset },
        });
        assert.deepEqual([recovered, replayed, answer.gap], [gap === undefined, 3, gap]);
        await client.reached('news', 5);
        assert.deepEqual(client.offsets('news'), [3, 4, 5]);
      }
    });

    it('of another epoch, or ahead of the channel, shows no more', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      const epoch = await withMessages(fw, clock);
      for (const position of [
        { epoch: 'made-up', offset: 0 },
        { epoch, offset: 99 },
      ]) {
        const client = await open(fw, reader);
        const answer = await client.subscribe('news', { position });
        assert.deepEqual([answer.recovered, answer.replayed, answer.gap], [false, 3, { from: 1, to: null }]);
        await client.reached('news', 5);
        assert.deepEqual(client.offsets('news'), [3, 4, 5]);
      }
    });

    it('shows no more when it is in the channel already', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      const epoch = await withMessages(fw, clock);
      const client = await open(fw, reader);
      await client.subscribe('news');
      const answer = await client.subscribe('news', { position: { epoch, offset: 0 } });
      assert.deepEqual([answer.replayed, answer.gap], [3, { from: 1, to: 2 }]);
      await client.reached('news', 5);
      assert.deepEqual(client.offsets('news'), [3, 4, 5]);
    });

    it('shows nothing once everything is older, and says from where to where', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      const epoch = await withMessages(fw, clock);
      clock.advance(windowTtl);
      const client = await open(fw, reader);
      const answer = await client.subscribe('news', { position: { epoch, offset: 3 } });
      assert.deepEqual([answer.recovered, answer.replayed, answer.gap], [false, 0, { from: 4, to: 5 }]);
      const again = await open(fw, reader);
      assert.equal((await again.subscribe('news', { position: { epoch, offset: 5 } })).recovered, true);
      await client.settled();
      assert.deepEqual([...client.offsets('news'), ...again.offsets('news')], []);
    });

    it('is not refused, as a request for history is', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      await withMessages(fw, clock);
      const client = await open(fw, reader);
      assert.equal(
        (await client.ask('subscribe', { channel: 'news', history: 5 })).content.type,
        'forbidden',
      );
      assert.equal((await client.ask('history', { channel: 'news' })).content.type, 'forbidden');
      assert.equal((await client.subscribe('news')).replayed, 0);
    });
  });

  describe(`a position of a client that may read the history (${engine})`, () => {
    it('reaches back to everything that is kept', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      const epoch = await withMessages(fw, clock);
      const client = await open(fw, historian);
      const answer = await client.subscribe('news', { position: { epoch, offset: 0 } });
      assert.deepEqual([answer.recovered, answer.replayed], [true, 5]);
      await client.reached('news', 5);
      assert.deepEqual(client.offsets('news'), [1, 2, 3, 4, 5]);
    });
  });

  describe(`a cursor made up by hand (${engine})`, () => {
    it('shows no more than a position does', async () => {
      const clock = new FakeClock();
      await using fw = await testServer(options(clock));
      const epoch = await withMessages(fw, clock);
      for (const [cursor, gap] of [
        [`${epoch};news:0`, { from: 1, to: 2 }],
        ['made-up;news:0', { from: 1, to: null }],
        ['no cursor', { from: 1, to: null }],
      ] as const) {
        const authorization = `Bearer ${await fw.token('u1', { channels: reader })}`;
        const stream = await fw.stream('/sse/connect?channels=news', {
          authorization,
          'last-event-id': cursor,
        });
        const told = await stream.next('gap', { channel: 'news' });
        assert.deepEqual(told.data.content, { channel: 'news', ...gap });
        for (const offset of [3, 4, 5]) assert.equal((await stream.next('message')).data.offset, offset);
      }
      const authorization = `Bearer ${await fw.token('u1', { channels: historian })}`;
      const headers = { authorization, 'last-event-id': `${epoch};news:0` };
      const stream = await fw.stream('/sse/connect?channels=news', headers);
      for (const offset of [1, 2, 3, 4, 5]) assert.equal((await stream.next('message')).data.offset, offset);
    });
  });
}
