import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Draft } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { type Answer, TestServer } from './kit.ts';

const batch = '/api/batch';

function shown({ body }: Answer): string[] {
  return body.results.map(({ ok, channel, offset, duplicate, error }: Answer['body']) =>
    ok ? `${channel} ${offset}${duplicate ? ' again' : ''}` : error.code,
  );
}

describe('POST /api/batch', () => {
  it('answers for each message, in their order', async () => {
    await using server = await TestServer.start();
    await server.privateRoom('vip', 'owner');
    const listener = await server.listen(['news', 'b'], 'u1');
    const answer = await server.post(batch, {
      messages: [
        { channel: 'news', data: 'one', id: 'k' },
        { channel: 'vip', data: 'refused' },
        { user_id: 'u1', data: 'two', type: 'mail' },
        { channel: 'news', data: 'one', id: 'k' },
        { channel: 'b', data: null, persist: true },
        { channel: 'news', data: 'three' },
      ],
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(shown(answer), ['news 1', 'forbidden', '$user:u1 1', 'news 1 again', 'b 1', 'news 2']);
    assert.deepEqual(
      listener.received.map(({ data, type, persist }) => `${data} ${type} ${persist}`).sort(),
      ['"one" text false', '"three" text false', '"two" mail false', 'null text true'],
    );
  });

  it('has one commit', async (t) => {
    const append = t.mock.method(MemoryEngine.prototype, 'append');
    await using server = await TestServer.start();
    const messages = Array.from({ length: 1000 }, (_, at) => ({ channel: `c${at % 7}`, data: at }));
    append.mock.resetCalls();
    const { body } = await server.post(batch, { messages });
    assert.ok(body.results.every(({ ok }: { ok: boolean }) => ok));
    assert.equal(append.mock.callCount(), 1);
  });

  it('keeps nothing when the commit fails', async (t) => {
    await using server = await TestServer.start();
    t.mock.method(MemoryEngine.prototype, 'append', (_drafts: readonly Draft[]) =>
      Promise.reject(new Error('full')),
    );
    const { status, body } = await server.post(batch, { messages: [{ channel: 'a', data: 1 }, 7] });
    assert.equal(status, 503);
    assert.equal(body.error.code, 'unavailable');
  });

  it('keeps data as it was written', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['a']);
    await server.post(
      batch,
      ` { "x":[{}], "messages" : [ {"channel":"a","data":1.0} ,{"data":{"a" : "]}\\"" , "b":[1 ,2]},"channel":"a"},\n{"channel":"a","d\\u0061ta":-0e1}] } `,
    );
    assert.deepEqual(
      listener.received.map(({ data }) => data),
      ['1.0', '{"a" : "]}\\"" , "b":[1 ,2]}', '-0e1'],
    );
  });

  const wrong: readonly (readonly [unknown, string, RegExp])[] = [
    ...[null, 1, 'x', true, [], [{ channel: 'a', data: 1 }]].map(
      (item) => [item, 'bad_request', /JSON object/] as const,
    ),
    [{}, 'bad_request', /^data: required/],
    [{ channel: 'a' }, 'bad_request', /^data: required/],
    [{ data: 1 }, 'bad_request', /^channel, user_id: name one/],
    [{ data: 1, channel: null, user_id: null }, 'bad_request', /^channel, user_id: name one/],
    [{ data: 1, channel: 'a', user_id: 'u' }, 'bad_request', /not both/],
    ...[1, true, [], {}, '', 'x'.repeat(256), 'a\n'].map(
      (channel) => [{ channel, data: 1 }, 'bad_request', /^channel: /] as const,
    ),
    ...[1, true, [], {}, '', 'x'.repeat(251), 'a\n'].map(
      (user_id) => [{ user_id, data: 1 }, 'bad_request', /^user_id: /] as const,
    ),
    ...[1, true, [], {}, '', 'x'.repeat(129), '\n'].map(
      (id) => [{ channel: 'a', id, data: 1 }, 'bad_request', /^id: /] as const,
    ),
    ...[1, true, [], {}, '', 'x'.repeat(65), '\n'].map(
      (type) => [{ channel: 'a', type, data: 1 }, 'bad_request', /^type: /] as const,
    ),
    ...[1, 'true', [], {}].map(
      (persist) => [{ channel: 'a', persist, data: 1 }, 'bad_request', /^persist: /] as const,
    ),
    [{ channel: '$all', data: 1 }, 'forbidden', /^channel: /],
    [{ channel: 'a', data: 'x'.repeat(1000) }, 'too_large', /1000 bytes/],
    [
      { channel: 'a', data: JSON.parse('['.repeat(200) + ']'.repeat(200)) },
      'bad_request',
      /^data is nested deeper/,
    ],
  ];

  it('says of every wrong message what is wrong, and publishes the others', async () => {
    await using server = await TestServer.start();
    const listener = await server.listen(['a']);
    const good = { channel: 'a', data: 'good' };
    const { status, body } = await server.post(batch, {
      messages: [good, ...wrong.map(([item]) => item), good],
    });
    assert.equal(status, 200);
    for (const [at, [item, code, message]] of wrong.entries()) {
      const { ok, error } = body.results[at + 1];
      assert.equal(ok, false, JSON.stringify(item));
      assert.equal(error.code, code, JSON.stringify(item));
      assert.match(error.message, message);
    }
    assert.equal(body.results.at(-1).offset, 2);
    assert.equal(listener.received.length, 2);
    assert.deepEqual(server.reported, []);
  });

  it('is refused as a whole when it is no list of at most 1000', async () => {
    await using server = await TestServer.start();
    const one = { channel: 'a', data: 1 };
    for (const messages of [undefined, null, 1, 'x', true, {}, { length: 1 }, Array(1001).fill(one)]) {
      const { status, body } = await server.post(batch, { messages });
      assert.equal(status, 422);
      assert.equal(body.error.code, 'bad_request');
      assert.match(body.error.message, /^messages: /);
    }
    assert.deepEqual((await server.post(batch, { messages: [] })).body, { ok: true, results: [] });
    assert.equal((await server.post(batch, [one])).status, 422);
  });

  it('has room for several messages of full size', async () => {
    await using server = await TestServer.start({ maxDataBytes: 100_000 });
    const large = { channel: 'a', data: 'x'.repeat(99_000) };
    assert.deepEqual(shown(await server.post(batch, { messages: [large, large, large] })), [
      'a 1',
      'a 2',
      'a 3',
    ]);
    const huge = await server.post(batch, { messages: Array(20).fill(large) });
    assert.equal(huge.status, 413);
  });
});
