import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { type TestServer, testServer } from '../support/server.ts';

const count = 5000;
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function persisted(fw: TestServer, content: unknown = 'x'): Promise<[ChannelClient, string]> {
  const publisher = await ChannelClient.open(fw);
  for (let sent = 1; sent < count; sent++) {
    publisher.send('send_to_channel', { channel: 'news', content, persist: true });
  }
  const { epoch } = await publisher.publish('news', content, { persist: true });
  return [publisher, epoch];
}

for (const engine of ['sqlite', 'memory']) {
  describe(`a replay of ${count} persisted messages (${engine})`, () => {
    // Its one publisher sends more at once than a client may by default.
    const env = { ENGINE: engine, MESSAGE_RATE_LIMIT: '0' };

    it('is one ordered stream, followed by what is published meanwhile', async () => {
      await using fw = await testServer({ env });
      const [publisher, epoch] = await persisted(fw);
      const client = await ChannelClient.open(fw);
      const publishing = publisher.publishMany('news', 500);
      const answer = await client.subscribe('news', { position: { epoch, offset: 0 } });
      assert.equal(answer.recovered, true);
      assert.equal(answer.replayed, answer.offset);
      await publishing;
      await client.reached('news', count + 500);
      assert.deepEqual(client.offsets('news'), range(1, count + 500));
    });

    it('is one ordered stream of events', async () => {
      await using fw = await testServer({ env });
      const first = await fw.stream('/sse/connect?channels=news');
      const { id } = await first.next('connected');
      first.close();
      const [publisher] = await persisted(fw);
      const publishing = publisher.publishMany('news', 500);
      const stream = await fw.stream('/sse/connect?channels=news', { 'last-event-id': id });
      await publishing;
      await stream.inbox.until(() => stream.inbox.all.at(-1)?.data.offset === count + 500);
      assert.deepEqual(
        stream.inbox.all.slice(1).map(({ data }) => data.offset),
        range(1, count + 500),
      );
    });

    it('closes no reader that is only as far behind as its first pong shows', async () => {
      await using fw = await testServer({ env: { ...env, WEBSOCKET_MESSAGE_QUEUE_SIZE: '10' } });
      const [, epoch] = await persisted(fw, 'x'.repeat(300));
      for (let n = 0; n < 10; n++) {
        const client = await ChannelClient.open(fw, { autoPong: false });
        const { ws } = client.socket;
        ws.once('ping', (first) => {
          ws.pong(first);
          ws.on('ping', (place) => setTimeout(() => ws.pong(place), 20));
        });
        await client.subscribe('news', { position: { epoch, offset: 0 } });
        await client.reached('news', count);
        client.close();
      }
    });

    it('waits for a reader that is slow instead of closing it', async () => {
      await using fw = await testServer({ env: { ...env, WEBSOCKET_MESSAGE_QUEUE_SIZE: '10' } });
      const [publisher, epoch] = await persisted(fw, 'x'.repeat(4000));
      const client = await ChannelClient.open(fw);
      client.send('subscribe', { channel: 'news', position: { epoch, offset: 0 } });
      await client.socket.next({ type: 'subscribed' });
      client.socket.ws.pause();
      await publisher.publishMany('news', 100);
      client.socket.ws.resume();
      await client.reached('news', count + 100);
      assert.deepEqual(client.offsets('news'), range(1, count + 100));
    });
  });

  describe(`a replay that is overtaken by the window (${engine})`, () => {
    it('says which messages were lost on the way', async () => {
      await using fw = await testServer({ env: { ENGINE: engine, RECOVERY_WINDOW_SIZE: '300' } });
      const publisher = await ChannelClient.open(fw);
      const { epoch } = await publisher.publish('news', 'first');
      for (let sent = 0; sent < 298; sent++) {
        publisher.send('send_to_channel', { channel: 'news', content: 'x'.repeat(60_000) });
      }
      await publisher.publish('news', 'last of the window');
      const client = await ChannelClient.open(fw);
      client.send('subscribe', { channel: 'news', position: { epoch, offset: 0 } });
      await client.socket.next({ type: 'subscribed' });
      client.socket.ws.pause();
      await publisher.publishMany('news', 300);
      client.socket.ws.resume();
      await client.reached('news', 600);
      const got = new Set(client.offsets('news'));
      const missing = range(1, 600).filter((offset) => !got.has(offset));
      assert.ok(missing.length > 0, 'the window has overtaken the replay');
      const told = client.frames
        .filter(({ type }) => type === 'gap')
        .flatMap(({ content }) => range(content.from, content.to));
      assert.deepEqual(told, missing);
    });
  });
}
