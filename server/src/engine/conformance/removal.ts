import assert from 'node:assert/strict';
import type { Message, Removal, Sender } from '../engine.ts';
import {
  type Case,
  draftOf,
  type Kit,
  keyed,
  madeId,
  range,
  sameFields,
  sameMessages,
  tombstone,
} from './kit.ts';

const sender: Sender = { user: 'u1', connection: 'c1', client: 'phone' };

async function all(kit: Kit, channel: string): Promise<Message[]> {
  return (await kit.engine.read(channel, { limit: 1000 })).messages;
}

/** Removes the message, and compares all there is to see of the channel with what it was before. */
async function assertBuried(kit: Kit, victim: Message): Promise<void> {
  const { channel, id, offset } = victim;
  const before = await all(kit, channel);
  const state = await kit.engine.state(channel);
  const keptAfter = await kit.engine.state(channel, offset - 1);
  assert.equal(await kit.engine.remove(channel, id), offset);
  sameMessages(
    await all(kit, channel),
    before.map((message) => (message.offset === offset ? tombstone(message) : message)),
  );
  sameFields(await kit.engine.state(channel), state);
  sameFields(await kit.engine.state(channel, offset - 1), keptAfter);
}

const tombstones: Case[] = [
  {
    title: 'a removed message leaves a tombstone in its place, kept as long as it, and nothing else changes',
    async run(kit) {
      const { engine } = kit;
      const made = { id: madeId(kit.clock.now()), sender, data: '"secret"' };
      const messages = [
        ...(await kit.publish('a', 3, { persist: true })),
        ...(await kit.publish('a', 1, { ...made, persist: true })),
        ...(await kit.publish('a', 1, { id: 'k1', keyed: true, sender })),
        ...(await kit.publish('a', 1, { id: 'k2', keyed: true, sender, persist: true })),
        ...(await kit.publish('a', 1, { ...made, id: madeId(kit.clock.now()) })),
        ...(await kit.publish('a', 2)),
      ];
      for (const victim of messages.slice(3, 7)) await assertBuried(kit, victim);
      const expected = messages.map((message, index) =>
        index >= 3 && index < 7 ? tombstone(message) : message,
      );
      sameMessages(await all(kit, 'a'), expected);
      const persisted = await engine.read('a', { limit: 9, persisted: true });
      sameMessages(
        persisted.messages,
        expected.filter(({ persist }) => persist),
      );
    },
  },
  {
    title: 'what is replayed over a tombstone has no gap, from either side and page by page',
    retention: { windowSize: 4 },
    async run(kit) {
      const messages = await kit.publish('a', 6, { persist: true, keyed: false });
      const drafts = range(7, 10).map((offset) => keyed('a', `k${offset}`));
      await kit.engine.append(drafts);
      const [third] = messages.slice(2);
      assert.ok(third);
      await kit.engine.append([keyed('b', 'k8')]);
      assert.equal(await kit.engine.remove('a', 'k8'), 8);
      assert.equal((await kit.engine.state('a')).completeFrom, 1);
      for (const after of range(0, 9)) {
        const { messages, more } = await kit.engine.read('a', { limit: 100, after });
        assert.deepEqual([messages.map(({ offset }) => offset), more], [range(after + 1, 10), false]);
      }
      const page = await kit.engine.read('a', { limit: 2, before: 9 });
      assert.deepEqual(
        page.messages.map(({ offset, type }) => [offset, type]),
        [
          [7, 'text'],
          [8, 'deleted'],
        ],
      );
    },
  },
  {
    title: 'a tombstone goes when its message would have gone',
    retention: { windowTtl: 1000, historyTtl: 5000 },
    async run(kit) {
      await kit.engine.append([keyed('a', 'p', { persist: true }), keyed('a', 'w')]);
      await kit.engine.remove('a', 'p');
      await kit.engine.remove('a', 'w');
      kit.clock.advance(999);
      assert.deepEqual(await kit.kept('a'), [1, 2]);
      kit.clock.advance(1);
      assert.deepEqual(await kit.kept('a'), [1]);
      kit.clock.advance(4000);
      assert.deepEqual(await kit.kept('a'), []);
    },
  },
  {
    title: 'removing again what is removed resolves to the same offset and changes nothing',
    async run(kit) {
      const id = madeId(kit.clock.now());
      const receipts = await kit.engine.append([keyed('a', 'k'), draftOf('a', { id }), draftOf('a')]);
      for (const name of ['k', id, 'k', id]) {
        assert.equal(await kit.engine.remove('a', name), name === 'k' ? 1 : 2);
      }
      assert.deepEqual(
        (await all(kit, 'a')).map(({ offset, type }) => [offset, type]),
        [
          [1, 'deleted'],
          [2, 'deleted'],
          [receipts[2]?.offset, 'text'],
        ],
      );
    },
  },
  {
    title: 'the id of a removed message is remembered all the same',
    async run(kit) {
      const first = await kit.appendOne(keyed('a', 'k'));
      await kit.engine.remove('a', 'k');
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...first, duplicate: true });
      assert.deepEqual(await kit.kept('a'), [1]);
    },
  },
  {
    title: 'a removal is not told to the sink, and moves no offset',
    async run(kit) {
      await kit.engine.follow('a');
      await kit.engine.append([keyed('a', 'k'), keyed('a', 'l')]);
      await kit.engine.remove('a', 'k');
      await kit.publish('a');
      assert.deepEqual(kit.sink.offsets('a'), [1, 2, 3]);
      assert.ok(kit.sink.messages.every(({ type }) => type === 'text'));
    },
  },
  {
    title: 'reopened: tombstones stand, and what stood before can be removed',
    durable: true,
    async run(kit) {
      const id = madeId(kit.clock.now());
      const messages = [
        ...(await kit.publish('a', 1, { id: 'k', keyed: true, sender, persist: true })),
        ...(await kit.publish('a', 1, { id: 'l', keyed: true })),
        ...(await kit.publish('a', 1, { id, sender })),
      ];
      await kit.engine.remove('a', 'k');
      await kit.reopen();
      sameMessages(
        await all(kit, 'a'),
        messages.map((message) => (message.id === 'k' ? tombstone(message) : message)),
      );
      assert.equal((await kit.appendOne(keyed('a', 'k'))).duplicate, true);
      for (const [name, offset] of [['k', 1] as const, ['l', 2] as const, [id, 3] as const]) {
        assert.equal(await kit.engine.remove('a', name), offset);
      }
      sameMessages(await all(kit, 'a'), messages.map(tombstone));
    },
  },
];

