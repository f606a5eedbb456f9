import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fanwire, type PublishOptions, version } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { type Embedded, embedded } from '../support/embedded.ts';
import { listenEverywhere } from '../support/listeners.ts';
import { failsWith } from '../support/rejections.ts';
import type { Frame } from '../support/socket-client.ts';

/** A value that a program without types may hand over. */
function untyped<T>(value: unknown): T {
  return value as T;
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

/** Everybody's clients, one in each dialect, the user `u1` signed in on each of them. */
async function everyClient(fw: Embedded) {
  const visit = { user: 'u1' };
  const [relayed, roomed, chatting] = [
    await enter(fw, relay, 'lobby', visit),
    await enter(fw, room, 'lobby', visit),
    await enter(fw, chat, 'lobby', visit),
  ];
  const native = await ChannelClient.open(fw, visit);
  const stream = await fw.stream(`/sse/connect?token=${await fw.token('u1')}`);
  await stream.next('connected');
  // Its own channel comes a moment after the greeting: a subscription to it is answered behind that.
  await native.subscribe('$user:u1');
  return { relayed, roomed, chatting, native, stream };
}

async function pageOf(fanwire: Fanwire, channel: string): Promise<readonly Frame[]> {
  const { messages } = await fanwire.history(channel, { limit: 100 });
  return messages;
}

describe('publish', () => {
  it('reaches subscribers of every dialect in the form of each', async () => {
    await using fw = await embedded();
    const listeners = await listenEverywhere(fw, 'news');
    const { id, epoch, time } = await fw.fanwire.publish('news', { text: 'hello', more: [1] });
    const shown = new Map<string, Frame>();
    for (const listener of listeners) shown.set(listener.dialect, (await listener.received(1))[0]);
    const ts = time / 1000;
    const native = {
      type: 'text',
      id,
      channel: 'news',
      content: { text: 'hello', more: [1] },
      sender: null,
      timestamp: time,
      offset: 1,
      epoch,
    };
    assert.deepEqual(Object.fromEntries(shown), {
      relay: { type: 'message', payload: { text: 'hello', more: [1] }, room: 'news', from: null, id, ts },
      room: { type: 'chat.delivery', room: 'news', user: null, text: 'hello', id, ts, offset: 1 },
      channel: native,
      chat: { action: 'message', room: 'news', user: null, text: 'hello', id, ts, offset: 1 },
      events: native,
    });
  });

  it('resolves to the receipt, once subscribers have been sent the message', async () => {
    await using fw = await embedded();
    const before = Date.now();
    const receipt = await fw.fanwire.publish('news', 'hello');
    assert.deepEqual(Object.keys(receipt).sort(), ['channel', 'duplicate', 'epoch', 'id', 'offset', 'time']);
    assert.match(receipt.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.deepEqual([receipt.channel, receipt.offset, receipt.duplicate], ['news', 1, false]);
    assert.ok(receipt.time >= before && receipt.time <= Date.now());
    assert.equal((await fw.fanwire.publish('news', 'hello')).offset, 2);
  });

  it('keeps the order of the calls', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const contents = Array.from({ length: 200 }, (_, at) => at);
    const receipts = await Promise.all(contents.map((content) => fw.fanwire.publish('news', content)));
    assert.deepEqual(
      receipts.map(({ offset }) => offset),
      contents.map((at) => at + 1),
    );
    await client.reached('news', 200);
    assert.deepEqual(client.contents('news'), contents);
  });

  it('takes any value that has a JSON text', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const values: readonly unknown[] = [
      null,
      false,
      0,
      '',
      'a\nb\u2028',
      [],
      {},
      { toJSON: () => 'own' },
      new Date(0),
      nested(128),
      Number.NaN,
    ];
    for (const value of values) await fw.fanwire.publish('news', value);
    await client.reached('news', values.length);
    assert.deepEqual(
      client.contents('news'),
      values.map((value) => JSON.parse(JSON.stringify(value))),
    );
  });

  it('gives the message the type that is asked for', async () => {
    await using fw = await embedded();
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    await fw.fanwire.publish('news', 1, { type: 'price' });
    assert.equal((await stream.next('price')).data.content, 1);
  });

  it('recognises an id that was published before', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const first = await fw.fanwire.publish('news', 'one', { id: 'order-1' });
    const again = await fw.fanwire.publish('news', 'two', { id: 'order-1' });
    const other = await fw.fanwire.publish('alerts', 'three', { id: 'order-1' });
    assert.equal(first.id, 'order-1');
    assert.deepEqual(again, { ...first, duplicate: true });
    assert.deepEqual([other.offset, other.duplicate], [1, false]);
    await fw.fanwire.publish('news', 'four');
    await client.reached('news', 2);
    assert.deepEqual(client.contents('news'), ['one', 'four']);
  });

  it('keeps a message for history only where it is told to', async () => {
    await using fw = await embedded();
    await fw.fanwire.publish('news', 'kept', { persist: true });
    await fw.fanwire.publish('news', 'passing');
    const { messages } = await fw.fanwire.history('news', { limit: 10, persisted: true });
    assert.deepEqual(
      messages.map(({ data, persist }) => [data, persist]),
      [['"kept"', true]],
    );
    assert.equal((await pageOf(fw.fanwire, 'news')).length, 2);
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const throwing = {
    toJSON: () => {
      throw new Error('no');
    },
  };
  const refusals: readonly [string, string, unknown, PublishOptions, string, RegExp][] = [
    ['no name', '', 1, {}, 'bad_request', /^channel: must not be empty/],
    ['a reserved name', '$all', 1, {}, 'forbidden', /^channel: .*reserved/],
    ["a user's channel", '$user:u1', 1, {}, 'forbidden', /^channel: /],
    ['a name that is too long', 'x'.repeat(256), 1, {}, 'bad_request', /^channel: at most 255/],
    ['a name with a control character', 'a\nb', 1, {}, 'bad_request', /^channel: /],
    ['a name that is no text', untyped(7), 1, {}, 'bad_request', /^channel: a string is expected/],
    ['undefined', 'news', undefined, {}, 'bad_request', /^data: a JSON value is required, not undefined/],
    ['a function', 'news', () => 1, {}, 'bad_request', /^data: a JSON value is required, not function/],
    ['a symbol', 'news', Symbol('s'), {}, 'bad_request', /^data: a JSON value is required, not symbol/],
    ['a BigInt', 'news', { n: 1n }, {}, 'bad_request', /^data: has no JSON: .*BigInt/],
    ['a circle', 'news', circular, {}, 'bad_request', /^data: has no JSON: .*circular/i],
    ['a toJSON that throws', 'news', throwing, {}, 'bad_request', /^data: has no JSON: no$/],
    ['what is nested too deep', 'news', nested(129), {}, 'bad_request', /^data is nested deeper than 128/],
    ['an empty type', 'news', 1, { type: '' }, 'bad_request', /^type: /],
    ['a type that is too long', 'news', 1, { type: 'x'.repeat(65) }, 'bad_request', /^type: at most 64/],
    ["the server's own type", 'news', 1, { type: 'deleted' }, 'bad_request', /^type: /],
    ['an empty id', 'news', 1, { id: '' }, 'bad_request', /^id: /],
    ['an id that is too long', 'news', 1, { id: 'x'.repeat(129) }, 'bad_request', /^id: at most 128/],
    ['an id that is no text', 'news', 1, { id: untyped(1) }, 'bad_request', /^id: /],
  ];
  it('refuses what cannot be published, and keeps nothing of it', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    for (const [title, channel, data, options, code, message] of refusals) {
      const error = await failsWith(fw.fanwire.publish(channel, data, options), code);
      assert.match(error.message, message, title);
    }
    const { offset } = await fw.fanwire.publish('news', 'first');
    assert.equal(offset, 1);
    await client.reached('news', 1);
    assert.deepEqual(client.contents('news'), ['first']);
    assert.deepEqual(log(fw), []);
  });

  it('refuses data over the limit, counted in bytes', async () => {
    await using fw = await embedded({ sse: { maxMessageSize: 100 } });
    assert.equal((await fw.fanwire.publish('news', 'x'.repeat(98))).offset, 1);
    assert.equal((await fw.fanwire.publish('news', 'é'.repeat(49))).offset, 2);
    const error = await failsWith(fw.fanwire.publish('news', 'x'.repeat(99)), 'too_large');
    assert.match(error.message, /at most 100 bytes/);
    await failsWith(fw.fanwire.publish('news', 'é'.repeat(50)), 'too_large');
    await failsWith(fw.fanwire.broadcast({ content: 'x'.repeat(99) }), 'too_large');
    assert.equal((await fw.fanwire.publish('news', 1)).offset, 3);
  });
});

