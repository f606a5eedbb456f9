import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { chat, enter, heard, relay, room, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const message = (text: string, ref?: string | number) => ({ type: 'chat.message', text, ref });

describe('room: chat.message', () => {
  it('is a chat.delivery to all in the room, the sender included', async () => {
    await using fw = await testServer({ clock: new FakeClock(1_690_000_000_123) });
    const [one, two] = [await enter(fw, room, 'test'), await enter(fw, room, 'test', { user: 'u2' })];
    const elsewhere = await enter(fw, room, 'other', { user: 'u3' });
    one.send({ type: 'chat.message', room: 'test', text: 'hi' });
    const frame = await two.next();
    assert.match(frame.id, uuid);
    assert.deepEqual(frame, {
      type: 'chat.delivery',
      room: 'test',
      user: 'u1',
      text: 'hi',
      id: frame.id,
      ts: 1_690_000_000.123,
      offset: 1,
    });
    assert.deepEqual(await one.next(), frame);
    assert.deepEqual(await heard(room, elsewhere), []);
  });

  it('needs no room', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    client.send(message('hi'));
    await client.next({ type: 'chat.delivery', room: 'test', text: 'hi' });
  });

  it('has offsets from 1 without a hole', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    for (let n = 1; n <= 100; n++) client.send(message(`text ${n}`));
    for (let n = 1; n <= 100; n++) {
      const { text, offset } = await client.next();
      assert.deepEqual([text, offset], [`text ${n}`, n]);
    }
  });

  const texts: [string, string][] = [
    ['1 character', 'x'],
    ['4096 characters', 'x'.repeat(4096)],
    ['4096 characters beyond ASCII', 'ü'.repeat(4096)],
    ['white space', ' \n\t\u2028'],
    ['a zero and an emoji', 'a\u0000b😀'],
    ['JSON and markup', '{"a":"<b>"}\\'],
  ];
  for (const [what, text] of texts) {
    it(`carries ${what} unchanged`, async () => {
      await using fw = await testServer();
      const client = await enter(fw, room, 'test');
      client.send(message(text));
      assert.equal((await client.next()).text, text);
    });
  }

  it('counts characters: 4096 emoji pass, 4097 do not', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    client.send(message('💬'.repeat(4096)));
    const { text } = await client.next();
    assert.equal(text?.length, 8192);
    client.send(message('💬'.repeat(4097)));
    assert.equal((await client.next()).code, 'bad_request');
  });
});

describe('room: chat.ack', () => {
  it('comes where ref was given, with the id and the offset of the delivery, after or with it', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    for (const ref of ['r-1', '', 0, -1.5]) {
      client.send(message('hi', ref));
      const { type, id, offset } = await client.next();
      assert.equal(type, 'chat.delivery');
      assert.deepEqual(await client.next(), { type: 'chat.ack', ref, id, offset });
    }
  });

  it('comes to the sender alone', async () => {
    await using fw = await testServer();
    const [one, tab] = [await enter(fw, room, 'test'), await enter(fw, room, 'test')];
    await one.ask(message('hi', 'r-1'), { type: 'chat.ack' });
    await tab.next({ type: 'chat.delivery' });
    assert.deepEqual(await heard(room, tab), []);
  });

  it('does not come without a ref, or for ref null', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    client.send(message('one'));
    client.send({ ...message('two'), ref: null });
    assert.deepEqual(
      (await heard(room, client)).map(({ type }) => type),
      ['chat.delivery', 'chat.delivery'],
    );
  });

  it('comes with ?echo=false as well, without the delivery', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test', { query: '&echo=false' });
    client.send(message('hi', 'r-1'));
    const { id, ...ack } = await client.next();
    assert.match(id, uuid);
    assert.deepEqual(ack, { type: 'chat.ack', ref: 'r-1', offset: 1 });
  });

  it('is system.error with the same ref when it failed', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    client.send(message('', 'r-1'));
    const { message: text, ...error } = await client.next();
    assert.deepEqual(error, { type: 'system.error', code: 'bad_request', ref: 'r-1' });
    client.send({ type: 'dance', ref: 5 });
    assert.equal((await client.next()).ref, 5);
    client.send({ type: 'dance', ref: {} });
    assert.deepEqual(Object.keys(await client.next()), ['type', 'code', 'message']);
    assert.ok(text);
  });
});

describe('room: with the other dialects', () => {
  it('a message of another dialect is a chat.delivery', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    const others: [string, string | null, () => Promise<unknown>][] = [
      [
        'by chat',
        null,
        async () => say(chat, await enter(fw, chat, 'test', { query: '&name=greta' }), 'test', 'by chat'),
      ],
      ['by relay', null, async () => say(relay, await enter(fw, relay, 'test'), 'test', 'by relay')],
      [
        'by relay with a token',
        'rob',
        async () =>
          say(relay, await enter(fw, relay, 'test', { user: 'rob' }), 'test', 'by relay with a token'),
      ],
      [
        'by HTTP',
        null,
        () => fw.call('POST', '/ws/send-to-channel', { channel: 'test', message: { content: 'by HTTP' } }),
      ],
      [
        '{"a":1}',
        null,
        () =>
          fw.call('POST', '/ws/send-to-channel', {
            channel: 'test',
            message: { type: 'event', content: { a: 1 } },
          }),
      ],
    ];
    for (const [index, [text, user, send]] of others.entries()) {
      await send();
      const { id, ts, ...frame } = await client.next({ type: 'chat.delivery' });
      assert.deepEqual(frame, { type: 'chat.delivery', room: 'test', user, text, offset: index + 1 });
    }
  });
});

