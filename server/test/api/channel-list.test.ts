import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HeaderFields, TestServer } from './kit.ts';

async function publish(server: TestServer, ...channels: string[]): Promise<void> {
  await server.post('/api/publish', { channels, data: 1 });
}

async function names(server: TestServer, query = '', headers: HeaderFields = {}): Promise<string[]> {
  const { status, body } = await server.get(`/api/channels${query}`, headers);
  assert.equal(status, 200);
  return body.channels.map(({ name }: { name: string }) => name);
}

describe('GET /api/channels', () => {
  it('has those with messages and those with subscribers, once, without the server’s own', async () => {
    await using server = await TestServer.start();
    await publish(server, 'b', 'é', 'a');
    await server.post('/api/publish', { user_id: 'u9', data: 1 });
    await server.post('/ws/broadcast', { message: { content: 1 } });
    const { connection } = await server.connect({ user: 'u1', channels: ['b', 'quiet', '!first'] });
    const { body } = await server.get('/api/channels');
    const { epoch } = body.channels[0];
    const entry = (name: string, subscribers: number, offset: number) => ({
      ...{ name, subscribers, offset, epoch, private: false },
    });
    assert.deepEqual(body, {
      channels: [
        entry('!first', 1, 0),
        entry('a', 0, 1),
        entry('b', 1, 1),
        entry('quiet', 1, 0),
        entry('é', 0, 1),
      ],
    });
    server.node.hub.detach(connection);
    assert.deepEqual(await names(server), ['a', 'b', 'é']);
  });

  it('is empty for reserved names', async () => {
    await using server = await TestServer.start();
    await server.connect({ user: 'u1' });
    for (const prefix of ['$', '$all', '$user:', '%24control'])
      assert.deepEqual(await names(server, `?prefix=${prefix}`), []);
  });

  it('pages by its cursor, also over the reserved names', async () => {
    await using server = await TestServer.start();
    const kept = Array.from({ length: 40 }, (_, at) => `${at % 2 ? '#' : 'n'}${at}`);
    await publish(server, ...kept);
    for (let at = 0; at < 30; at++) await server.post('/api/publish', { user_id: `u${at}`, data: 1 });
    const local = Array.from({ length: 20 }, (_, at) => `n${at * 3}`);
    await server.connect({ channels: local });
    const all = [...new Set([...kept, ...local])].sort();
    for (const limit of [1, 2, 7, 19, 20, 21, 1000]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const query = `?limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`;
        const { body } = await server.get(`/api/channels${query}`);
        seen.push(...body.channels.map(({ name }: { name: string }) => name));
        assert.ok(body.channels.length <= limit);
        cursor = body.next;
      } while (cursor !== undefined);
      assert.deepEqual(seen, all);
    }
  });

  it('takes a prefix, with a cursor or without', async () => {
    await using server = await TestServer.start();
    await publish(server, 'new', 'news', 'news-eu', 'news-us', 'newt', 'o');
    assert.deepEqual(await names(server, '?prefix=news'), ['news', 'news-eu', 'news-us']);
    assert.deepEqual(await names(server, '?prefix='), ['new', 'news', 'news-eu', 'news-us', 'newt', 'o']);
    assert.deepEqual(await names(server, '?prefix=x'), []);
    const { body } = await server.get('/api/channels?prefix=news&limit=2');
    assert.deepEqual(await names(server, `?prefix=news&cursor=${body.next}`), ['news-us']);
  });

  it('shows private rooms, and channels that a token may not use, to nobody else', async () => {
    for (const open of [true, false]) {
      await using server = await TestServer.start({ open });
      await server.privateRoom('vip', 'owner', ['member']);
      await server.post('/api/publish', { channels: ['vip', 'news'], data: 1 }, server.key('manage'));
      const both = ['news', 'vip'];
      if (open) assert.deepEqual(await names(server), ['news']);
      assert.deepEqual(await names(server, '', server.key('read')), ['news']);
      assert.deepEqual(await names(server, '', server.key('manage')), both);
      const scope = 'read';
      assert.deepEqual(await names(server, '', server.token('member', { scope })), both);
      assert.deepEqual(await names(server, '', server.token('stranger', { scope })), ['news']);
      const channels = { history: ['vip'] };
      assert.deepEqual(await names(server, '', server.token('owner', { scope, channels })), ['vip']);
      const { body } = await server.get('/api/channels', server.key('manage'));
      assert.deepEqual(
        body.channels.map((channel: { private: boolean }) => channel.private),
        [false, true],
      );
    }
  });

  it('gives shorter pages, and a cursor, to who may see few of many', async () => {
    await using server = await TestServer.start({ maxDataBytes: 20_000 });
    for (let part = 0; part < 6; part++) {
      await publish(server, ...Array.from({ length: 1000 }, (_, at) => `c${part}-${at}`));
    }
    await publish(server, 'zoo');
    const headers = server.token('u1', { scope: 'read', channels: ['zoo'] });
    const { body } = await server.get('/api/channels?limit=1000', headers);
    assert.deepEqual(body.channels, []);
    assert.deepEqual(await names(server, `?limit=1000&cursor=${body.next}`, headers), ['zoo']);
  });

  it('refuses a cursor that it did not give', async () => {
    await using server = await TestServer.start();
    for (const query of [
      'cursor=',
      'cursor=%20',
      'cursor=_w',
      'cursor=YQ==',
      'limit=0',
      'limit=1001',
      'limit=x',
    ]) {
      const { status, body } = await server.get(`/api/channels?${query}`);
      assert.equal(status, 400, query);
      assert.match(body.error.message, new RegExp(query.split('=')[0] ?? ''));
    }
  });
});

describe('GET /api/channels/{channel}', () => {
  it('is one of them', async () => {
    await using server = await TestServer.start();
    await publish(server, 'news', 'news');
    await server.connect({ channels: ['news', 'quiet'] });
    const { body } = await server.get('/api/channels/news');
    assert.deepEqual(body, { name: 'news', subscribers: 1, offset: 2, epoch: body.epoch, private: false });
    assert.equal((await server.get('/api/channels/quiet')).body.subscribers, 1);
  });

  it('is 404 without messages and subscribers, and forbidden where the gate says so', async () => {
    await using server = await TestServer.start();
    await server.privateRoom('vip', 'owner');
    await server.post('/api/publish', { channel: 'vip', data: 1 }, server.key('manage'));
    assert.equal((await server.get('/api/channels/none')).status, 404);
    assert.equal((await server.get('/api/channels/vip')).status, 403);
    assert.equal((await server.get('/api/channels/%24all')).status, 403);
    assert.equal((await server.get('/api/channels/vip', server.token('owner'))).body.private, true);
  });
});
