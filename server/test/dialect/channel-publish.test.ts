import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Lives } from '../support/lives.ts';
import { type TestServer, testServer } from '../support/server.ts';

describe('an id published twice', () => {
  it('is answered by the first offset, as a duplicate, and is not delivered again', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const first = await client.publish('news', 'one', { id: 'mine' });
    await client.publish('news', 'two');
    const again = await client.publish('news', 'something else', { id: 'mine' });
    assert.deepEqual(again, { ...first, duplicate: true });
    assert.deepEqual(client.contents('news'), ['one', 'two']);
  });

  it('is one message even when both are under way at once', async () => {
    await using fw = await testServer();
    const [one, two] = [await ChannelClient.open(fw), await ChannelClient.open(fw)];
    await one.subscribe('news');
    const acks = await Promise.all([
      one.publish('news', 1, { id: 'mine' }),
      one.publish('news', 2, { id: 'mine' }),
      two.publish('news', 3, { id: 'mine' }),
    ]);
    assert.deepEqual(acks.map(({ offset, duplicate }) => [offset, duplicate]).sort(), [
      [1, false],
      [1, true],
      [1, true],
    ]);
    await one.settled();
    assert.equal(one.messages('news').length, 1);
  });

  it('counts for its channel alone', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1' });
    for (const channel of ['a', 'b']) {
      assert.equal((await client.publish(channel, 1, { id: 'mine' })).duplicate, false);
    }
    const direct = await client.ask('send_to_user', { user_id: 'u1', content: 1, id: 'mine' });
    assert.equal(direct.content.duplicate, false);
    const broadcast = await client.ask('message', { content: 1, id: 'mine' });
    assert.equal(broadcast.content.duplicate, false);
    for (const [action, data] of [
      ['send_to_user', { user_id: 'u1' }],
      ['message', {}],
    ] as const) {
      const again = await client.ask(action, { ...data, content: 1, id: 'mine' });
      assert.equal(again.content.duplicate, true);
    }
  });

  it('counts on every connection and way in of the same user', async () => {
    await using fw = await testServer();
    const visit = { user: 'u1' };
    const [one, two] = [await ChannelClient.open(fw, visit), await ChannelClient.open(fw, visit)];
    const { offset, epoch } = await one.publish('news', 1, { id: 'mine' });
    assert.equal((await two.publish('news', 2, { id: 'mine' })).duplicate, true);
    const { body } = await fw.call(
      'POST',
      '/ws/send-to-channel',
      { channel: 'news', message: { id: 'mine', content: 3 } },
      { authorization: `Bearer ${await fw.token('u1')}` },
    );
    assert.deepEqual(body, { ok: true, id: 'mine', channel: 'news', offset, epoch, duplicate: true });
  });

  it('is a duplicate also after the message has left the recovery window', async () => {
    await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '2' } });
    const client = await ChannelClient.open(fw);
    const first = await client.publish('news', 0, { id: 'mine' });
    await client.publishMany('news', 10);
    const { content } = await client.ask('history', { channel: 'news' });
    assert.ok(!content.messages.some(({ id }: { id: string }) => id === 'mine'));
    assert.deepEqual(await client.publish('news', 0, { id: 'mine' }), { ...first, duplicate: true });
  });

  for (const engine of ['sqlite', 'memory']) {
    it(`is a duplicate within IDEMPOTENCY_WINDOW, and a new message after it (${engine})`, async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock, env: { ENGINE: engine, IDEMPOTENCY_WINDOW: '50' } });
      const client = await ChannelClient.open(fw);
      await client.publish('news', 1, { id: 'mine' });
      clock.advance(49_999);
      assert.equal((await client.publish('news', 1, { id: 'mine' })).duplicate, true);
      clock.advance(1);
      const { offset, duplicate } = await client.publish('news', 1, { id: 'mine' });
      assert.deepEqual([offset, duplicate], [2, false]);
    });
  }

  it('is remembered over a restart with sqlite', async () => {
    using lives = new Lives();
    const publish = async (fw: TestServer) =>
      (await ChannelClient.open(fw)).publish('news', 1, { id: 'mine' });
    const { offset, epoch } = await lives.one(publish);
    const again = await lives.one(publish);
    assert.deepEqual(again, { id: 'mine', channel: 'news', offset, epoch, duplicate: true });
  });
});

describe('persist', () => {
  it('keeps a message beyond the recovery window', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { RECOVERY_WINDOW_TTL: '10' } });
    const client = await ChannelClient.open(fw);
    await client.publish('news', 'kept', { persist: true });
    await client.publish('news', 'passing', { persist: false });
    await client.publish('news', 'passing too');
    clock.advance(10_000);
    const { content } = await client.ask('history', { channel: 'news' });
    assert.deepEqual(
      content.messages.map((message: { content: unknown }) => message.content),
      ['kept'],
    );
    assert.equal(content.offset, 3);
  });

  it('is for HISTORY_TTL', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { RECOVERY_WINDOW_TTL: '10', HISTORY_TTL: '20' } });
    const client = await ChannelClient.open(fw);
    await client.publish('news', 'kept', { persist: true });
    const kept = async (): Promise<number> =>
      (await client.ask('history', { channel: 'news' })).content.messages.length;
    clock.advance(19_999);
    assert.equal(await kept(), 1);
    clock.advance(1);
    assert.equal(await kept(), 0);
  });
});

