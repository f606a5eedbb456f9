import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FanwireError, type PublishedMessage, type Receipt } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { embedded } from '../support/embedded.ts';
import { Inbox } from '../support/inbox.ts';
import { onMessage } from '../support/layers.ts';
import { waysIn } from '../support/ways-in.ts';

describe('middleware around messages', () => {
  for (const way of waysIn) {
    it(`is passed by ${way.name}`, async () => {
      await using fw = await embedded();
      const seen: unknown[] = [];
      const messages = new Inbox<PublishedMessage>('messages');
      fw.fanwire.on('message', (message) => messages.put(message));
      fw.fanwire.use(
        onMessage(async (context, next) => {
          const { kind, via, channel, type, persist, data, receipt } = context;
          seen.push({ kind, via, channel, type, persist, data, receipt });
          if (JSON.stringify(data).includes('stop')) throw new FanwireError('rate_limited', 'not so fast');
          if (JSON.stringify(data).includes('break')) throw new Error('a fault of the application');
          if (JSON.stringify(data).includes('drop')) return;
          if (JSON.stringify(data).includes('change')) {
            context.data = 'changed';
            context.type = 'edited';
            context.persist = !persist;
          }
          await next();
        }),
      );
      const send = await way.open(fw);
      const { kind, via, channel, type, persist } = { kind: 'message', ...way };
      assert.equal(await send('pass'), null);
      assert.deepEqual(seen, [{ kind, via, channel, type, persist, data: way.data('pass'), receipt: null }]);
      assert.deepEqual((await messages.next()).data, way.data('pass'));
      assert.equal(await send('stop'), 'rate_limited');
      assert.equal(await send('drop'), 'forbidden');
      assert.deepEqual(fw.log.messages, []);
      assert.equal(await send('break'), 'internal');
      assert.deepEqual(fw.log.messages, ['a fault of the application']);
      assert.equal(await send('change'), null);
      const changed = await messages.next();
      assert.deepEqual(
        [changed.data, changed.type, changed.persist, changed.channel, changed.offset],
        ['changed', 'edited', !persist, channel, 2],
      );
      assert.equal(messages.all.length, 2);
    });
  }

  it('knows who sent the message, and its id', async () => {
    await using fw = await embedded();
    const seen: unknown[] = [];
    fw.fanwire.use(
      onMessage(({ sender, id }, next) => {
        seen.push([sender?.user ?? null, sender?.client ?? null, id]);
        return next();
      }),
    );
    const client = await ChannelClient.open(fw, { user: 'u1' });
    await client.publish('news', 1, { id: 'i1' });
    const relayed = await fw.socket('/ws?room=lobby&client_id=c7');
    relayed.send(relay.message('lobby', 'hello'));
    await relayed.next({ type: 'message' });
    await fw.call('POST', '/api/publish', { channel: 'news', data: 1, id: 'i2' });
    assert.deepEqual(seen, [
      ['u1', null, 'i1'],
      [null, 'c7', undefined],
      [null, null, 'i2'],
    ]);
  });

  it('is not passed by what the program itself publishes', async () => {
    await using fw = await embedded();
    let passed = 0;
    fw.fanwire.use(
      onMessage(() => {
        passed++;
      }),
    );
    await fw.fanwire.publish('news', 1);
    await fw.fanwire.broadcast({ content: 1 });
    await fw.fanwire.sendToUser('u1', { content: 1 });
    await fw.fanwire.sendToChannel('news', { content: 1 });
    await fw.fanwire.disconnectUser('u1');
    assert.equal(passed, 0);
  });

  it('is not asked about what the gate refuses', async () => {
    await using fw = await embedded();
    let passed = 0;
    fw.fanwire.use(
      onMessage((_context, next) => {
        passed++;
        return next();
      }),
    );
    const client = await ChannelClient.open(fw, { user: 'u1', wishes: { channels: ['news'] } });
    assert.equal(await client.refusal('send_to_channel', { channel: 'other', content: 1 }), 'forbidden');
    assert.equal(await client.refusal('send_to_channel', { channel: 'news' }), 'bad_request');
    assert.equal(passed, 0);
    await client.publish('news', 1);
    assert.equal(passed, 1);
  });

  it('works in layers, the first one outermost', async () => {
    await using fw = await embedded();
    const steps: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      fw.fanwire.use(
        onMessage(async (context, next) => {
          steps.push(`${name} in ${String(context.data)} ${String(context.state.last)}`);
          context.data = `${String(context.data)}${name}`;
          context.state.last = name;
          await next();
          steps.push(`${name} out ${context.receipt?.offset}`);
        }),
      );
    }
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.publish('news', '');
    await client.reached('news', 1);
    assert.deepEqual(client.contents('news'), ['abc']);
    await client.settled();
    assert.deepEqual(steps, ['a in  undefined', 'b in a a', 'c in ab b', 'c out 1', 'b out 1', 'a out 1']);
  });

  it('has a state of its own for each message', async () => {
    await using fw = await embedded();
    const states = new Set<object>();
    fw.fanwire.use(
      onMessage((context, next) => {
        assert.deepEqual(context.state, {});
        context.state.seen = true;
        states.add(context.state);
        return next();
      }),
    );
    const client = await ChannelClient.open(fw);
    await client.publishMany('news', 3);
    assert.equal(states.size, 3);
  });

  it('does not reach the message when an outer layer refuses', async () => {
    await using fw = await embedded();
    let reached = 0;
    fw.fanwire.use(onMessage(() => {})).use(onMessage(() => reached++));
    const client = await ChannelClient.open(fw);
    assert.equal(await client.refusal('send_to_channel', { channel: 'news', content: 1 }), 'forbidden');
    assert.equal(reached, 0);
  });

  it('tells an outer layer what an inner one threw', async () => {
    await using fw = await embedded();
    const caught: unknown[] = [];
    fw.fanwire
      .use(
        onMessage(async (_context, next) => {
          await next().catch((thrown) => {
            caught.push(thrown);
            throw new FanwireError('too_large', 'translated');
          });
        }),
      )
      .use(
        onMessage(() => {
          throw new Error('inner');
        }),
      );
    const client = await ChannelClient.open(fw);
    assert.equal(await client.refusal('send_to_channel', { channel: 'news', content: 1 }), 'too_large');
    assert.deepEqual(
      caught.map((thrown) => (thrown as Error).message),
      ['inner'],
    );
    assert.deepEqual(fw.log.messages, []);
  });

  it('holds for connections that were there before', async () => {
    await using fw = await embedded();
    const client = await ChannelClient.open(fw);
    await client.publish('news', 1);
    fw.fanwire.use(onMessage(() => {}));
    assert.equal(await client.refusal('send_to_channel', { channel: 'news', content: 2 }), 'forbidden');
  });
});

