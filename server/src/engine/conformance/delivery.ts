import assert from 'node:assert/strict';
import { becoming, type Case, draftOf, keyed, range, sameFields, sameMessages } from './kit.ts';

export const deliveryCases: Case[] = [
  {
    title: 'the messages of followed channels, and no others, are delivered before append resolves',
    async run({ engine, sink }) {
      await engine.follow('a');
      await engine.follow('c');
      const batch = ['a', 'b', 'c', 'a', 'b', 'c', 'a'].map((channel) => draftOf(channel));
      const expected = becoming(batch, await engine.append(batch));
      for (const channel of ['a', 'b', 'c']) {
        const followed = channel !== 'b';
        sameMessages(
          sink.of(channel),
          expected.filter((message) => followed && message.channel === channel),
        );
      }
    },
  },
  {
    title: 'batches appended at the same time are delivered in the order of offsets',
    async run({ engine, sink }) {
      await engine.follow('a');
      await Promise.all(range(1, 30).map(() => engine.append([draftOf('a'), draftOf('b'), draftOf('a')])));
      assert.deepEqual(sink.offsets('a'), range(1, 60));
    },
  },
  {
    title: 'what is not kept is delivered all the same',
    retention: { windowSize: 2 },
    async run(kit) {
      await kit.engine.follow('a');
      await kit.publish('a', 10);
      assert.deepEqual(kit.sink.offsets('a'), range(1, 10));
    },
  },
  {
    title: 'a duplicate is not delivered again',
    async run({ engine, sink }) {
      await engine.follow('a');
      await engine.append([keyed('a', 'k'), keyed('a', 'k'), draftOf('a')]);
      await engine.append([keyed('a', 'k')]);
      assert.deepEqual(sink.offsets('a'), [1, 2]);
    },
  },
  {
    title: 'follow tells the position from which on everything is delivered',
    async run(kit) {
      const { engine, sink } = kit;
      const { epoch } = await engine.state('a');
      sameFields(await engine.follow('a'), { epoch, offset: 0 });
      await kit.publish('b', 4);
      sameFields(await engine.follow('b'), { epoch, offset: 4 });
      await kit.publish('b', 2);
      assert.deepEqual(sink.offsets('b'), [5, 6]);
    },
  },
  {
    title: 'a channel followed while others publish misses nothing after its position',
    async run({ engine, sink }) {
      const before = range(1, 10).map(() => engine.append([draftOf('a'), draftOf('a')]));
      const following = engine.follow('a');
      const after = range(1, 10).map(() => engine.append([draftOf('a')]));
      const { offset } = await following;
      await Promise.all([...before, ...after]);
      assert.deepEqual(
        sink.offsets('a').filter((delivered) => delivered > offset),
        range(offset + 1, 30),
      );
    },
  },
  {
    title: 'unfollow ends delivery, and follow takes it up at the new position',
    async run(kit) {
      const { engine, sink } = kit;
      await engine.unfollow('a');
      await engine.follow('a');
      await kit.publish('a');
      await engine.unfollow('a');
      await kit.publish('a', 2);
      assert.deepEqual(sink.offsets('a'), [1]);
      assert.equal((await engine.follow('a')).offset, 3);
      await kit.publish('a');
      assert.deepEqual(sink.offsets('a'), [1, 4]);
    },
  },
  {
    title: 'a channel followed twice is delivered once, and unfollowed by one call',
    async run(kit) {
      const { engine, sink } = kit;
      await engine.follow('a');
      await engine.follow('a');
      await kit.publish('a');
      await engine.unfollow('a');
      await kit.publish('a');
      assert.deepEqual(sink.offsets('a'), [1]);
    },
  },
  {
    title: 'a followed channel stays followed however long it is idle',
    retention: { windowTtl: 1000 },
    async run(kit) {
      await kit.engine.follow('a');
      kit.clock.advance(60_000);
      await kit.publish('a');
      kit.clock.advance(60_000);
      await kit.publish('a');
      assert.deepEqual(kit.sink.offsets('a'), [1, 2]);
    },
  },
];
