import assert from 'node:assert/strict';
import { type Case, type Kit, keyed, madeId, range, sameFields, sameMessages } from './kit.ts';

/** Nothing of the channel is kept, for any kind of reader. */
async function assertCleared(kit: Kit, channel: string, offset: number): Promise<void> {
  const { engine } = kit;
  const { epoch } = await engine.state('unknown');
  sameFields(await engine.state(channel), { epoch, offset, completeFrom: offset + 1, kept: 0 });
  for (const query of [{}, { after: 0 }, { before: offset + 1 }, { from: 0 }, { persisted: true }]) {
    sameFields(await engine.read(channel, { limit: 10, ...query }), {
      epoch,
      offset,
      messages: [],
      more: false,
    });
  }
}

const every: Case[] = [
  {
    title: 'a cleared channel keeps nothing, and goes on from its last offset',
    async run(kit) {
      await kit.publish('a', 2, { persist: true });
      await kit.publish('a', 3);
      await kit.publish('b', 2);
      assert.equal(await kit.engine.clear('a'), 5);
      await assertCleared(kit, 'a', 5);
      assert.deepEqual(await kit.kept('b'), [1, 2]);
      const next = [...(await kit.publish('a')), ...(await kit.publish('a', 1, { persist: true }))];
      assert.deepEqual(
        next.map(({ offset }) => offset),
        [6, 7],
      );
      sameMessages((await kit.engine.read('a', { limit: 9, after: 0 })).messages, next);
      const { completeFrom, kept } = await kit.engine.state('a');
      assert.deepEqual([completeFrom, kept], [6, 2]);
    },
  },
  {
    title: 'clearing again, an empty channel or an unknown one, changes nothing',
    async run(kit) {
      assert.equal(await kit.engine.clear('a'), 0);
      assert.deepEqual(await kit.engine.channels({ prefix: '', limit: 9 }), []);
      await kit.publish('a', 3);
      for (const _ of range(1, 3)) assert.equal(await kit.engine.clear('a'), 3);
      await assertCleared(kit, 'a', 3);
      await kit.publish('a', 1, { persist: true });
      assert.equal(await kit.engine.clear('a'), 4);
      await assertCleared(kit, 'a', 4);
      await kit.engine.follow('b');
      assert.equal(await kit.engine.clear('b'), 0);
    },
  },
  {
    title: 'a channel of which all expired is cleared as well',
    retention: { windowTtl: 1000 },
    async run(kit) {
      await kit.publish('a', 3);
      kit.clock.advance(60_000);
      assert.equal(await kit.engine.clear('a'), 3);
      await assertCleared(kit, 'a', 3);
      assert.equal((await kit.publish('a'))[0]?.offset, 4);
    },
  },
  {
    title: 'window and history go on as ever behind what was cleared',
    retention: { windowSize: 3 },
    async run(kit) {
      for (const persist of [true, false, true, false, true]) await kit.publish('a', 1, { persist });
      await kit.engine.clear('a');
      for (const persist of [true, true, false]) await kit.publish('a', 1, { persist });
      assert.equal((await kit.engine.state('a')).completeFrom, 6);
      for (const persist of [true, false, false]) await kit.publish('a', 1, { persist });
      assert.deepEqual(await kit.kept('a'), [6, 7, 9, 10, 11]);
      const states = await Promise.all([0, 6, 8, 11].map((after) => kit.engine.state('a', after)));
      assert.deepEqual(
        states.map(({ completeFrom, kept }) => [completeFrom, kept]),
        [
          [9, 5],
          [9, 4],
          [9, 3],
          [9, 0],
        ],
      );
    },
  },
  {
    title: 'ids of cleared messages are remembered, and their messages cannot be removed',
    async run(kit) {
      const made = madeId(kit.clock.now());
      const first = await kit.appendOne(keyed('a', 'k', { persist: true }));
      await kit.publish('a', 1, { id: made });
      await kit.engine.clear('a');
      assert.equal(await kit.engine.remove('a', 'k'), null);
      assert.equal(await kit.engine.remove('a', made), null);
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...first, duplicate: true });
      await assertCleared(kit, 'a', 2);
    },
  },
  {
    title: 'clearing is not told to the sink, and followers go on',
    async run(kit) {
      await kit.engine.follow('a');
      await kit.publish('a', 2);
      await kit.engine.clear('a');
      await kit.publish('a');
      assert.deepEqual(kit.sink.offsets('a'), [1, 2, 3]);
    },
  },
  {
    title: 'time does not go back in a cleared channel when the clock does',
    async run(kit) {
      const [before] = await kit.publish('a');
      await kit.engine.clear('a');
      kit.clock.step(-5000);
      assert.equal((await kit.publish('a'))[0]?.time, before?.time);
    },
  },
  {
    title: 'a big channel is cleared at once, and none of it comes back while it is tidied up',
    retention: { windowSize: 8000, windowTtl: 60_000 },
    async run(kit) {
      for (const n of range(1, 4)) await kit.publish('a', 5000, { persist: n < 4 });
      assert.equal(await kit.engine.clear('a'), 20_000);
      await assertCleared(kit, 'a', 20_000);
      const next = await kit.publish('a', 2, { persist: true });
      for (const _ of range(1, 5)) {
        kit.clock.advance(1000);
        assert.deepEqual(await kit.kept('a'), [20_001, 20_002]);
        assert.equal((await kit.engine.state('a')).completeFrom, 20_001);
      }
      kit.clock.advance(120_000);
      sameMessages((await kit.engine.read('a', { limit: 9, from: 0 })).messages, next);
    },
  },
];

const durable: Case[] = [
  {
    title: 'reopened: what was cleared is still gone, and offsets and ids are not',
    durable: true,
    async run(kit) {
      const first = await kit.appendOne(keyed('a', 'k', { persist: true }));
      await kit.publish('a', 5000, { persist: true });
      await kit.publish('b', 3);
      await kit.engine.clear('a');
      await kit.engine.clear('b');
      await kit.publish('b', 1, { persist: true });
      await kit.reopen();
      await assertCleared(kit, 'a', 5001);
      assert.deepEqual(await kit.kept('b'), [4]);
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...first, duplicate: true });
      kit.clock.advance(5000);
      assert.equal((await kit.publish('a'))[0]?.offset, 5002);
      assert.deepEqual(await kit.kept('a'), [5002]);
      await kit.reopen();
      assert.deepEqual(await kit.kept('a'), [5002]);
      assert.deepEqual(await kit.kept('b'), [4]);
    },
  },
];

export const clearingCases: Case[] = [...every, ...durable];
