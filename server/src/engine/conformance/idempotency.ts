import assert from 'node:assert/strict';
import { becoming, type Case, draftOf, keyed, range, sameFields, sameMessages } from './kit.ts';

const window = 10_000;

const repeats: Case[] = [
  {
    title: 'the same id on the same channel is a duplicate with the first one’s receipt, and changes nothing',
    async run(kit) {
      const { engine } = kit;
      const draft = keyed('a', 'k', { data: '"first"' });
      const first = await kit.appendOne(draft);
      await kit.publish('a', 3);
      kit.clock.advance(500);
      const again = await kit.appendOne(keyed('a', 'k', { data: '"second"', persist: true }));
      sameFields(again, { ...first, duplicate: true });
      assert.equal(first.duplicate, false);
      assert.equal((await engine.state('a')).offset, 4);
      const page = await engine.read('a', { limit: 1, after: 0 });
      sameMessages(page.messages, becoming([draft], [first]));
    },
  },
  {
    title: 'the same id on another channel is another message',
    async run(kit) {
      await kit.appendOne(keyed('a', 'k'));
      const other = await kit.appendOne(keyed('b', 'k'));
      assert.deepEqual([other.duplicate, other.offset], [false, 1]);
    },
  },
  {
    title: 'a repetition within one batch is a duplicate of its first',
    async run({ engine }) {
      const batch = [keyed('a', 'k'), draftOf('a'), keyed('b', 'k'), keyed('a', 'k'), keyed('a', 'l')];
      const receipts = await engine.append(batch);
      assert.deepEqual(
        receipts.map(({ offset, duplicate }) => [offset, duplicate]),
        [
          [1, false],
          [2, false],
          [1, false],
          [1, true],
          [3, false],
        ],
      );
      sameFields(receipts[3] ?? {}, { ...receipts[0], duplicate: true });
    },
  },
  {
    title: 'a repetition within one batch is a duplicate without any window, too',
    retention: { idempotencyWindow: 0 },
    async run({ engine }) {
      const receipts = await engine.append([keyed('a', 'k'), keyed('a', 'k')]);
      assert.deepEqual(
        receipts.map(({ offset, duplicate }) => [offset, duplicate]),
        [
          [1, false],
          [1, true],
        ],
      );
    },
  },
  {
    title: 'of the same id appended many times at once, one is committed',
    async run({ engine }) {
      const receipts = await Promise.all(range(1, 20).map(() => engine.append([keyed('a', 'k')])));
      const all = receipts.flat();
      assert.equal(all.length, 20);
      assert.equal(all.filter(({ duplicate }) => !duplicate).length, 1);
      assert.ok(all.every(({ offset }) => offset === 1));
    },
  },
  {
    title: 'ids that nobody chose never make a duplicate',
    async run({ engine }) {
      const batch = [draftOf('a', { id: 'x' }), draftOf('a', { id: 'x' }), keyed('a', 'x')];
      const receipts = await engine.append([...batch, draftOf('a', { id: 'x' }), keyed('a', 'x')]);
      assert.deepEqual(
        receipts.map(({ offset, duplicate }) => [offset, duplicate]),
        [
          [1, false],
          [2, false],
          [3, false],
          [4, false],
          [3, true],
        ],
      );
    },
  },
];

const spaces: Case[] = [
  {
    title: 'the same id in another space of the channel is another message',
    async run(kit) {
      const drafts = ['', 'u1', 'u'].map((space) => keyed('a', 'k', { space }));
      const firsts = await kit.engine.append(drafts);
      assert.deepEqual(
        firsts.map(({ offset, duplicate }) => [offset, duplicate]),
        [
          [1, false],
          [2, false],
          [3, false],
        ],
      );
      for (const draft of drafts) await kit.appendOne({ ...draft, channel: 'b' });
      const again = await kit.engine.append([...drafts].reverse());
      again.forEach((receipt, at) => {
        sameFields(receipt, { ...firsts[2 - at], duplicate: true });
      });
    },
  },
  {
    title: 'a space and an id are never taken for another pair that reads the same',
    async run({ engine }) {
      const pairs = ['', 'a', 'ab', 'a:b', '1:a', '\n', 'a\n', '\u0000'].flatMap((space) =>
        ['b', 'ab', ':b', 'a:b', '1:ab', '\nb', '\u0000b'].map((id) => keyed('a', id, { space })),
      );
      const receipts = await engine.append(pairs);
      assert.ok(receipts.every(({ duplicate }) => !duplicate));
      assert.ok((await engine.append(pairs)).every(({ duplicate }) => duplicate));
    },
  },
  {
    title: 'reopened: an id is remembered in its space',
    durable: true,
    async run(kit) {
      const first = await kit.appendOne(keyed('a', 'k', { space: 'u1' }));
      await kit.reopen();
      sameFields(await kit.appendOne(keyed('a', 'k', { space: 'u1' })), { ...first, duplicate: true });
      assert.equal((await kit.appendOne(keyed('a', 'k'))).duplicate, false);
    },
  },
];

const time: Case[] = [
  {
    title: 'an id is forgotten when its window is over, which repetitions do not prolong',
    retention: { idempotencyWindow: window },
    async run(kit) {
      await kit.appendOne(keyed('a', 'k'));
      kit.clock.advance(window / 2);
      assert.equal((await kit.appendOne(keyed('a', 'k'))).duplicate, true);
      kit.clock.advance(window / 2 - 1);
      assert.equal((await kit.appendOne(keyed('a', 'k'))).duplicate, true);
      kit.clock.advance(1);
      const next = await kit.appendOne(keyed('a', 'k'));
      assert.deepEqual([next.duplicate, next.offset], [false, 2]);
      kit.clock.advance(window - 1);
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...next, duplicate: true });
    },
  },
  {
    title: 'an id lives for its whole window, whenever in the engine’s life it came',
    retention: { idempotencyWindow: window },
    async run(kit) {
      for (const n of range(1, 40)) {
        await kit.appendOne(keyed('a', `k${n}`));
        kit.clock.advance(window / 8 - 7);
        const oldest = Math.max(1, n - 7);
        assert.equal((await kit.appendOne(keyed('a', `k${oldest}`))).duplicate, true);
      }
    },
  },
  {
    title: 'an id is remembered when its message is kept no longer',
    retention: { windowSize: 3, windowTtl: 1000 },
    async run(kit) {
      const first = await kit.appendOne(keyed('a', 'k'));
      await kit.publish('a', 5);
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...first, duplicate: true });
      kit.clock.advance(60_000);
      assert.deepEqual(await kit.kept('a'), []);
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...first, duplicate: true });
      assert.equal((await kit.engine.state('a')).offset, 6);
    },
  },
];

export const idempotencyCases: Case[] = [...repeats, ...spaces, ...time];
