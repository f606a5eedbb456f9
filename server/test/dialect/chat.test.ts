import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { oddNames } from '../support/canonical.ts';
import { chat, enter, fails, heard, open, relay, room, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const general = 'general';
const joining = (client: SocketClient, name = general): Promise<Frame> =>
  client.ask({ action: 'join', room: name }, { action: 'joined', room: name });
const send = (text: string, more: object = {}) => ({ action: 'message', room: general, text, ...more });
const texts = (messages: Frame[]): string[] => messages.map(({ text }) => text);
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);

const connect = (fw: TestServer, query = ''): Promise<SocketClient> => fw.socket(`/${query}`);

/** A client in the room after `count` messages of its own, numbered from 1. */
async function filled(fw: TestServer, count: number): Promise<SocketClient> {
  const client = await enter(fw, chat, general);
  for (let n = 1; n <= count; n++) client.send(send(`${n}`));
  await client.next({ text: `${count}` });
  return client;
}

describe('chat: join', () => {
  it('is answered by joined: the room, who one is, how many are there, and the last messages', async () => {
    await using fw = await testServer();
    const first = await connect(fw, '?name=ann');
    assert.deepEqual(await joining(first), {
      action: 'joined',
      room: general,
      user: 'ann',
      members: 1,
      history: [],
    });
    const messages = [await say(chat, first, general, 'one'), await say(chat, first, general, 'two')];
    assert.deepEqual(await joining(await connect(fw, '?name=bob')), {
      action: 'joined',
      room: general,
      user: 'bob',
      members: 2,
      history: messages,
    });
  });

  it('has the last 50 messages, oldest first', async () => {
    await using fw = await testServer();
    await filled(fw, 60);
    const { history } = await joining(await connect(fw));
    assert.deepEqual(texts(history), numbers(11, 60));
  });

  it('has CHAT_HISTORY_ON_JOIN of them; 0 is none', async () => {
    for (const count of [0, 1, 3]) {
      await using fw = await testServer({ env: { CHAT_HISTORY_ON_JOIN: String(count) } });
      await filled(fw, 4);
      const { history } = await joining(await connect(fw));
      assert.deepEqual(texts(history), numbers(5 - count, 4));
    }
  });

  it('has no history for a token that may not read it', async () => {
    await using fw = await testServer();
    await filled(fw, 2);
    const client = await open(fw, chat, '', {
      user: 'ann',
      token: { channels: { subscribe: [general] } },
    });
    assert.deepEqual((await joining(client)).history, []);
  });

  it('the messages after it arrive, with nothing missing and nothing twice', async () => {
    await using fw = await testServer();
    const writer = await enter(fw, chat, general);
    const clients = [];
    for (let n = 1; n <= 20; n++) {
      for (let burst = 1; burst <= 5; burst++) writer.send(send(`${n}.${burst}`));
      clients.push(await connect(fw));
      clients.at(-1)?.send({ action: 'join', room: general });
    }
    const last = await say(chat, writer, general, 'last');
    for (const client of clients) {
      const { history } = await client.next({ action: 'joined' });
      const lives = () => client.inbox.all.filter(({ action }) => action === 'message');
      const got = (): number[] => [...history, ...lives()].map(({ offset }) => offset);
      // Who joined last may have it in the history.
      await client.inbox.until(() => got().at(-1) === last.offset);
      const offsets = got();
      assert.deepEqual(
        offsets,
        offsets.map((_, index) => last.offset - offsets.length + 1 + index),
      );
      assert.ok(offsets.length >= 50);
    }
  });

  it('counts a user once, however many connections, in any dialect', async () => {
    await using fw = await testServer();
    await enter(fw, chat, general, { user: 'ann' });
    await enter(fw, room, general, { user: 'ann' });
    await enter(fw, relay, general, { user: 'rob' });
    await enter(fw, relay, general);
    const { members } = await joining(await connect(fw, '?name=bob'));
    assert.equal(members, 3);
  });

  it('of two rooms makes one connection hear both', async () => {
    await using fw = await testServer();
    const client = await connect(fw);
    for (const name of [general, 'random']) await joining(client, name);
    for (const name of [general, 'random']) await say(chat, client, name, `to ${name}`);
  });

  it('again is answered by joined again, and messages still come once', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 2);
    const { history, ...joined } = await joining(client);
    assert.deepEqual(texts(history), ['1', '2']);
    assert.equal(joined.room, general);
    await say(chat, client, general, 'hi');
    assert.deepEqual(await heard(chat, client), []);
  });

  it('again says how many are there', async () => {
    await using fw = await testServer();
    const client = await enter(fw, chat, general);
    await enter(fw, chat, general);
    assert.equal((await joining(client)).members, 2);
  });

  it('takes any name', async () => {
    await using fw = await testServer();
    const client = await connect(fw);
    for (const name of oddNames) {
      assert.equal((await joining(client, name)).members, 1);
      await say(chat, client, name, `to ${name}`);
      await client.ask({ action: 'leave', room: name }, { action: 'left', room: name });
    }
  });

  it('of more rooms than MAX_CHANNELS_PER_CONNECTION is limit_reached', async () => {
    await using fw = await testServer({ env: { MAX_CHANNELS_PER_CONNECTION: '5' } });
    const client = await connect(fw);
    let answer: Frame = { action: 'joined' };
    let joined = -1;
    for (; answer.action === 'joined'; joined++) {
      answer = await client.ask({ action: 'join', room: `r${joined}` }, {});
    }
    assert.equal(answer.code, 'limit_reached');
    assert.ok(joined >= 1 && joined <= 5, `${joined}`);
  });
});

