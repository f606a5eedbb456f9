import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FanwireOptions, MessageContext } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { type Embedded, embedded } from '../support/embedded.ts';
import { onMessage } from '../support/layers.ts';
import { WatchedText } from '../support/watched-text.ts';
import { waysIn } from '../support/ways-in.ts';

/** JSON that would not survive being parsed and written again. */
const exact =
  '{ "big":12345678901234567890,"small":1.0,  "e":1E3, "twice":1,"twice":2, "\\u0061":"\\u00e9\\/" }';

/** A server whose only layer does this before it goes on. */
async function withLayer(
  look: (context: MessageContext) => unknown,
  options?: FanwireOptions,
): Promise<Embedded> {
  const fw = await embedded(options);
  fw.fanwire.use(
    onMessage(async (context, next) => {
      await look(context);
      await next();
    }),
  );
  return fw;
}

async function kept({ fanwire }: Embedded): Promise<string[]> {
  return (await fanwire.history('news', { limit: 10 })).messages.map(({ data }) => data);
}

describe('the data of a message that passes middleware', () => {
  const looks: readonly [string, (context: MessageContext) => unknown][] = [
    ['not looked at', () => {}],
    ['looked at', ({ data }) => assert.equal((data as { twice: number }).twice, 2)],
    [
      'changed within, which is not watched',
      ({ data }) => {
        (data as { twice: number }).twice = 3;
      },
    ],
    [
      'passed with another type',
      (context) => {
        context.type = 'other';
      },
    ],
  ];
  for (const [title, look] of looks) {
    it(`is what the client wrote, byte for byte, when it is ${title}`, async () => {
      await using fw = await withLayer(look);
      const witness = new WatchedText(await ChannelClient.open(fw));
      await witness.client.subscribe('news');
      witness.client.socket.send(
        `{"action":"send_to_channel","request_id":"r","data":{"channel":"news","content":${exact}}}`,
      );
      const ack = await witness.client.socket.next({ request_id: 'r' });
      assert.equal(ack.type, 'ack', JSON.stringify(ack));
      await fw.call('POST', '/api/publish', `{"channel":"news","data":${exact}}`);
      await fw.call('POST', '/api/batch', `{"messages":[{"channel":"news","data":${exact}}]}`);
      await fw.call('POST', '/ws/send-to-channel', `{"channel":"news","message":{"content":${exact}}}`);
      await witness.client.reached('news', 4);
      assert.equal(witness.texts.filter((text) => text.includes(`"content":${exact}`)).length, 4);
      assert.deepEqual(await kept(fw), [exact, exact, exact, exact]);
      assert.deepEqual(fw.log.messages, []);
    });
  }

  it('is the JSON of the value that it is changed to', async () => {
    const values: unknown[] = [{ a: [1, null] }, 'text\n', 0, null, { toJSON: () => 'own' }];
    const left = [...values];
    await using fw = await withLayer((context) => {
      context.data = left.shift();
      assert.equal(context.data, values[values.length - left.length - 1]);
    });
    const client = await ChannelClient.open(fw);
    for (const _value of values) await client.publish('news', 'given');
    assert.deepEqual(
      await kept(fw),
      values.map((value) => JSON.stringify(value)),
    );
  });

  it('may be changed in the value that was given', async () => {
    await using fw = await withLayer((context) => {
      const data = context.data as Record<string, unknown>;
      data.added = true;
      context.data = data;
    });
    const client = await ChannelClient.open(fw);
    await client.publish('news', { a: 1 });
    assert.deepEqual(await kept(fw), ['{"a":1,"added":true}']);
  });

  it('is refused when it is changed to what no message can hold', async () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 129; depth++) nested = [nested];
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const data of [undefined, () => 1, Symbol('s'), { n: 1n }, circular, nested]) {
      await using fw = await withLayer((context) => {
        context.data = data;
      });
      for (const way of waysIn) {
        assert.equal(await (await way.open(fw))('given'), 'bad_request', `${way.name}: ${typeof data}`);
      }
      assert.deepEqual(fw.log.messages, []);
      assert.deepEqual(await kept(fw), []);
    }
  });

  it('is refused when it is changed to something too large, counted in bytes', async () => {
    let data = 'x'.repeat(98);
    await using fw = await withLayer(
      (context) => {
        context.data = data;
      },
      { sse: { maxMessageSize: 100 } },
    );
    for (const way of waysIn) assert.equal(await (await way.open(fw))('given'), null, way.name);
    for (data of ['x'.repeat(99), 'é'.repeat(50)]) {
      for (const way of waysIn) assert.equal(await (await way.open(fw))('given'), 'too_large', way.name);
    }
    assert.deepEqual(fw.log.messages, []);
  });
});

describe('the type of a message that passes middleware', () => {
  it('is refused when it is changed to none', async () => {
    for (const type of ['', 'x'.repeat(65), 'a\nb', 'deleted', 7 as unknown as string]) {
      await using fw = await withLayer((context) => {
        context.type = type;
      });
      for (const way of waysIn) {
        assert.equal(await (await way.open(fw))('given'), 'bad_request', `${way.name}: ${type}`);
      }
      assert.deepEqual(fw.log.messages, []);
    }
  });

  it('is seen by everyone as it was changed', async () => {
    await using fw = await withLayer((context) => {
      context.type = 'edited';
      context.persist = true;
    });
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const client = await ChannelClient.open(fw);
    await client.publish('news', 1, { type: 'draft' });
    assert.equal((await stream.next('edited')).data.content, 1);
    const { messages } = await fw.fanwire.history('news', { limit: 10, persisted: true });
    assert.deepEqual(
      messages.map(({ type }) => type),
      ['edited'],
    );
  });
});
