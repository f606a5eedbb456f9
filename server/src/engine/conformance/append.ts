import assert from 'node:assert/strict';
import type { Sender } from '../engine.ts';
import { becoming, type Case, draftOf, Kit, range, readUp, sameFields, sameMessages } from './kit.ts';

const senders: (Sender | null)[] = [
  null,
  { user: null, connection: 'c1', client: null },
  { user: 'u1', connection: 'c2', client: null },
  { user: null, connection: 'c3', client: 'phone' },
  { user: 'ü 😀', connection: 'c4', client: '__proto__' },
];

/** JSON that does not survive a parse and a stringify, among others. */
const texts = [
  'null',
  'false',
  '-0',
  '1e400',
  '12345678901234567890',
  '0.1000',
  '""',
  '[ ]',
  '{"a":1e400,"b":12345678901234567890, "k":"\\ud800"}',
  '{"a":1,"a":2}',
  '{"__proto__":{"constructor":1}}',
  '"\\u0000\\/\\u00e9 é \u2028 \u{1f600} \u{10ffff} e\u0301"',
  `${'['.repeat(128)}${']'.repeat(128)}`,
  JSON.stringify('long 😀 '.repeat(20_000)),
];

const order: Case[] = [
  {
    title: 'offsets are dense from 1 in each channel of a mixed batch, and receipts come in its order',
    async run({ engine, clock }) {
      const batch = ['a', 'b', 'a', 'a', 'c', 'b'].map((channel) => draftOf(channel));
      const receipts = await engine.append(batch);
      const { epoch } = await engine.state('a');
      const offsets = [1, 1, 2, 3, 1, 2];
      assert.equal(receipts.length, batch.length);
      for (const [index, draft] of batch.entries()) {
        const { id, channel } = draft;
        const expected = { id, channel, offset: offsets[index], epoch, time: clock.now(), duplicate: false };
        sameFields(receipts[index] ?? {}, expected);
      }
    },
  },
  {
    title: 'offsets go on in the next batch',
    async run(kit) {
      await kit.publish('a', 3);
      const next = await kit.publish('a', 2);
      assert.deepEqual(
        next.map(({ offset }) => offset),
        [4, 5],
      );
      assert.equal((await kit.publish('b'))[0]?.offset, 1);
      assert.equal((await kit.engine.state('a')).offset, 5);
    },
  },
  {
    title: 'an empty batch has no receipts and changes nothing',
    async run({ engine }) {
      assert.deepEqual(await engine.append([]), []);
      assert.equal((await engine.state('a')).offset, 0);
    },
  },
  {
    title: 'a batch of 5,000 is committed in its order',
    retention: { windowSize: 10_000 },
    async run(kit) {
      const expected = await kit.publish('a', 5000);
      assert.deepEqual(
        expected.map(({ offset }) => offset),
        range(1, 5000),
      );
      sameMessages(await readUp(kit.engine, 'a', { after: 0, limit: 5000 }), expected);
    },
  },
  {
    title: 'batches appended at the same time are each committed as one',
    async run({ engine }) {
      const batches = range(1, 20).map(() => [draftOf('a'), draftOf('b'), draftOf('a'), draftOf('a')]);
      const receipts = await Promise.all(batches.map((batch) => engine.append(batch)));
      const offsets = receipts.map((batch) => batch.filter(({ channel }) => channel === 'a'));
      for (const [first, second, third] of offsets) {
        assert.equal(second?.offset, (first?.offset ?? 0) + 1);
        assert.equal(third?.offset, (first?.offset ?? 0) + 2);
      }
      const all = offsets.flat().map(({ offset }) => offset);
      assert.deepEqual(
        all.sort((a, b) => a - b),
        range(1, 60),
      );
      assert.equal((await engine.state('b')).offset, 20);
    },
  },
];

const record: Case[] = [
  {
    title: 'time is the clock’s, and does not go back along a channel when the clock does',
    async run(kit) {
      const first = await kit.publish('a');
      kit.clock.advance(50);
      const second = await kit.publish('a');
      kit.clock.step(-10_000);
      const third = await kit.publish('a');
      const start = first[0]?.time ?? 0;
      const times = (await kit.engine.read('a', { limit: 10 })).messages.map(({ time }) => time - start);
      assert.deepEqual(times, [0, 50, 50]);
      assert.deepEqual([second[0]?.time, third[0]?.time], [start + 50, start + 50]);
    },
  },
  {
    title: 'a message comes back as it was given, its data to the last byte',
    async run({ engine, sink }) {
      await engine.follow('a');
      const drafts = texts.map((data, index) => {
        const sender = senders[index % senders.length] ?? null;
        return draftOf('a', {
          data,
          sender,
          type: index % 2 ? 'text' : 'Größe 😀',
          persist: index % 3 === 0,
        });
      });
      const expected = becoming(drafts, await engine.append(drafts));
      sameMessages(sink.messages, expected);
      sameMessages((await engine.read('a', { limit: 100 })).messages, expected);
    },
  },
  {
    title: 'the epoch is one short string everywhere, and stays',
    async run(kit) {
      const before = (await kit.engine.state('a')).epoch;
      const [message] = await kit.publish('a');
      kit.clock.advance(3_600_000);
      const page = await kit.engine.read('a', { limit: 1 });
      const followed = await kit.engine.follow('a');
      const after = await kit.engine.state('a');
      assert.match(before, /^[\x21-\x7e]{8,64}$/);
      assert.deepEqual(
        [message?.epoch, page.epoch, followed.epoch, after.epoch],
        [before, before, before, before],
      );
    },
  },
  {
    title: 'engines that share no data have different epochs',
    async run(kit) {
      await using other = await Kit.open(kit.factory);
      assert.notEqual((await kit.engine.state('a')).epoch, (await other.engine.state('a')).epoch);
    },
  },
];

export const appendCases: Case[] = [...order, ...record];