describe('chat: message', () => {
  it('goes to all in the room, the sender included', async () => {
    await using fw = await testServer({ clock: new FakeClock(1_690_000_000_123) });
    const [ann, bob] = [await connect(fw, '?name=ann'), await connect(fw, '?name=bob')];
    for (const client of [bob, ann]) await joining(client);
    const elsewhere = await enter(fw, chat, 'random');
    ann.send(send('hi'));
    const frame = await ann.next();
    assert.match(frame.id, uuid);
    assert.deepEqual(frame, {
      action: 'message',
      room: general,
      user: 'ann',
      text: 'hi',
      id: frame.id,
      ts: 1_690_000_000.123,
      offset: 1,
    });
    assert.deepEqual(await bob.next({ action: 'message' }), frame);
    assert.deepEqual(await heard(chat, elsewhere), []);
  });

  it('needs no waiting for joined', async () => {
    await using fw = await testServer();
    const client = await connect(fw);
    client.send({ action: 'join', room: general });
    client.send(send('hi'));
    assert.equal((await client.next()).action, 'joined');
    assert.equal((await client.next()).text, 'hi');
  });

  it('and then leave: the message is heard before left', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await enter(fw, chat, general), await enter(fw, chat, general)];
    await heard(chat, ann);
    for (const frame of [send('one'), send('bye'), { action: 'leave', room: general }]) ann.send(frame);
    assert.deepEqual(
      [await ann.next(), await ann.next(), await ann.next()].map(({ action, text }) => text ?? action),
      ['one', 'bye', 'left'],
    );
    await bob.next({ text: 'bye' });
    await bob.next({ action: 'user_left' });
  });

  it('to a room that was not joined is not_subscribed', async () => {
    await using fw = await testServer();
    const [client, other] = [await connect(fw), await enter(fw, chat, general)];
    client.send(send('hi'));
    await fails(chat, client, 'not_subscribed');
    assert.deepEqual(await heard(chat, other), []);
  });

  it('with an id that the room had is not delivered again', async () => {
    await using fw = await testServer();
    const client = await enter(fw, chat, general);
    for (const text of ['first', 'second']) client.send(send(text, { id: 'm1' }));
    const { id, text } = await client.next();
    assert.deepEqual([id, text], ['m1', 'first']);
    assert.deepEqual(await heard(chat, client), []);
  });

  it('carries any text up to the size of a frame', async () => {
    await using fw = await testServer();
    const client = await enter(fw, chat, general);
    for (const text of ['x', 'x'.repeat(60_000), ' \n\u0000', '{"a":1}', '💬\ud83d\ude00']) {
      client.send(send(text));
      assert.equal((await client.next()).text, text);
    }
  });

  it('has at most 65536 characters, where frames may be that large', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MAX_MESSAGE_SIZE: '200000' } });
    const client = await enter(fw, chat, general);
    client.send(send('x'.repeat(65_537)));
    assert.match(await fails(chat, client, 'bad_request'), /^text: /);
    client.send(send('ü'.repeat(65_536)));
    assert.equal((await client.next()).text.length, 65_536);
  });

  it('of another dialect is an ordinary one', async () => {
    await using fw = await testServer();
    const client = await enter(fw, chat, general);
    const rob = await enter(fw, relay, general);
    const ann = await enter(fw, room, general, { user: 'ann' });
    const { from } = await say(relay, rob, general, 'by relay');
    await say(room, ann, general, 'by room');
    const content = { a: 1 };
    await fw.call('POST', '/ws/send-to-channel', { channel: general, message: { content } });
    const got = [];
    for (let n = 0; n < 3; n++) got.push(await client.next({ action: 'message' }));
    assert.deepEqual(
      got.map(({ user, text, offset }) => [user, text, offset]),
      [
        [from, 'by relay', 1],
        ['ann', 'by room', 2],
        [null, '{"a":1}', 3],
      ],
    );
  });
});