describe('a refusal by middleware', () => {
  it('carries the client’s reference, and the message of a FanwireError', async () => {
    await using fw = await embedded();
    fw.fanwire.use(
      onMessage(() => {
        throw new FanwireError('limit_reached', 'mind your words');
      }),
    );
    const native = await ChannelClient.open(fw);
    const answer = await native.ask('send_to_channel', { channel: 'lobby', content: 1 });
    assert.deepEqual(answer.content, { type: 'limit_reached', error: 'mind your words', retryable: true });
    const roomed = await enter(fw, room, 'lobby');
    const refusal = await roomed.ask(
      { type: 'chat.message', text: 'x', ref: 'r7' },
      { type: 'system.error' },
    );
    assert.deepEqual(refusal, {
      type: 'system.error',
      code: 'limit_reached',
      message: 'mind your words',
      ref: 'r7',
    });
    const chatting = await enter(fw, chat, 'lobby');
    assert.deepEqual(await chatting.ask(chat.message('lobby', 'x'), { action: 'error' }), {
      action: 'error',
      code: 'limit_reached',
      message: 'mind your words',
      room: 'lobby',
    });
    const { status, body } = await fw.call('POST', '/ws/broadcast', { message: { content: 1 } });
    assert.deepEqual([status, body], [429, { error: { code: 'limit_reached', message: 'mind your words' } }]);
  });

  it('has the status and the details of its FanwireError over HTTP', async () => {
    await using fw = await embedded();
    fw.fanwire.use(
      onMessage(() => {
        throw new FanwireError('forbidden', 'no', { status: 451, details: { law: 1 } });
      }),
    );
    const { status, body } = await fw.call('POST', '/api/publish', { channel: 'news', data: 1 });
    assert.deepEqual(
      [status, body],
      [451, { error: { code: 'forbidden', message: 'no', details: { law: 1 } } }],
    );
  });

  for (const thrown of [new Error('secret detail'), 'secret detail', undefined, null, { secret: 'detail' }]) {
    it(`tells nothing of ${String(thrown)} but that it is internal`, async () => {
      await using fw = await embedded();
      fw.fanwire.use(
        onMessage(() => {
          throw thrown;
        }),
      );
      const client = await ChannelClient.open(fw);
      const { content } = await client.ask('send_to_channel', { channel: 'news', content: 1 });
      assert.equal(content.type, 'internal');
      const { status, body } = await fw.call('POST', '/api/publish', { channel: 'news', data: 1 });
      assert.equal(status, 500);
      assert.equal(body.error.code, 'internal');
      assert.ok(!JSON.stringify([content, body]).includes('detail'));
      assert.equal(fw.log.inbox.all.length, 2);
    });
  }

  it('keeps nothing, and takes no place in the channel', async () => {
    await using fw = await embedded();
    fw.fanwire.use(onMessage(({ data }, next) => (data === 'good' ? next() : undefined)));
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.refusal('send_to_channel', { channel: 'news', content: 'bad', id: 'i1' });
    const { offset, duplicate } = await client.publish('news', 'good', { id: 'i1' });
    assert.deepEqual([offset, duplicate], [1, false]);
    await client.reached('news', 1);
    assert.deepEqual(client.contents('news'), ['good']);
  });

  it('is no bad frame, however often', async () => {
    await using fw = await embedded();
    fw.fanwire.use(onMessage(() => {}));
    const client = await ChannelClient.open(fw);
    for (let times = 0; times < 30; times++) {
      assert.equal(await client.refusal('send_to_channel', { channel: 'news', content: 1 }), 'forbidden');
    }
    await client.settled();
  });
});

