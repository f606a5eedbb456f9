import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { listenEverywhere } from '../support/listeners.ts';
import { type TestServer, testServer } from '../support/server.ts';

const remove = (fw: TestServer, id = '') =>
  fw.call('DELETE', `/api/channels/news/messages${id === '' ? '' : `/${id}`}`);

for (const engine of ['sqlite', 'memory']) {
  const env = { ENGINE: engine };

  describe(`a message that is removed (${engine})`, () => {
    it('is told to subscribers of the channel and events dialects, and to no others', async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock, env });
      const listeners = await listenEverywhere(fw, 'news');
      const publisher = await ChannelClient.open(fw);
      const { epoch } = await publisher.publish('news', 'bad words', { id: 'mine', persist: true });
      assert.equal((await remove(fw, 'mine')).status, 200);
      await publisher.publish('news', 'next');
      for (const listener of listeners) {
        const knows = listener.dialect === 'channel' || listener.dialect === 'events';
        const messages = await listener.received(knows ? 3 : 2);
        assert.equal(messages.length, knows ? 3 : 2, listener.dialect);
        if (!knows) continue;
        const { id, ...told } = messages[1];
        assert.deepEqual(told, {
          type: 'deleted',
          channel: 'news',
          content: { id: 'mine', offset: 1 },
          sender: null,
          timestamp: clock.now(),
          offset: 2,
          epoch,
        });
      }
    });

    it('leaves an empty message in its place, so that offsets stay dense', async () => {
      await using fw = await testServer({ env });
      const client = await ChannelClient.open(fw, { user: 'u1' });
      const { epoch } = await client.publish('news', 'one');
      await client.publish('news', 'bad words', { id: 'mine' });
      await client.publish('news', 'three');
      await remove(fw, 'mine');
      const answer = await client.subscribe('news', { position: { epoch, offset: 1 } });
      assert.deepEqual([answer.recovered, answer.replayed], [true, 3]);
      await client.reached('news', 4);
      assert.deepEqual(
        client.messages('news').map(({ offset, type, content, sender }) => [offset, type, content, sender]),
        [
          [2, 'deleted', null, null],
          [3, 'text', 'three', { user_id: 'u1', connection_id: client.id }],
          [4, 'deleted', { id: 'mine', offset: 2 }, null],
        ],
      );
      const { content } = await client.ask('history', { channel: 'news' });
      assert.deepEqual(content.messages.slice(1), client.messages('news'));
    });
  });

  describe(`a history that is cleared (${engine})`, () => {
    it('is a gap for whoever had not read it, and offsets go on', async () => {
      await using fw = await testServer({ env });
      const client = await ChannelClient.open(fw);
      const { epoch } = await client.publish('news', 1, { persist: true });
      for (const content of [2, 3]) await client.publish('news', content, { persist: true });
      assert.equal((await remove(fw)).body.offset, 3);
      const answer = await client.subscribe('news', { position: { epoch, offset: 1 } });
      assert.deepEqual(answer, {
        epoch,
        offset: 4,
        recovered: false,
        replayed: 1,
        gap: { from: 2, to: 3 },
      });
      await client.reached('news', 4);
      assert.deepEqual(client.contents('news'), [{ id: null, offset: 3 }]);
      assert.equal((await client.publish('news', 'next')).offset, 5);
    });

    it('is recovered for whoever had read it all', async () => {
      await using fw = await testServer({ env });
      const client = await ChannelClient.open(fw);
      const { epoch } = await client.publish('news', 1);
      await remove(fw);
      const answer = await client.subscribe('news', { position: { epoch, offset: 1 } });
      assert.deepEqual([answer.recovered, answer.replayed], [true, 1]);
    });
  });
}
