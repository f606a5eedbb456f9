import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

/** A route that publishes, with a body that it takes. */
const routes = [
  { path: '/ws/broadcast', body: { message: { content: 'hi' } }, channel: '$all', type: 'broadcast' },
  {
    path: '/ws/send-to-channel',
    body: { channel: 'news', message: { content: 'hi' } },
    channel: 'news',
    type: 'text',
  },
  {
    path: '/ws/send-to-user',
    body: { user_id: 'u1', message: { content: 'hi' } },
    channel: '$user:u1',
    type: 'direct',
  },
  {
    path: '/sse/send-to-channel',
    body: { channel: 'news', event: 'price', data: 'hi' },
    channel: 'news',
    type: 'price',
  },
  { path: '/api/publish', body: { channel: 'news', data: 'hi' }, channel: 'news', type: 'text' },
  {
    path: '/sse/notification',
    body: { title: 'T', content: 'C', channel: 'news' },
    channel: 'news',
    type: 'notification',
  },
];

describe('every route that publishes', () => {
  for (const { path, body, channel, type } of routes) {
    it(`${path} delivers and answers with the receipt`, async () => {
      await using server = await TestServer.start();
      const listener = await server.listen(['news'], 'u1');
      const { status, body: answer } = await server.post(path, body);
      assert.equal(status, 200);
      const [message] = listener.received;
      assert.ok(message);
      const { id, epoch, offset } = message;
      assert.deepEqual(answer, { ok: true, id, channel, offset, epoch, duplicate: false });
      assert.equal(offset, 1);
      assert.equal(message.channel, channel);
      assert.equal(message.type, type);
      assert.equal(message.sender, null);
      assert.equal(message.persist, false);
      assert.equal(listener.received.length, 1);
    });
  }
});

describe('the receipt', () => {
  it('says which message it is of, whatever the names', async () => {
    await using server = await TestServer.start();
    const names = ['news', 'a"b\\c', 'naïve ☂', 'news', '</script>', 'a"b\\c'];
    for (const [at, channel] of names.entries()) {
      const id = `"${at}" ☂`;
      const { body, headers, text } = await server.post('/api/publish', { channel, data: at, id });
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal(headers.get('content-length'), String(Buffer.byteLength(text)));
      const { offset, epoch, ...rest } = body;
      assert.deepEqual(rest, { ok: true, id, channel, duplicate: false });
      assert.equal(offset, names.slice(0, at + 1).filter((name) => name === channel).length);
      assert.equal(typeof epoch, 'string');
      const again = await server.post('/api/publish', { channel, data: at, id });
      assert.deepEqual(again.body, { ...body, duplicate: true });
    }
  });
});

describe('a message', () => {
  it('takes its publisher’s id, type and persist', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['news']);
    const message = { id: 'order-1', type: 'order', content: {} };
    await server.post('/ws/send-to-channel', { channel: 'news', message, persist: true });
    assert.deepEqual(
      listener.received.map(({ id, type, persist }) => ({ id, type, persist })),
      [{ id: 'order-1', type: 'order', persist: true }],
    );
  });

  it('may have null for what it leaves out, and members that mean nothing', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['news']);
    const message = { id: null, type: null, content: 1, more: 1 };
    const { status } = await server.post('/ws/send-to-channel', {
      channel: 'news',
      message,
      persist: null,
      x: [],
    });
    assert.equal(status, 200);
    assert.equal(listener.received[0]?.type, 'text');
    assert.equal(listener.received[0]?.id.length, 36);
  });

  it('with the same id on the same channel is not delivered again', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['news', 'other']);
    const send = async (channel: string, content: string) => {
      const { body } = await server.post('/ws/send-to-channel', { channel, message: { id: 'a', content } });
      return body;
    };
    const first = await send('news', 'one');
    assert.deepEqual(await send('news', 'two'), { ...first, duplicate: true });
    assert.equal((await send('other', 'three')).duplicate, false);
    assert.deepEqual(
      listener.received.map(({ data }) => data),
      ['"one"', '"three"'],
    );
    const both = await Promise.all([send('news', 'x'), send('news', 'x')]);
    assert.deepEqual(both, [
      { ...first, duplicate: true },
      { ...first, duplicate: true },
    ]);
    const broadcast = { message: { id: 'b', content: 1 } };
    assert.equal((await server.post('/ws/broadcast', broadcast)).body.duplicate, false);
    assert.equal((await server.post('/ws/broadcast', broadcast)).body.duplicate, true);
    server.clock.advance(301_000);
    assert.equal((await send('news', 'four')).duplicate, false);
  });

  it('to a user reaches that user alone', async () => {
    await using server = await TestServer.start();
    const u1 = await server.listen([], 'u1');
    const u2 = await server.listen([], 'u2');
    await server.post('/ws/send-to-user', { user_id: 'u1', message: { content: 'psst' } });
    assert.equal(u1.received.length, 1);
    assert.equal(u2.received.length, 0);
  });

  it('reaches channels whose names look like something else', async () => {
    await using server = await TestServer.start();
    const names = ['__proto__', 'constructor', 'toString', 'a/b', '😀', ' ', 'ß'.repeat(127)];
    const listener = await server.listen(names);
    for (const channel of names) {
      const { body } = await server.post('/ws/send-to-channel', { channel, message: { content: channel } });
      assert.equal(body.channel, channel);
    }
    assert.deepEqual(
      listener.received.map(({ channel }) => channel),
      names,
    );
  });

  it('that the engine does not take is an error that may be retried', async () => {
    await using server = await TestServer.start();
    await server.parts.hub.close();
    const answer = await server.post('/ws/broadcast', { message: { content: 1 } });
    assert.equal(answer.status, 503);
    assert.equal(answer.body.error.code, 'unavailable');
    assert.equal(answer.headers.get('retry-after'), '5');
  });
});

describe('a notification', () => {
  const send = async (body: object) => {
    await using server = await TestServer.start();
    const listener = await server.listen(['news'], 'u1');
    const answer = await server.post('/sse/notification', body);
    return { answer, data: JSON.parse(listener.received[0]?.data ?? 'null') };
  };

  it('has defaults', async () => {
    const { answer, data } = await send({ title: 'T', content: 'C' });
    assert.equal(answer.body.channel, '$all');
    assert.deepEqual(data, { title: 'T', content: 'C', type: 'info', auto_hide: true, duration: 5000 });
  });

  it('takes everything, and null for nothing', async () => {
    const own = { title: 'T', content: '', type: 'warning', auto_hide: false, duration: 0 };
    const toUser = await send({ ...own, user_id: 'u1', channel: null });
    assert.deepEqual(toUser.data, own);
    assert.equal(toUser.answer.body.channel, '$user:u1');
    const none = { type: null, auto_hide: null, duration: null, user_id: null };
    const toChannel = await send({ title: '\ud83d\ude00', content: '"', ...none, channel: 'news' });
    const { title, content, ...rest } = toChannel.data;
    assert.deepEqual(rest, { type: 'info', auto_hide: true, duration: 5000 });
    assert.equal(content, '"');
    assert.equal(title, '\ud83d\ude00');
    assert.equal(toChannel.answer.body.channel, 'news');
  });

  it('goes to a user or to a channel, not to both', async () => {
    const { answer, data } = await send({ title: 'T', content: 'C', user_id: 'u1', channel: 'news' });
    assert.equal(answer.status, 422);
    assert.equal(answer.body.error.code, 'bad_request');
    assert.match(answer.body.error.message, /channel, user_id/);
    assert.equal(data, null);
  });
});