describe('the end of middleware', () => {
  it('comes with the receipt, after the commit', async () => {
    await using fw = await embedded();
    const receipts: (Receipt | null)[] = [];
    const committed: string[] = [];
    fw.fanwire.on('message', ({ id }) => committed.push(id));
    fw.fanwire.use(
      onMessage(async (context, next) => {
        receipts.push(context.receipt);
        await next();
        assert.equal(committed.at(-1), context.receipt?.id);
        receipts.push(context.receipt);
      }),
    );
    const client = await ChannelClient.open(fw);
    const ack = await client.publish('news', 1);
    await client.settled();
    const { time, ...receipt } = receipts[1] ?? assert.fail('no receipt');
    assert.equal(receipts[0], null);
    assert.deepEqual(receipt, ack);
    assert.ok(time > 0);
    const { body } = await fw.call('POST', '/api/publish', { channel: 'news', data: 2 });
    assert.deepEqual([receipts[3]?.id, receipts[3]?.offset], [body.id, 2]);
    assert.deepEqual(fw.log.messages, []);
  });

  it('has the receipt of the first one for a duplicate', async () => {
    await using fw = await embedded();
    const receipts = new Inbox<Receipt | null>('receipts');
    fw.fanwire.use(
      onMessage(async (context, next) => {
        await next();
        receipts.put(context.receipt);
      }),
    );
    const client = await ChannelClient.open(fw);
    await client.publish('news', 1, { id: 'i1' });
    await client.publish('news', 2, { id: 'i1' });
    await receipts.until(() => receipts.all.length === 2);
    assert.deepEqual(
      receipts.all.map((receipt) => [receipt?.offset, receipt?.duplicate]),
      [
        [1, false],
        [1, true],
      ],
    );
  });

  it('cannot take the message back: what is thrown then is logged', async () => {
    await using fw = await embedded();
    fw.fanwire.use(
      onMessage(async (_context, next) => {
        await next();
        throw new Error('too late');
      }),
    );
    for (const way of waysIn) {
      const before = fw.log.messages.length;
      assert.equal(await (await way.open(fw))('hello'), null, way.name);
      await fw.log.inbox.until(() => fw.log.messages.length > before);
    }
    assert.deepEqual(
      fw.log.messages,
      waysIn.map(() => 'too late'),
    );
  });

  it('says nothing when a FanwireError is thrown too late', async () => {
    await using fw = await embedded();
    const ended = new Inbox<number>('ended');
    fw.fanwire.use(
      onMessage(async (context, next) => {
        await next();
        ended.put(context.receipt?.offset ?? 0);
        throw new FanwireError('forbidden', 'too late');
      }),
    );
    const client = await ChannelClient.open(fw);
    await client.publish('news', 1);
    await ended.next();
    await client.settled();
    assert.ok(client.frames.every(({ type }) => type !== 'error'));
  });

  it('is refused a second call of next, and the message goes once', async () => {
    await using fw = await embedded();
    const faults = new Inbox<string>('faults');
    fw.fanwire.use(
      onMessage(async (_context, next) => {
        await next();
        await next().catch(({ message }: Error) => faults.put(message));
      }),
    );
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await client.publish('news', 1);
    assert.match(await faults.next(), /next\(\) more than once/);
    await client.publish('news', 2);
    await client.reached('news', 2);
    assert.deepEqual(client.contents('news'), [1, 2]);
  });

  it('may come before that of the message: next need not be awaited', async () => {
    await using fw = await embedded();
    const outer = new Inbox<Receipt | null>('outer');
    fw.fanwire
      .use(
        onMessage(async (context, next) => {
          await next();
          outer.put(context.receipt);
        }),
      )
      .use(
        onMessage((_context, next) => {
          void next();
        }),
      );
    for (const way of waysIn) {
      assert.equal(await (await way.open(fw))('hello'), null, way.name);
      assert.notEqual(
        await outer.next(),
        null,
        `${way.name}: an outer layer waits for the commit all the same`,
      );
    }
    assert.deepEqual(fw.log.messages, []);
  });

  it('is reached when the client has gone meanwhile', async () => {
    await using fw = await embedded();
    const receipts = new Inbox<Receipt | null>('receipts');
    const came = new Inbox<() => void>('came');
    fw.fanwire.use(
      onMessage(async (context, next) => {
        await new Promise<void>((resolve) => came.put(resolve));
        await next();
        receipts.put(context.receipt);
      }),
    );
    const gone = new Inbox<string>('gone');
    fw.fanwire.on('disconnect', ({ id }) => gone.put(id));
    const client = await ChannelClient.open(fw);
    client.send('send_to_channel', { channel: 'news', content: 1 });
    const go = await came.next();
    client.close();
    await gone.next();
    go();
    assert.equal((await receipts.next())?.offset, 1);
  });
});
