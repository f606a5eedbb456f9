import assert from 'node:assert/strict';
import { type Case, type Kit, range } from './kit.ts';

/** `p` publishes a message to be kept, `-` one for the window only. */
async function publishAll(kit: Kit, channel: string, pattern: string): Promise<void> {
  for (const letter of pattern) await kit.publish(channel, 1, { persist: letter === 'p' });
}

async function assertState(
  kit: Kit,
  channel: string,
  expected: { offset: number; completeFrom: number; kept: number[] },
): Promise<void> {
  const { offset, completeFrom, kept } = await kit.engine.state(channel);
  const offsets = await kit.kept(channel);
  assert.deepEqual({ offset, completeFrom, kept: offsets }, expected);
  assert.equal(kept, expected.kept.length);
}

const recoveryWindow: Case[] = [
  {
    title: 'the window keeps the newest messages, as many as its size',
    retention: { windowSize: 5 },
    async run(kit) {
      await kit.publish('a', 5);
      await assertState(kit, 'a', { offset: 5, completeFrom: 1, kept: range(1, 5) });
      await kit.publish('a', 7);
      await assertState(kit, 'a', { offset: 12, completeFrom: 8, kept: range(8, 12) });
    },
  },
  {
    title: 'the window keeps a message until it is as old as its time to live, to the millisecond',
    retention: { windowTtl: 5000 },
    async run(kit) {
      await kit.publish('a', 2);
      kit.clock.advance(2000);
      await kit.publish('a', 1);
      kit.clock.advance(2999);
      await assertState(kit, 'a', { offset: 3, completeFrom: 1, kept: [1, 2, 3] });
      kit.clock.advance(1);
      await assertState(kit, 'a', { offset: 3, completeFrom: 3, kept: [3] });
      kit.clock.advance(2000);
      await assertState(kit, 'a', { offset: 3, completeFrom: 4, kept: [] });
    },
  },
  {
    title: 'one channel’s messages push out no other’s',
    retention: { windowSize: 3 },
    async run(kit) {
      await kit.publish('a', 2);
      await kit.publish('b', 50);
      await assertState(kit, 'a', { offset: 2, completeFrom: 1, kept: [1, 2] });
    },
  },
  {
    title: 'a channel of which all expired keeps its last offset and goes on from it',
    retention: { windowTtl: 1000, historyTtl: 2000 },
    async run(kit) {
      await kit.publish('a', 4);
      await kit.publish('a', 3, { persist: true });
      kit.clock.advance(3_600_000);
      await assertState(kit, 'a', { offset: 7, completeFrom: 8, kept: [] });
      kit.clock.advance(3_600_000);
      assert.equal((await kit.engine.follow('a')).offset, 7);
      await kit.engine.unfollow('a');
      kit.clock.advance(60_000);
      await kit.publish('a', 1);
      await assertState(kit, 'a', { offset: 8, completeFrom: 8, kept: [8] });
    },
  },
  {
    title: 'kept counts what is kept after the offset that was asked about',
    retention: { windowSize: 4 },
    async run(kit) {
      await publishAll(kit, 'a', 'p-p-------');
      const kept = async (after: number) => (await kit.engine.state('a', after)).kept;
      assert.deepEqual(
        [
          await kept(0),
          await kept(1),
          await kept(3),
          await kept(6),
          await kept(8),
          await kept(10),
          await kept(99),
        ],
        [6, 5, 4, 4, 2, 0, 0],
      );
    },
  },
];

const history: Case[] = [
  {
    title: 'persisted messages stay behind the window, by size and by time',
    retention: { windowSize: 3, windowTtl: 5000 },
    async run(kit) {
      await publishAll(kit, 'a', 'p-p--p---');
      await assertState(kit, 'a', { offset: 9, completeFrom: 6, kept: [1, 3, 6, 7, 8, 9] });
      kit.clock.advance(6 * 3_600_000);
      await assertState(kit, 'a', { offset: 9, completeFrom: 10, kept: [1, 3, 6] });
    },
  },
  {
    title: 'completeFrom reaches back over persisted messages as far as none is missing',
    retention: { windowSize: 3 },
    async run(kit) {
      await publishAll(kit, 'a', 'pp-pppp---');
      await assertState(kit, 'a', { offset: 10, completeFrom: 4, kept: [1, 2, 4, 5, 6, 7, 8, 9, 10] });
      await publishAll(kit, 'a', 'p');
      await assertState(kit, 'a', { offset: 11, completeFrom: 9, kept: [1, 2, 4, 5, 6, 7, 9, 10, 11] });
    },
  },
  {
    title: 'completeFrom reaches back without a window where the top is persisted',
    retention: { windowTtl: 1000 },
    async run(kit) {
      await publishAll(kit, 'all', 'pppp');
      await publishAll(kit, 'end', 'p-pp');
      await publishAll(kit, 'top', 'ppp-');
      kit.clock.advance(1000);
      await assertState(kit, 'all', { offset: 4, completeFrom: 1, kept: [1, 2, 3, 4] });
      await assertState(kit, 'end', { offset: 4, completeFrom: 3, kept: [1, 3, 4] });
      await assertState(kit, 'top', { offset: 4, completeFrom: 5, kept: [1, 2, 3] });
    },
  },
  {
    title: 'persisted messages go when they are as old as HISTORY_TTL, to the millisecond',
    retention: { windowTtl: 1000, historyTtl: 60_000 },
    async run(kit) {
      await publishAll(kit, 'a', 'p-p');
      kit.clock.advance(20_000);
      await publishAll(kit, 'a', 'p');
      kit.clock.advance(39_999);
      await assertState(kit, 'a', { offset: 4, completeFrom: 3, kept: [1, 3, 4] });
      kit.clock.advance(1);
      await assertState(kit, 'a', { offset: 4, completeFrom: 4, kept: [4] });
      kit.clock.advance(20_000);
      await assertState(kit, 'a', { offset: 4, completeFrom: 5, kept: [] });
    },
  },
  {
    title: 'HISTORY_TTL takes nothing from the window',
    retention: { windowSize: 3, windowTtl: 60_000, historyTtl: 1000 },
    async run(kit) {
      await publishAll(kit, 'a', 'ppp-p');
      kit.clock.advance(999);
      await assertState(kit, 'a', { offset: 5, completeFrom: 1, kept: [1, 2, 3, 4, 5] });
      kit.clock.advance(1);
      await assertState(kit, 'a', { offset: 5, completeFrom: 3, kept: [3, 4, 5] });
      const page = await kit.engine.read('a', { limit: 10, persisted: true });
      assert.deepEqual(
        page.messages.map(({ offset }) => offset),
        [3, 5],
      );
      await publishAll(kit, 'a', '-');
      await assertState(kit, 'a', { offset: 6, completeFrom: 4, kept: [4, 5, 6] });
    },
  },
];

export const retentionCases: Case[] = [...recoveryWindow, ...history];