function log(fw: Embedded): unknown[] {
  return fw.log.inbox.all;
}

describe('broadcast', () => {
  it('reaches every connection of every dialect', async () => {
    await using fw = await embedded();
    const { relayed, roomed, chatting, native, stream } = await everyClient(fw);
    const receipt = await fw.fanwire.broadcast({ content: { text: 'noon' } });
    assert.deepEqual([receipt.channel, receipt.offset], ['$all', 1]);
    assert.deepEqual((await relayed.next({ room: '$all' })).payload, { text: 'noon' });
    assert.equal((await roomed.next({ room: '$all' })).text, 'noon');
    assert.equal((await chatting.next({ room: '$all' })).text, 'noon');
    const frame = await native.socket.next({ channel: '$all' });
    assert.deepEqual([frame.type, frame.content, frame.sender], ['broadcast', { text: 'noon' }, null]);
    assert.deepEqual((await stream.next('broadcast')).data, frame);
  });

  it('takes another type, an id, and persist', async () => {
    await using fw = await embedded();
    const message = { content: 1, type: 'alarm', id: 'b1', persist: true };
    await fw.fanwire.broadcast(message);
    assert.equal((await fw.fanwire.broadcast(message)).duplicate, true);
    const client = await ChannelClient.open(fw);
    await client.subscribe('$all', { history: 10 });
    await client.reached('$all', 1);
    assert.deepEqual(
      client.messages('$all').map(({ type, id }) => [type, id]),
      [['alarm', 'b1']],
    );
  });

  it('refuses content that has no JSON', async () => {
    await using fw = await embedded();
    await failsWith(fw.fanwire.broadcast({ content: undefined }), 'bad_request');
    await failsWith(fw.fanwire.broadcast(untyped({})), 'bad_request');
  });
});