describe('content of every kind', () => {
  const kinds = [
    '"plain"',
    '""',
    '"escaped \\u00e4 \\ud83d\\ude00 \\" \\\\ \\/ \\n"',
    '"surrogate pair \\ud83d\\ude00"',
    '"null character \\u0000"',
    '"\u2028 \u2029 \ufeff 😀"',
    '0',
    '-0',
    '1.10',
    '12345678901234567890',
    '0.1000000000000000055511151231257827',
    '1e400',
    'true',
    'false',
    'null',
    '[]',
    '{}',
    '[1, [2, {"three":[null]}]]',
    '{"b":1,"a":2,"a":3}',
    '{"__proto__":{"polluted":true},"constructor":null,"toString":1}',
    '{"type":"ack","request_id":"r"}',
  ];

  for (const written of kinds) {
    it(`${written} reaches subscribers exactly as it was written`, async () => {
      await using fw = await testServer();
      const client = await ChannelClient.open(fw);
      await client.subscribe('news');
      const texts: string[] = [];
      client.socket.ws.on('message', (data) => texts.push(String(data)));
      client.socket.send(`{"action":"send_to_channel","data":{"channel":"news","content":${written}}}`);
      await client.reached('news', 1);
      await client.ask('history', { channel: 'news' });
      const [delivered = '', , history = ''] = texts;
      assert.ok(delivered.includes(`"channel":"news","content":${written},"sender":`), delivered);
      assert.ok(history.includes(delivered), history);
    });
  }

  it('may be nested up to 128 levels', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const send = (levels: number): void =>
      client.socket.send(
        `{"action":"send_to_channel","request_id":"${levels}","data":{"channel":"news","content":${nested(levels)}}}`,
      );
    send(129);
    const { content } = await client.socket.next({ request_id: '129' });
    assert.deepEqual(content, {
      type: 'bad_request',
      error: 'data.content is nested deeper than 128 levels',
      retryable: false,
    });
    send(128);
    assert.equal((await client.socket.next({ request_id: '128' })).type, 'ack');
    assert.deepEqual(JSON.stringify(client.contents('news')), `[${nested(128)}]`);
  });

  it('may be as long as a frame', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    const content = 'x'.repeat(65_000);
    await client.publish('news', content);
    assert.deepEqual(client.contents('news'), [content]);
  });

  it('over SSE_MAX_MESSAGE_SIZE is too_large, counted in bytes', async () => {
    await using fw = await testServer({ env: { SSE_MAX_MESSAGE_SIZE: '100' } });
    const client = await ChannelClient.open(fw);
    assert.equal((await client.publish('news', 'x'.repeat(98))).offset, 1);
    assert.equal(
      await client.refusal('send_to_channel', { channel: 'news', content: 'x'.repeat(99) }),
      'too_large',
    );
    assert.equal(
      await client.refusal('send_to_channel', { channel: 'news', content: 'ä'.repeat(50) }),
      'too_large',
    );
  });
});

describe('echo=false', () => {
  it('leaves out the own messages and nothing else', async () => {
    await using fw = await testServer();
    const quiet = await ChannelClient.open(fw, { user: 'u1', query: 'echo=false' });
    const other = await ChannelClient.open(fw, { user: 'u1' });
    await quiet.subscribe('news');
    await other.subscribe('news');
    for (const content of [1, 3, 5]) {
      await quiet.publish('news', content);
      await other.publish('news', content + 1);
    }
    await quiet.ask('message', { content: 'all' });
    await quiet.ask('send_to_user', { user_id: 'u1', content: 'me' });
    await Promise.all([quiet.settled(), other.settled()]);
    assert.deepEqual(quiet.offsets('news'), [2, 4, 6]);
    assert.deepEqual(quiet.contents('$all'), []);
    assert.deepEqual(quiet.contents('$user:u1'), []);
    assert.deepEqual(other.offsets('news'), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(other.contents('$all'), ['all']);
    assert.deepEqual(other.contents('$user:u1'), ['me']);
  });

  it('holds among messages of one and the same tick', async () => {
    await using fw = await testServer();
    const quiet = await ChannelClient.open(fw, { query: 'echo=0' });
    const other = await ChannelClient.open(fw);
    await quiet.subscribe('news');
    await Promise.all([quiet.publishMany('news', 50), other.publishMany('news', 50)]);
    await Promise.all([quiet.settled(), other.settled()]);
    const senders = quiet.messages('news').map(({ sender }) => sender.connection_id);
    assert.deepEqual(senders, Array(50).fill(other.id));
    assert.deepEqual(
      quiet.contents('news'),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });
});
