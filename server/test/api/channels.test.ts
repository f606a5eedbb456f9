import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

async function publish(server: TestServer, channel: string, contents: readonly unknown[]): Promise<void> {
  for (const content of contents) await server.post('/ws/send-to-channel', { channel, message: { content } });
}

const oneTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

describe('GET /api/channels/{channel}/messages', () => {
  it('has the messages as dialect 3 sends them', async () => {
    await using server = await TestServer.start();
    const sent =
      '{"channel":"news","message":{"id":"m1","type":"price","content":{"n":12345678901234567890, "__proto__":1}}}';
    const { body: receipt } = await server.post('/ws/send-to-channel', sent);
    const { status, text, body, headers } = await server.get('/api/channels/news/messages');
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    assert.ok(text.includes('"content":{"n":12345678901234567890, "__proto__":1},'));
    const [{ content: _, ...message }] = body.messages;
    const { epoch } = receipt;
    const timestamp = server.clock.now();
    assert.deepEqual(message, {
      type: 'price',
      id: 'm1',
      channel: 'news',
      sender: null,
      timestamp,
      offset: 1,
      epoch,
    });
    assert.deepEqual({ ...body, messages: [] }, { messages: [], epoch, offset: 1, more: false });
  });

  it('of a channel that nobody used is empty', async () => {
    await using server = await TestServer.start();
    const { body } = await server.get('/api/channels/nobody/messages');
    assert.deepEqual({ ...body, epoch: '' }, { messages: [], epoch: '', offset: 0, more: false });
  });

  it('pages by offset and by time, oldest first', async () => {
    await using server = await TestServer.start();
    const start = server.clock.now();
    for (const content of oneTo(60)) {
      await publish(server, 'news', [content]);
      server.clock.advance(1000);
    }
    const pages: readonly (readonly [string, readonly number[], boolean])[] = [
      ['', oneTo(60).slice(10), true],
      ['?limit=60', oneTo(60), false],
      ['?limit=2', [59, 60], true],
      ['?limit=2&before=60', [58, 59], true],
      ['?limit=2&before=3', [1, 2], false],
      ['?before=1', [], false],
      ['?limit=2&after=0', [1, 2], true],
      ['?limit=2&after=58', [59, 60], false],
      ['?after=60', [], false],
      ['?after=5&before=8', [6, 7], false],
      [`?limit=2&from=${start + 10_000}`, [11, 12], true],
      [`?limit=2&to=${start + 10_000}`, [10, 11], true],
      [`?from=${start + 1000}&to=${start + 2000}`, [2, 3], false],
    ];
    for (const [query, contents, more] of pages) {
      const { body } = await server.get(`/api/channels/news/messages${query}`);
      assert.deepEqual(
        body.messages.map(({ content }: { content: number }) => content),
        contents,
        query,
      );
      assert.equal(body.more, more, query);
      assert.equal(body.offset, 60);
    }
  });

  it('ends a page that would be huge, and says so', async () => {
    await using server = await TestServer.start({ maxDataBytes: 300_000 });
    const large = 'x'.repeat(250_000);
    await publish(server, 'news', [large, large, large]);
    const offsets = async (query: string) => {
      const { body } = await server.get(`/api/channels/news/messages${query}`);
      return { offsets: body.messages.map(({ offset }: { offset: number }) => offset), more: body.more };
    };
    assert.deepEqual(await offsets(''), { offsets: [2, 3], more: true });
    assert.deepEqual(await offsets('?after=0'), { offsets: [1, 2], more: true });
    assert.deepEqual(await offsets('?after=1'), { offsets: [2, 3], more: false });
    assert.deepEqual(await offsets('?before=2'), { offsets: [1], more: false });
  });
});

describe('a name in the path', () => {
  const names = [
    '__proto__',
    'constructor',
    'a/b',
    '/',
    '😀',
    'a b',
    '%',
    '%25',
    '100%',
    'a%2Fb',
    '?x=1#y',
    'ß'.repeat(127),
    'a+b',
    'a;b',
    ':channel',
    '*',
    '..a',
  ];
  for (const name of names) {
    it(`may be ${JSON.stringify(name.slice(0, 20))}`, async () => {
      await using server = await TestServer.start();
      await publish(server, name, ['here']);
      const path = `/api/channels/${encodeURIComponent(name)}`;
      const { body } = await server.get(`${path}/messages`);
      assert.equal(body.messages[0].channel, name);
      await server.connect({ user: 'u1', channels: [name] });
      const presence = await server.get(`${path}/presence`);
      assert.equal(presence.body.total, 1);
      const listed = await server.get(`/ws/connections?channel=${encodeURIComponent(name)}`);
      assert.deepEqual(listed.body.connections[0].channels, [name]);
    });
  }
});

describe('GET /api/channels/{channel}/presence', () => {
  it('has a user once, however many connections', async () => {
    await using server = await TestServer.start();
    const since = server.clock.now();
    await server.connect({ user: 'u1', channels: ['news'] });
    server.clock.advance(1000);
    await server.connect({ user: 'u1', channels: ['news'] });
    await server.connect({ user: 'u2', channels: ['other'] });
    const { status, body } = await server.get('/api/channels/news/presence');
    assert.equal(status, 200);
    assert.deepEqual(body, { users: [{ user_id: 'u1', connections: 2, since }], total: 1 });
    const nobody = await server.get('/api/channels/nobody/presence');
    assert.deepEqual(nobody.body, { users: [], total: 0 });
  });

  it('pages by its cursor', async () => {
    await using server = await TestServer.start();
    for (const user of ['d', 'a', '__proto__', 'c', 'b']) await server.connect({ user, channels: ['news'] });
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page++) {
      const { body } = await server.get(`/api/channels/news/presence?limit=2${cursor}`);
      seen.push(...body.users.map((user: { user_id: string }) => user.user_id));
      assert.equal(body.total, 5);
      assert.equal('next' in body, page < 2);
      cursor = `&cursor=${encodeURIComponent(body.next)}`;
    }
    assert.deepEqual(seen, ['__proto__', 'a', 'b', 'c', 'd']);
  });
});
