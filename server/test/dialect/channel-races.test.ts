import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { maskedFrame, RawWebSocket, text } from '../support/raw-websocket.ts';
import { type TestServer, testServer } from '../support/server.ts';

/** Nobody is left in any channel, nor present. */
async function isEmpty(fw: TestServer): Promise<boolean> {
  const { body } = await fw.call('GET', '/ws/stats');
  return body.total_connections === 0 && body.channels.total === 0 && body.channels.subscriptions === 0;
}

async function nobodyIsPresent(fw: TestServer, channel: string): Promise<void> {
  const { body } = await fw.call('GET', `/api/channels/${channel}/presence`);
  assert.deepEqual(body, { users: [], total: 0 });
}

const frames = {
  publish: maskedFrame(text, '{"action":"send_to_channel","data":{"channel":"news","content":1}}'),
  subscribe: maskedFrame(text, '{"action":"subscribe","data":{"channel":"news"}}'),
  unsubscribe: maskedFrame(text, '{"action":"unsubscribe","data":{"channel":"news"}}'),
  binary: maskedFrame(0x82, 'x'),
  close: maskedFrame(0x88, Buffer.from([0x03, 0xe8])),
};

describe('a connection that ends leaves nothing behind', () => {
  const cases: { title: string; sent: readonly (keyof typeof frames)[] }[] = [
    { title: 'while it subscribes', sent: ['subscribe', 'close'] },
    { title: 'while it unsubscribes', sent: ['subscribe', 'unsubscribe', 'close'] },
    { title: 'after it was refused, while it subscribes', sent: ['subscribe', 'binary'] },
    { title: 'while it publishes', sent: ['publish', 'publish', 'close'] },
    { title: 'with a subscribe that waits for a publish', sent: ['publish', 'subscribe', 'close'] },
    {
      title: 'closed by the server with a subscribe that waits for a publish',
      sent: ['publish', 'subscribe', 'binary'],
    },
  ];
  for (const { title, sent } of cases) {
    it(title, async () => {
      await using fw = await testServer();
      using raw = await RawWebSocket.open(fw.url, `/ws/connect?token=${await fw.token('u1')}`);
      raw.write(...sent.map((name) => frames[name]));
      await raw.closed;
      await eventually(() => isEmpty(fw), 'nobody is left');
      await nobodyIsPresent(fw, 'news');
    });
  }

  it('when many come, join and break off at once', async () => {
    await using fw = await testServer();
    await Promise.all(
      Array.from({ length: 50 }, async (_, number) => {
        const client = await ChannelClient.open(fw, { user: `u${number % 7}` });
        for (const channel of ['news', 'a', 'b']) {
          client.send('subscribe', { channel, presence: true });
          client.send('send_to_channel', { channel, content: number });
        }
        if (number % 3 === 0) await client.socket.next({ type: 'subscribed' });
        if (number % 3 === 1) await client.settled();
        client.close();
      }),
    );
    await eventually(() => isEmpty(fw), 'nobody is left');
    for (const channel of ['news', 'a', 'b']) await nobodyIsPresent(fw, channel);
  });
});