describe('sendToUser', () => {
  it('reaches every connection of that user, and nobody else', async () => {
    await using fw = await embedded();
    const { relayed, roomed, chatting, native, stream } = await everyClient(fw);
    const other = await ChannelClient.open(fw, { user: 'u2' });
    await other.subscribe('$user:u2');
    const receipt = await fw.fanwire.sendToUser('u1', { content: { text: 'psst' } });
    assert.deepEqual([receipt.channel, receipt.offset], ['$user:u1', 1]);
    assert.deepEqual((await relayed.next({ room: '$user:u1' })).payload, { text: 'psst' });
    assert.equal((await roomed.next({ room: '$user:u1' })).text, 'psst');
    assert.equal((await chatting.next({ room: '$user:u1' })).text, 'psst');
    const frame = await native.socket.next({ channel: '$user:u1' });
    assert.deepEqual([frame.type, frame.content], ['direct', { text: 'psst' }]);
    assert.deepEqual((await stream.next('direct')).data, frame);
    await other.settled();
    assert.deepEqual(other.messages('$user:u1'), []);
  });

  it('refuses a user that nobody can be', async () => {
    await using fw = await embedded();
    for (const user of ['', 'x'.repeat(251), 'a\u0000b', untyped<string>(null)]) {
      await failsWith(fw.fanwire.sendToUser(user, { content: 1 }), 'bad_request');
    }
  });

  it('takes a user like no other', async () => {
    await using fw = await embedded();
    for (const user of ['__proto__', 'x'.repeat(250), '*', '$all', 'ü 💬']) {
      const client = await ChannelClient.open(fw, { user });
      await client.subscribe(`$user:${user}`);
      await fw.fanwire.sendToUser(user, { content: user });
      await client.reached(`$user:${user}`, 1);
      assert.deepEqual(client.contents(`$user:${user}`), [user]);
    }
  });
});

describe('sendToChannel', () => {
  it('is publish in the form of the older servers', async () => {
    await using fw = await embedded();
    const message = { content: 'hello', type: 'note', id: 'i1', persist: true };
    const receipt = await fw.fanwire.sendToChannel('news', message);
    assert.deepEqual([receipt.channel, receipt.id, receipt.offset], ['news', 'i1', 1]);
    const [kept] = await pageOf(fw.fanwire, 'news');
    assert.deepEqual([kept.type, kept.data, kept.persist, kept.sender], ['note', '"hello"', true, null]);
    await failsWith(fw.fanwire.sendToChannel('$all', { content: 1 }), 'forbidden');
    await failsWith(fw.fanwire.sendToChannel('news', { content: undefined }), 'bad_request');
  });

  it('has the default type of publish', async () => {
    await using fw = await embedded();
    await fw.fanwire.sendToChannel('news', { content: 1 });
    assert.equal((await pageOf(fw.fanwire, 'news'))[0].type, 'text');
  });
});

describe('version', () => {
  it('is the one of the package', () => assert.match(version, /^\d+\.\d+\.\d+/));
});
