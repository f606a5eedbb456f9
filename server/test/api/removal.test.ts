import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';
import { TestServer as ApiServer } from './kit.ts';

const messages = '/api/channels/news/messages';

async function publish(fw: TestServer, ...ids: string[]): Promise<void> {
  for (const id of ids)
    await fw.call('POST', '/api/publish', { channel: 'news', data: `text of ${id}`, id, persist: true });
}

/** What a channel client sees of messages. */
function seen(frames: readonly Frame[]): string[] {
  return frames.map(
    ({ offset, type, id, content }) =>
      `${offset} ${type === 'deleted' ? `deleted ${JSON.stringify(content)}` : id}`,
  );
}

/** Clients of the dialects that know texts only, in the channel `news`. */
async function textClients(fw: TestServer): Promise<Record<'relay' | 'room' | 'chat', SocketClient>> {
  const relay = await fw.socket('/ws?room=news&client_id=c1');
  const room = await fw.room('news', 'u1');
  const chat = await fw.socket('/');
  await chat.ask({ action: 'join', room: 'news' }, { action: 'joined' });
  return { relay, room, chat };
}

for (const engine of ['memory', 'sqlite']) {
  describe(`DELETE …/messages/{id}, engine ${engine}`, () => {
    it('leaves a tombstone in the place of the message and tells the subscribers', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      const client = await ChannelClient.open(fw);
      const { epoch } = await client.subscribe('news');
      const stream = await fw.stream('/sse/connect?channels=news');
      await publish(fw, 'a', 'b', 'c');
      const { status, body } = await fw.call('DELETE', `${messages}/b`);
      assert.equal(status, 200);
      assert.deepEqual(body, { ok: true, offset: 2 });

      await client.reached('news', 4);
      const told = '4 deleted {"id":"b","offset":2}';
      assert.deepEqual(seen(client.messages('news')), ['1 a', '2 b', '3 c', told]);
      const { data } = await stream.next('deleted');
      assert.deepEqual(seen([data]), [told]);

      const late = await ChannelClient.open(fw);
      const subscribed = await late.subscribe('news', { position: { epoch, offset: 1 } });
      assert.deepEqual([subscribed.recovered, subscribed.replayed], [true, 3]);
      await late.reached('news', 4);
      assert.deepEqual(seen(late.messages('news')), ['2 deleted null', '3 c', told]);
      const page = await fw.call('GET', messages);
      assert.deepEqual(seen(page.body.messages), ['1 a', '2 deleted null', '3 c', told]);
      assert.ok(!JSON.stringify(page.body).includes('text of b'));
    });

    it('is 404 for what is not there, or is no more', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      await publish(fw, 'a');
      assert.equal((await fw.call('DELETE', `${messages}/none`)).status, 404);
      assert.equal((await fw.call('DELETE', '/api/channels/other/messages/a')).status, 404);
      assert.equal((await fw.call('DELETE', `${messages}/${'x'.repeat(129)}`)).status, 400);
      assert.equal((await fw.call('GET', messages)).body.offset, 1);
    });

    it('takes ids of any kind, and those that the server made', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      for (const id of ['a/b', '__proto__', '😀', '%', '?x=1']) {
        await publish(fw, id);
        const { status } = await fw.call('DELETE', `${messages}/${encodeURIComponent(id)}`);
        assert.equal(status, 200, id);
      }
      const { body } = await fw.call('POST', '/api/publish', { channel: 'news', data: 1 });
      const made = await fw.call('DELETE', `${messages}/${body.id}`);
      assert.deepEqual(made.body, { ok: true, offset: body.offset });
    });
  });

  describe(`DELETE …/messages, engine ${engine}`, () => {
    it('removes all, tells the subscribers, and goes on with the next offset', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      const client = await ChannelClient.open(fw);
      const { epoch } = await client.subscribe('news');
      const stream = await fw.stream('/sse/connect?channels=news');
      await publish(fw, 'a', 'b', 'c');
      const { body } = await fw.call('DELETE', messages);
      assert.deepEqual(body, { ok: true, offset: 3 });
      await publish(fw, 'd');
      await client.reached('news', 5);
      const told = '4 deleted {"id":null,"offset":3}';
      assert.deepEqual(seen(client.messages('news')).slice(3), [told, '5 d']);
      assert.deepEqual(seen([(await stream.next('deleted')).data]), [told]);

      const late = await ChannelClient.open(fw);
      const subscribed = await late.subscribe('news', { position: { epoch, offset: 1 } });
      assert.deepEqual([subscribed.recovered, subscribed.gap], [false, { from: 2, to: 3 }]);
      await late.reached('news', 5);
      assert.deepEqual(seen(late.messages('news')), [told, '5 d']);
      assert.deepEqual(seen((await fw.call('GET', messages)).body.messages), [told, '5 d']);
    });

    it('of an empty channel is nothing', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      const client = await ChannelClient.open(fw);
      await client.subscribe('news');
      assert.deepEqual((await fw.call('DELETE', messages)).body, { ok: true, offset: 0 });
      await client.settled();
      assert.deepEqual(client.messages('news'), []);
    });
  });

  describe(`clients that know texts only, engine ${engine}`, () => {
    it('see nothing of removals, live or in a history', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      await publish(fw, 'a', 'b');
      const live = await textClients(fw);
      await fw.call('DELETE', `${messages}/a`);
      await publish(fw, 'c');
      await live.relay.next({ type: 'message', id: 'c' });
      await live.room.next({ type: 'chat.delivery', id: 'c' });
      await live.chat.next({ action: 'message', id: 'c' });
      await fw.call('DELETE', messages);
      await publish(fw, 'd');
      await live.relay.next({ type: 'message', id: 'd' });
      await live.room.next({ type: 'chat.delivery', id: 'd' });
      await live.chat.next({ action: 'message', id: 'd' });

      const ids = (list: Frame[]): string[] => list.map(({ id }) => id);
      const room = await live.room.ask({ type: 'chat.history' }, { type: 'chat.history' });
      assert.deepEqual(ids(room.messages), ['d']);
      const chat = await live.chat.ask({ action: 'history', room: 'news' }, { action: 'history' });
      assert.deepEqual(ids(chat.messages), ['d']);
      for (const { inbox } of Object.values(live)) {
        assert.ok(!JSON.stringify(inbox.all).includes('deleted'));
        assert.ok(!JSON.stringify(inbox.all).includes('"id":null'));
      }
    });
  });
}

describe('removal', () => {
  it('needs the scope manage, and admission to a private room', async () => {
    await using server = await ApiServer.start({ open: false });
    await server.privateRoom('vip', 'owner');
    const body = { channel: 'vip', data: 1, id: 'a' };
    await server.post('/api/publish', body, server.key('manage'));
    const remove = async (headers: Record<string, string>): Promise<number> => {
      return (await server.request('DELETE', '/api/channels/vip/messages/a', { headers })).status;
    };
    const scope = 'manage';
    assert.equal(await remove(server.token('owner', { scope: 'read publish' })), 403);
    assert.equal(await remove(server.token('stranger', { scope })), 403);
    assert.equal(await remove(server.key('publish')), 403);
    assert.equal(await remove(server.token('owner', { scope })), 200);
    assert.equal(await remove(server.key('manage')), 200, 'again');
  });
});