describe('chat: leave', () => {
  it('is answered by left, and nothing more comes', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await enter(fw, chat, general), await enter(fw, chat, general)];
    await heard(chat, ann);
    ann.send({ action: 'leave', room: general });
    assert.deepEqual(await ann.next(), { action: 'left', room: general });
    await say(chat, bob, general, 'without you');
    assert.deepEqual(await heard(chat, ann), []);
  });

  it('of a room that was not joined is not_subscribed', async () => {
    await using fw = await testServer();
    const client = await connect(fw);
    client.send({ action: 'leave', room: general });
    await fails(chat, client, 'not_subscribed');
  });
});

describe('chat: history', () => {
  const page = (client: SocketClient, query: object = {}): Promise<Frame> =>
    client.ask({ action: 'history', room: general, ...query }, { action: 'history' });

  it('is answered by the messages themselves, oldest first', async () => {
    await using fw = await testServer();
    const client = await enter(fw, chat, general);
    const messages = [await say(chat, client, general, 'one'), await say(chat, client, general, 'two')];
    assert.deepEqual(await page(client), { action: 'history', room: general, messages, more: false });
  });

  const pages: [object, string[], boolean][] = [
    [{}, numbers(11, 60), true],
    [{ limit: 3 }, numbers(58, 60), true],
    [{ limit: 60 }, numbers(1, 60), false],
    [{ before: 7, limit: 4 }, numbers(3, 6), true],
    [{ before: 5, limit: 4 }, numbers(1, 4), false],
    [{ before: 1 }, [], false],
    [{ before: null, limit: null }, numbers(11, 60), true],
    [{ after: 4, limit: 3 }, numbers(5, 7), true],
    [{ after: 58, limit: 3 }, numbers(59, 60), false],
  ];
  it('is paged by before, after and limit; more says whether there are more in that direction', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 60);
    for (const [query, expected, more] of pages) {
      const answer = await page(client, query);
      assert.deepEqual([texts(answer.messages), answer.more], [expected, more], JSON.stringify(query));
    }
  });

  it('can be read without joining', async () => {
    await using fw = await testServer();
    await filled(fw, 2);
    assert.deepEqual(texts((await page(await connect(fw))).messages), ['1', '2']);
  });

  it('has no message that was removed, nor has joined', async () => {
    await using fw = await testServer();
    const client = await filled(fw, 3);
    const { messages } = await page(client);
    await fw.call('DELETE', `/api/channels/${general}/messages/${messages[1].id}`);
    assert.deepEqual(await heard(chat, client), []);
    assert.deepEqual(texts((await page(client)).messages), ['1', '3']);
    assert.deepEqual(texts((await joining(await connect(fw))).history), ['1', '3']);
    await fw.call('DELETE', `/api/channels/${general}/messages`);
    assert.deepEqual((await page(client)).messages, []);
  });

  it('survives a restart of the server', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
    const sent: Frame[] = [];
    {
      await using fw = await testServer({ directory });
      const client = await enter(fw, chat, general);
      for (const text of ['one', 'two']) sent.push(await say(chat, client, general, text));
    }
    {
      await using fw = await testServer({ directory });
      const client = await connect(fw);
      assert.deepEqual((await joining(client)).history, sent);
      assert.deepEqual((await page(client)).messages, sent);
      assert.equal((await say(chat, client, general, 'three')).offset, 3);
    }
    rmSync(directory, { recursive: true });
  });

  it('is in the file chat.db in readable columns, and relay messages are not kept there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
    const clock = new FakeClock();
    {
      await using fw = await testServer({ directory, clock, env: { PONG_TIMEOUT_SEC: '9999' } });
      await say(chat, await enter(fw, chat, general, { query: '&name=ann' }), general, 'to stay');
      await say(relay, await enter(fw, relay, general), general, 'passing');
      clock.advance(700_000);
    }
    const database = new DatabaseSync(join(directory, 'chat.db'), { readOnly: true });
    const rows = database.prepare("SELECT * FROM messages WHERE channel NOT LIKE '$%'").all();
    database.close();
    assert.deepEqual(
      rows.map(({ channel, user, data, type }) => [channel, user, data, type]),
      [[general, 'ann', '"to stay"', 'text']],
    );
    rmSync(directory, { recursive: true });
  });
});