/** Asks for a page of history and answers with it, its messages as texts. */
async function page(client: SocketClient, query: object = {}): Promise<{ texts: string[]; more: boolean }> {
  const { messages, more } = await client.ask({ type: 'chat.history', ...query }, { type: 'chat.history' });
  return { texts: messages.map(({ text }: Frame) => text), more };
}

async function filled(fw: TestServer, count: number): Promise<SocketClient> {
  const client = await enter(fw, room, 'test');
  for (let n = 1; n <= count; n++) client.send(message(`${n}`));
  await client.next({ text: `${count}` });
  return client;
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);

describe('room: chat.history', () => {
  it('is answered by the deliveries themselves, oldest first', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    const deliveries = [await say(room, client, 'test', 'one'), await say(room, client, 'test', 'two')];
    client.send({ type: 'chat.history', limit: 50 });
    assert.deepEqual(await client.next(), {
      type: 'chat.history',
      room: 'test',
      messages: deliveries,
      more: false,
    });
  });

  it('of an empty room is empty', async () => {
    await using fw = await testServer();
    assert.deepEqual(await page(await enter(fw, room, 'test')), { texts: [], more: false });
  });

  it('has the last 50 messages, or limit of them', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 60);
    assert.deepEqual(await page(client), { texts: numbers(11, 60), more: true });
    assert.deepEqual(await page(client, { limit: 3 }), { texts: numbers(58, 60), more: true });
    assert.deepEqual(await page(client, { limit: 60 }), { texts: numbers(1, 60), more: false });
    assert.deepEqual(await page(client, { limit: 1000 }), { texts: numbers(1, 60), more: false });
  });

  it('with before has the last ones under that offset, and more says whether there are earlier ones', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 10);
    assert.deepEqual(await page(client, { limit: 4, before: 7 }), { texts: numbers(3, 6), more: true });
    assert.deepEqual(await page(client, { limit: 4, before: 3 }), { texts: numbers(1, 2), more: false });
    assert.deepEqual(await page(client, { limit: 4, before: 5 }), { texts: numbers(1, 4), more: false });
    assert.deepEqual(await page(client, { before: 1 }), { texts: [], more: false });
    assert.deepEqual(await page(client, { before: 0 }), { texts: [], more: false });
    assert.deepEqual(await page(client, { before: 999, limit: 2 }), { texts: numbers(9, 10), more: true });
  });

  it('with after has the first ones behind that offset, and more says whether there are later ones', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 10);
    assert.deepEqual(await page(client, { limit: 3, after: 4 }), { texts: numbers(5, 7), more: true });
    assert.deepEqual(await page(client, { limit: 3, after: 7 }), { texts: numbers(8, 10), more: false });
    assert.deepEqual(await page(client, { after: 10 }), { texts: [], more: false });
  });

  it('is read to its beginning page by page', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 25);
    const all: string[] = [];
    let before: number | undefined;
    for (let more = true; more; ) {
      const answer = await client.ask({ type: 'chat.history', limit: 10, before }, { type: 'chat.history' });
      all.unshift(...answer.messages.map(({ text }: Frame) => text));
      before = answer.messages[0].offset;
      more = answer.more;
    }
    assert.deepEqual(all, numbers(1, 25));
  });

  it('has the messages sent just before it on the same connection', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    client.send(message('just sent'));
    assert.deepEqual((await page(client)).texts, ['just sent']);
  });

  it('has no message that was removed, and nobody is told of the removal', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    const { id } = await say(room, client, 'test', 'bad words');
    await say(room, client, 'test', 'good words');
    assert.equal((await fw.call('DELETE', `/api/channels/test/messages/${id}`)).status, 200);
    assert.deepEqual(await heard(room, client), []);
    assert.deepEqual(await page(client), { texts: ['good words'], more: false });
    assert.equal((await say(room, client, 'test', 'more')).offset, 4);
  });

  it('is forbidden to a token that may not read it', async () => {
    await using fw = await testServer();
    const token = { channels: { subscribe: ['test'], presence: ['test'] } };
    const client = await enter(fw, room, 'test', { token });
    client.send({ type: 'chat.history' });
    assert.equal((await client.next()).code, 'forbidden');
  });

  it('is kept for ever by default, and with HISTORY_TTL for so long', async () => {
    for (const [env, texts] of [
      [{}, ['old', 'new']],
      [{ HISTORY_TTL: '3600' }, ['new']],
    ] as const) {
      const clock = new FakeClock();
      await using fw = await testServer({ clock, env: { ...env, IDLE_TIMEOUT: '86400' } });
      const client = await enter(fw, room, 'test', { token: { ttlSeconds: 1e9 } });
      await say(room, client, 'test', 'old');
      clock.advance(3_600_000 - 1000);
      await say(room, client, 'test', 'new');
      clock.advance(2_000);
      assert.deepEqual((await page(client)).texts, texts);
    }
  });

  it('survives a restart of the server, and offsets go on', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
    let before: Frame;
    {
      await using fw = await testServer({ directory });
      before = await say(room, await enter(fw, room, 'test'), 'test', 'before');
    }
    {
      await using fw = await testServer({ directory });
      const client = await enter(fw, room, 'test', { user: 'u2' });
      const { messages } = await client.ask({ type: 'chat.history' }, { type: 'chat.history' });
      assert.deepEqual(messages, [before]);
      assert.equal((await say(room, client, 'test', 'after')).offset, 2);
    }
    rmSync(directory, { recursive: true });
  });
});
