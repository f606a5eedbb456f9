import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { Lives } from '../support/lives.ts';
import type { TestServer } from '../support/server.ts';

interface Before {
  readonly epoch: string;
  readonly cursor: string;
}

/** Publishes 1 to 3, and says where subscribers stood after 2. */
async function firstLife(fw: TestServer): Promise<Before> {
  const client = await ChannelClient.open(fw);
  const stream = await fw.stream('/sse/connect?channels=news');
  await stream.next('connected');
  const { epoch } = await client.publish('news', 1);
  await client.publish('news', 2);
  const { id: cursor } = await stream.next('message', { content: 2 });
  await client.publish('news', 3);
  return { epoch, cursor };
}

describe('a restart with ENGINE=sqlite', () => {
  it('keeps the epoch: positions and cursors are recovered', async () => {
    using lives = new Lives({ env: { ENGINE: 'sqlite' } });
    const { epoch, cursor } = await lives.one(firstLife);
    await lives.one(async (fw) => {
      const client = await ChannelClient.open(fw);
      assert.deepEqual(await client.subscribe('news', { position: { epoch, offset: 2 } }), {
        epoch,
        offset: 3,
        recovered: true,
        replayed: 1,
      });
      assert.equal((await client.publish('news', 4)).offset, 4);
      assert.deepEqual(client.offsets('news'), [3, 4]);
      const stream = await fw.stream('/sse/connect?channels=news', { 'last-event-id': cursor });
      await stream.next('message', { content: 4 });
      assert.deepEqual(
        stream.inbox.all.map(({ event, data }) => [event, data.offset]),
        [
          ['connected', undefined],
          ['message', 3],
          ['message', 4],
        ],
      );
    });
  });

  it('keeps it over many', async () => {
    using lives = new Lives();
    const epochs = new Set<string>();
    for (let life = 1; life <= 5; life++) {
      const { epoch, offset } = await lives.one(async (fw) =>
        (await ChannelClient.open(fw)).publish('news', life),
      );
      epochs.add(epoch);
      assert.equal(offset, life);
    }
    assert.equal(epochs.size, 1);
  });
});

describe('a restart with ENGINE=memory', () => {
  it('changes the epoch: an old position is a gap, and nothing of the new life is taken for the old', async () => {
    using lives = new Lives({ env: { ENGINE: 'memory' } });
    const { epoch, cursor } = await lives.one(firstLife);
    await lives.one(async (fw) => {
      const client = await ChannelClient.open(fw);
      for (let content = 1; content <= 5; content++) await client.publish('news', `new ${content}`);
      const { epoch: fresh, ...answer } = await client.subscribe('news', { position: { epoch, offset: 2 } });
      assert.notEqual(fresh, epoch);
      assert.deepEqual(answer, {
        offset: 5,
        recovered: false,
        replayed: 5,
        gap: { from: 1, to: null },
      });
      const stream = await fw.stream('/sse/connect?channels=news', { 'last-event-id': cursor });
      await stream.next('message', { content: 'new 5' });
      const gaps = stream.inbox.all.filter(({ event }) => event === 'gap').map(({ data }) => data.content);
      assert.deepEqual(gaps, [
        { channel: '$all', from: 1, to: null },
        { channel: 'news', from: 1, to: null },
      ]);
    });
  });
});