const search: Case[] = [
  {
    title: 'an id that the channel does not have removes nothing',
    async run(kit) {
      const made = madeId(kit.clock.now());
      await kit.engine.append([keyed('a', 'k'), keyed('b', 'l'), draftOf('b', { id: made }), draftOf('a')]);
      const before = await all(kit, 'a');
      for (const id of [
        'l',
        made,
        madeId(kit.clock.now()),
        madeId(0),
        madeId(2 ** 48 - 1),
        '',
        'K',
        '%',
        '__proto__',
      ]) {
        assert.equal(await kit.engine.remove('a', id), null);
        assert.equal(await kit.engine.remove('unknown', id), null);
      }
      sameMessages(await all(kit, 'a'), before);
      assert.equal((await kit.engine.state('unknown')).offset, 0);
    },
  },
  {
    title: 'any id can be removed',
    async run(kit) {
      const ids = ['__proto__', 'constructor', "it's", '%', '😀', 'k'.repeat(128), '1', '01', madeId(0)];
      await kit.engine.append(ids.map((id) => keyed('a', id)));
      for (const [index, id] of ids.entries()) assert.equal(await kit.engine.remove('a', id), index + 1);
      assert.ok((await all(kit, 'a')).every(({ type }) => type === 'deleted'));
    },
  },
  {
    title: 'a message that is kept no longer cannot be removed',
    // Not whole seconds, so that an engine cannot leave it to what it does each second.
    retention: { windowSize: 2, windowTtl: 5500, historyTtl: 9700 },
    async run(kit) {
      const { engine, clock } = kit;
      const ids = [madeId(clock.now()), madeId(clock.now()), madeId(clock.now())] as const;
      await engine.append([
        keyed('a', 'p', { persist: true }),
        keyed('a', 'k'),
        draftOf('a', { id: ids[0] }),
      ]);
      await engine.append([draftOf('a', { id: ids[1] }), draftOf('a', { id: ids[2], persist: true })]);
      const found = async () => {
        const removed: Removal[] = [];
        for (const id of ['p', 'k', ...ids]) removed.push(await engine.remove('a', id));
        return removed;
      };
      assert.deepEqual(await found(), [1, null, null, 4, 5]);
      clock.advance(5500);
      assert.deepEqual(await found(), [1, null, null, null, 5]);
      clock.advance(4200);
      assert.deepEqual(await found(), [null, null, null, null, null]);
    },
  },
  {
    title: 'of several messages with the same id none is removed unless the offset says which',
    retention: { windowSize: 4, idempotencyWindow: 0 },
    async run(kit) {
      const { engine } = kit;
      for (const persist of [true, true, false, false]) await engine.append([keyed('a', 'k', { persist })]);
      const before = await all(kit, 'a');
      assert.deepEqual(await engine.remove('a', 'k'), [1, 2, 3, 4]);
      sameMessages(await all(kit, 'a'), before);
      assert.equal(await engine.remove('a', 'k', 3), 3);
      assert.equal(await engine.remove('a', 'k', 3), 3);
      assert.deepEqual(await engine.remove('a', 'k'), [1, 2, 4]);
      await engine.append(range(1, 4).map(() => draftOf('a')));
      assert.deepEqual(await engine.remove('a', 'k'), [1, 2]);
      assert.equal(await engine.remove('a', 'k', 4), null);
      assert.equal(await engine.remove('a', 'k', 1), 1);
      assert.equal(await engine.remove('a', 'k'), 2);
      assert.equal(await engine.remove('a', 'k'), 2);
    },
  },
  {
    title: 'an offset at which another message stands, or none, removes nothing',
    async run(kit) {
      await kit.engine.append([keyed('a', 'k'), draftOf('a', { id: 'x' }), draftOf('a'), keyed('b', 'k')]);
      const before = await all(kit, 'a');
      for (const offset of [0, 2, 3, 4, Number.MAX_SAFE_INTEGER - 1]) {
        assert.equal(await kit.engine.remove('a', 'k', offset), null);
      }
      sameMessages(await all(kit, 'a'), before);
      assert.equal(await kit.engine.remove('a', 'x', 2), 2);
    },
  },
  {
    title: 'an id that a publisher took from a message of the server’s is one of several',
    async run(kit) {
      const id = madeId(kit.clock.now());
      await kit.engine.append([draftOf('a', { id }), draftOf('a'), keyed('a', id)]);
      assert.deepEqual(await kit.engine.remove('a', id), [1, 3]);
      assert.equal(await kit.engine.remove('a', id, 3), 3);
      assert.equal(await kit.engine.remove('a', id), 1);
    },
  },
  {
    title: 'of very many messages with the same id the newest are told',
    retention: { idempotencyWindow: 0 },
    async run({ engine }) {
      for (const space of range(1, 30)) await engine.append([keyed('a', 'k', { space: `${space}` })]);
      assert.deepEqual(await engine.remove('a', 'k'), range(21, 30));
    },
  },
  {
    title: 'a server-made id is found among very many of the same moment, while the channel goes on',
    retention: { windowSize: 100_000 },
    async run(kit) {
      const ids: string[] = [];
      for (const _ of range(1, 5)) {
        const batch = range(1, 6000).map(() => draftOf('a', { id: madeId(kit.clock.now()) }));
        await kit.engine.append(batch);
        ids.push(...batch.map(({ id }) => id));
      }
      const [removed] = await Promise.all([
        kit.engine.remove('a', ids[29_999] ?? ''),
        kit.engine.append([draftOf('a')]),
      ]);
      assert.equal(removed, 30_000);
      for (const thousand of range(0, 29)) {
        for (const offset of range(thousand * 1000 + 1, thousand * 1000 + 2)) {
          assert.equal(await kit.engine.remove('a', ids[offset - 1] ?? ''), offset);
        }
      }
      assert.equal((await kit.engine.state('a')).offset, 30_001);
    },
  },
  {
    title: 'a server-made id is found when the clock was corrected about the time that it was made',
    async run(kit) {
      const ids = [-300_000, -1, 0, 1, 1999, 300_000].map((shift) => madeId(kit.clock.now() + shift));
      for (const id of ids) await kit.engine.append([draftOf('a', { id }), draftOf('a')]);
      for (const [index, id] of ids.entries()) assert.equal(await kit.engine.remove('a', id), index * 2 + 1);
    },
  },
];

export const removalCases: Case[] = [...tombstones, ...search];
