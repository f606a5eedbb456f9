import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Answer, TestServer } from './kit.ts';

const publish = '/api/publish';

function data(answers: { readonly data: string }[]): string[] {
  return answers.map((message) => message.data);
}

describe('POST /api/publish', () => {
  it('publishes to a channel, or to a user', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['news'], 'u1');
    const first = await server.post(publish, { channel: 'news', data: 'a' });
    const second = await server.post(publish, {
      user_id: 'u1',
      data: 'b',
      type: null,
      id: 'x',
      persist: true,
    });
    const { id, epoch } = listener.received[0] ?? {};
    assert.deepEqual(first.body, { ok: true, id, channel: 'news', offset: 1, epoch, duplicate: false });
    assert.deepEqual(second.body, {
      ...{ ok: true, id: 'x', channel: '$user:u1', offset: 1, epoch, duplicate: false },
    });
    assert.deepEqual(
      listener.received.map(({ channel, type, persist }) => ({ channel, type, persist })),
      [
        { channel: 'news', type: 'text', persist: false },
        { channel: '$user:u1', type: 'direct', persist: true },
      ],
    );
  });

  it('keeps the data as it was written', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['news', 'b']);
    await server.post(
      publish,
      '{"data": 0, "channel":"news", "data" : {"n":1.0, "big":12345678901234567890} }',
    );
    await server.post(publish, '{"channels":["b"],"data":1e0}');
    assert.deepEqual(data(listener.received), ['{"n":1.0, "big":12345678901234567890}', '1e0']);
  });

  it('needs exactly one target, and names them', async () => {
    await using server = await TestServer.start();
    const all = { channel: 'news', user_id: 'u1', channels: ['news'] };
    const { channel, user_id, channels } = all;
    for (const target of [
      {},
      { channel: null },
      all,
      { channel, user_id },
      { channel, channels },
      { user_id, channels },
    ]) {
      const { status, body } = await server.post(publish, { ...target, data: 1 });
      assert.equal(status, 422);
      assert.match(body.error.message, /^channel, user_id, channels: /);
    }
  });

  it('with channels gives a result for each', async () => {
    await using server = await TestServer.start();
    await server.privateRoom('vip', 'owner');
    const listener = await server.listen(['a', 'b']);
    const names = ['a', '$all', 'b', '', 'vip', 'x'.repeat(256), 'a'];
    const { status, body } = await server.post(publish, { channels: names, data: 1, id: 'k' });
    assert.equal(status, 200);
    const shown = body.results.map(({ ok, channel, offset, duplicate, error }: Answer['body']) =>
      ok ? `${channel} ${offset} ${duplicate}` : error.code,
    );
    assert.deepEqual(shown, [
      'a 1 false',
      'forbidden',
      'b 1 false',
      'bad_request',
      'forbidden',
      'bad_request',
      'a 1 true',
    ]);
    assert.match(body.results[3].error.message, /channels\[3\]/);
    assert.equal(listener.received.length, 2);
  });

  it('takes up to 1000 channels', async () => {
    await using server = await TestServer.start({ maxDataBytes: 20_000 });
    const names = Array.from({ length: 1000 }, (_, at) => `c${at}`);
    const { body } = await server.post(publish, { channels: names, data: 1 });
    assert.equal(body.results.length, 1000);
    assert.deepEqual((await server.post(publish, { channels: [], data: 1 })).body.results, []);
    const more = await server.post(publish, { channels: [...names, 'one'], data: 1 });
    assert.equal(more.status, 422);
    assert.match(more.body.error.message, /channels: at most 1000/);
    const wrong = await server.post(publish, { channels: ['a', 1], data: 1 });
    assert.equal(wrong.status, 422);
    assert.match(wrong.body.error.message, /channels\[1\]/);
  });

  it('refuses data over the limit', async () => {
    await using server = await TestServer.start({ maxDataBytes: 100 });
    const answer = await server.post(publish, { channel: 'news', data: 'ß'.repeat(50) });
    assert.equal(answer.status, 413);
    const { body } = await server.post(publish, { channels: ['a'], data: 'x'.repeat(100) });
    assert.equal(body.results[0].error.code, 'too_large');
  });
});

describe('Idempotency-Key', () => {
  const routes: readonly (readonly [string, object])[] = [
    [publish, { channel: 'news', data: 1 }],
    ['/ws/broadcast', { message: { content: 1 } }],
    ['/ws/send-to-channel', { channel: 'news', message: { content: 1 } }],
    ['/ws/send-to-user', { user_id: 'u1', message: { content: 1 } }],
    ['/sse/send-to-channel', { channel: 'news', event: 'e', data: 1 }],
    ['/sse/notification', { title: 'T', content: 'C' }],
  ];
  for (const [path, body] of routes) {
    it(`is the id of ${path}`, async () => {
      await using server = await TestServer.start();
      const key = { 'Idempotency-Key': 'order, 42 "paid"' };
      const first = await server.post(path, body, key);
      const again = await server.post(path, body, key);
      assert.equal(first.body.id, 'order, 42 "paid"');
      assert.deepEqual(again.body, { ...first.body, duplicate: true });
    });
  }

  it('may be any text in UTF-8', async () => {
    await using server = await TestServer.start();
    const key = Buffer.from('größe-😀').toString('latin1');
    const { body } = await server.post(publish, { channel: 'news', data: 1 }, { 'Idempotency-Key': key });
    assert.equal(body.id, 'größe-😀');
  });

  it('that is no id is 400', async () => {
    await using server = await TestServer.start();
    for (const key of ['', 'x'.repeat(129), '\xff', 'a\tb']) {
      const { status, body } = await server.post(
        publish,
        { channel: 'news', data: 1 },
        { 'Idempotency-Key': key },
      );
      assert.equal(status, 400, JSON.stringify(key));
      assert.match(body.error.message, /^Idempotency-Key: /);
    }
    const twice = await fetch(server.origin + publish, {
      method: 'POST',
      headers: [
        ['content-type', 'application/json'],
        ['Idempotency-Key', 'a'],
      ],
      body: '{"channel":"news","data":1}',
    });
    assert.equal(twice.status, 200);
  });

  it('has to agree with the id of the body', async () => {
    await using server = await TestServer.start();
    const key = { 'Idempotency-Key': 'a' };
    const same = await server.post(publish, { channel: 'news', data: 1, id: 'a' }, key);
    assert.equal(same.body.id, 'a');
    for (const [path, body, field] of [
      [publish, { channel: 'news', data: 1, id: 'b' }, 'id'],
      ['/ws/broadcast', { message: { id: 'b', content: 1 } }, 'message.id'],
    ] as const) {
      const differs = await server.post(path, body, key);
      assert.equal(differs.status, 422);
      assert.match(differs.body.error.message, new RegExp(`^${field}: differs`));
    }
  });

  it('means nothing for a batch, and is refused', async () => {
    await using server = await TestServer.start();
    const { status } = await server.post('/api/batch', { messages: [] }, { 'Idempotency-Key': 'a' });
    assert.equal(status, 400);
  });
});
