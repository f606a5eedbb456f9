import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat, type Door, enter, room, say } from '../support/doors.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const name = 'test';
const ask: Record<string, (client: SocketClient, query: object) => Promise<Frame>> = {
  room: (client, query) => client.ask({ type: 'chat.history', ...query }, { type: 'chat.history' }),
  chat: (client, query) => client.ask({ action: 'history', room: name, ...query }, { action: 'history' }),
};
const texts = ({ messages }: Frame): string[] => messages.map(({ text }: Frame) => text);

/** A client in a room with messages 1 to `count`, of which those of `removed` were taken away. */
async function withRemoved(
  fw: TestServer,
  door: Door,
  count: number,
  removed: (n: number) => boolean,
): Promise<SocketClient> {
  const client = await enter(fw, door, name);
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) ids.push((await say(door, client, name, `${n}`)).id);
  for (const [index, id] of ids.entries())
    if (removed(index + 1)) await fw.call('DELETE', `/api/channels/${name}/messages/${id}`);
  return client;
}

for (const door of [room, chat])
  for (const ENGINE of ['sqlite', 'memory']) {
    const page = (client: SocketClient, query: object) => ask[door.name]?.(client, query) ?? assert.fail();

    describe(`${door.name}: pages of a history from which messages were removed (${ENGINE})`, () => {
      it('are full as long as there is more, backwards and forwards', async () => {
        await using fw = await testServer({ env: { ENGINE } });
        const client = await withRemoved(fw, door, 30, (n) => n > 5 && n !== 20);
        const last = await page(client, { limit: 4 });
        assert.deepEqual([texts(last), last.more], [['3', '4', '5', '20'], true]);
        const earlier = await page(client, { limit: 4, before: last.messages[0].offset });
        assert.deepEqual([texts(earlier), earlier.more], [['1', '2'], false]);
        const first = await page(client, { limit: 6, after: 0 });
        assert.deepEqual(texts(first), ['1', '2', '3', '4', '5', '20']);
        const middle = await page(client, { limit: 3, after: 4 });
        assert.deepEqual([texts(middle), middle.more], [['5', '20'], false]);
      });

      it('are empty when nothing is left', async () => {
        await using fw = await testServer({ env: { ENGINE } });
        const client = await withRemoved(fw, door, 6, () => true);
        const { messages, more } = await page(client, { limit: 2 });
        assert.deepEqual([messages, more], [[], false]);
      });
    });
  }

describe('chat: joined, after messages were removed', () => {
  it('has as many of those that are left as were asked for', async () => {
    await using fw = await testServer({ env: { CHAT_HISTORY_ON_JOIN: '3' } });
    const client = await withRemoved(fw, chat, 8, (n) => n > 4);
    client.send({ action: 'leave', room: name });
    const joined = await client.ask({ action: 'join', room: name }, { action: 'joined' });
    assert.deepEqual(
      joined.history.map(({ text }: Frame) => text),
      ['2', '3', '4'],
    );
  });
});
