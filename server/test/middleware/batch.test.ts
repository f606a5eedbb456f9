import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FanwireError, type PublishedMessage, type Receipt } from '../../src/index.ts';
import { embedded } from '../support/embedded.ts';
import { Inbox } from '../support/inbox.ts';
import { onMessage } from '../support/layers.ts';
import type { Frame } from '../support/socket-client.ts';
import { WaitingRoom } from '../support/waiting-room.ts';

function batchOf(data: readonly unknown[]): object {
  return { messages: data.map((item) => ({ channel: 'news', data: item })) };
}

/** The offset of each that was published, the code of each that was not. */
function resultsOf({ body }: { readonly body: Frame }): unknown[] {
  return body.results.map(({ ok, offset, error }: Frame) => (ok ? offset : error.code));
}

describe('a batch that passes middleware', () => {
  it('is refused one by one', async () => {
    await using fw = await embedded();
    fw.fanwire.use(
      onMessage((context, next) => {
        if (context.data === 'limit') throw new FanwireError('limit_reached', 'enough');
        if (context.data === 'break') throw new Error('a fault of the application');
        if (context.data === 'type') context.type = '';
        if (context.data === 'data') context.data = undefined;
        return context.data === 'drop' ? undefined : next();
      }),
    );
    const data = ['one', 'limit', 'drop', 'two', 'break', 'type', 'data', 'three'];
    const answer = await fw.call('POST', '/api/batch', batchOf(data));
    assert.equal(answer.status, 200);
    assert.deepEqual(resultsOf(answer), [
      1,
      'limit_reached',
      'forbidden',
      2,
      'internal',
      'bad_request',
      'bad_request',
      3,
    ]);
    assert.equal(answer.body.results[1].error.message, 'enough');
    assert.deepEqual(fw.log.messages, ['a fault of the application']);
    const { messages } = await fw.fanwire.history('news', { limit: 10 });
    assert.deepEqual(
      messages.map((message) => message.data),
      ['"one"', '"two"', '"three"'],
    );
  });

  it('keeps what was wrong before in its place, and does not ask about it', async () => {
    await using fw = await embedded();
    const seen: unknown[] = [];
    fw.fanwire.use(
      onMessage(({ data }, next) => {
        seen.push(data);
        return next();
      }),
    );
    const answer = await fw.call('POST', '/api/batch', {
      messages: [{ channel: '' }, { channel: 'news', data: 1 }, { data: 2 }, { channel: 'news', data: 3 }],
    });
    assert.deepEqual(resultsOf(answer), ['bad_request', 1, 'bad_request', 2]);
    assert.deepEqual(seen, [1, 3]);
  });

  it('is committed at once, when the last one has passed', async () => {
    await using fw = await embedded();
    const hall = new WaitingRoom<unknown>('messages');
    const messages = new Inbox<PublishedMessage>('messages');
    fw.fanwire.on('message', (message) => messages.put(message));
    fw.fanwire.use(
      onMessage(async ({ data }, next) => {
        await hall.wait(data);
        await next();
      }),
    );
    const answered = fw.call('POST', '/api/batch', batchOf([1, 2, 3]));
    for (const item of [1, 2, 3]) {
      await hall.arrival(item);
      assert.deepEqual(hall.waiting, [item]);
      await fw.fanwire.publish('other', item);
      assert.deepEqual(
        messages.all.map(({ channel }) => channel),
        Array.from({ length: item }, () => 'other'),
      );
      hall.release(item);
    }
    assert.deepEqual(resultsOf(await answered), [1, 2, 3]);
    const times = new Set(messages.all.filter(({ channel }) => channel === 'news').map(({ time }) => time));
    assert.equal(times.size, 1);
  });

  it('gives middleware its receipts, in order, after the commit', async () => {
    await using fw = await embedded();
    const receipts = new Inbox<[unknown, Receipt | null]>('receipts');
    fw.fanwire.use(
      onMessage(async (context, next) => {
        await next();
        receipts.put([context.data, context.receipt]);
      }),
    );
    const answer = await fw.call('POST', '/api/batch', batchOf([10, 20, 30]));
    await receipts.until(() => receipts.all.length === 3);
    assert.deepEqual(
      receipts.all.map(([data, receipt]) => [data, receipt?.id, receipt?.offset]),
      answer.body.results.map(({ id, offset }: Frame, at: number) => [(at + 1) * 10, id, offset]),
    );
  });

  it('of which nothing is left answers all the same', async () => {
    await using fw = await embedded();
    fw.fanwire.use(onMessage(() => {}));
    assert.deepEqual(resultsOf(await fw.call('POST', '/api/batch', batchOf([1, 2]))), [
      'forbidden',
      'forbidden',
    ]);
    assert.deepEqual(resultsOf(await fw.call('POST', '/api/batch', batchOf([]))), []);
    const many = await fw.call('POST', '/api/publish', { channels: ['a', 'b'], data: 1 });
    assert.deepEqual(resultsOf(many), ['forbidden', 'forbidden']);
  });

  it('to several channels is asked about for each', async () => {
    await using fw = await embedded();
    fw.fanwire.use(onMessage(({ channel }, next) => (channel === 'b' ? undefined : next())));
    const answer = await fw.call('POST', '/api/publish', { channels: ['a', 'b', 'c'], data: 1 });
    assert.deepEqual(resultsOf(answer), [1, 'forbidden', 1]);
  });

  it('of a thousand passes', async () => {
    await using fw = await embedded();
    fw.fanwire.use(
      onMessage(async ({ data }, next) => {
        if (Number(data) % 3 !== 0) await next();
      }),
    );
    const data = Array.from({ length: 1000 }, (_, at) => at);
    const results = resultsOf(await fw.call('POST', '/api/batch', batchOf(data)));
    let offset = 0;
    assert.deepEqual(
      results,
      data.map((at) => (at % 3 === 0 ? 'forbidden' : ++offset)),
    );
  });
});
