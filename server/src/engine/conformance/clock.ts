import assert from 'node:assert/strict';
import { type Case, keyed, range } from './kit.ts';

const hour = 3_600_000;

/** What is kept when the wall clock is set, forwards or back, while the engine is open. */
export const clockCases: Case[] = [
  {
    title: 'a wall clock set forwards makes nothing in the recovery window expire at once',
    retention: { windowTtl: 10_000 },
    async run(kit) {
      await kit.publish('a', 3);
      kit.clock.advance(1_000);
      kit.clock.step(hour);
      assert.deepEqual(await kit.kept('a'), range(1, 3));
      kit.clock.advance(7_000);
      assert.deepEqual(await kit.kept('a'), range(1, 3));
      assert.equal((await kit.engine.state('a')).completeFrom, 1);
      kit.clock.advance(2_000);
      assert.deepEqual(await kit.kept('a'), []);
    },
  },
  {
    title: 'a wall clock set forwards makes no history expire at once',
    retention: { windowTtl: 1_000, historyTtl: 100_000 },
    async run(kit) {
      await kit.publish('a', 3, { persist: true });
      kit.clock.advance(2_000);
      kit.clock.step(24 * hour);
      kit.clock.advance(80_000);
      assert.deepEqual(await kit.kept('a'), range(1, 3));
      kit.clock.advance(20_000);
      assert.deepEqual(await kit.kept('a'), []);
    },
  },
  {
    title:
      'a wall clock set forwards is caught up with: what came after it is kept for its time, and not for ever',
    retention: { windowTtl: 10_000 },
    async run(kit) {
      kit.clock.step(60_000);
      await kit.publish('a', 1);
      kit.clock.advance(9_999);
      assert.deepEqual(await kit.kept('a'), [1]);
      kit.clock.advance(600_000);
      await kit.publish('a', 1);
      kit.clock.advance(9_999);
      assert.deepEqual(await kit.kept('a'), [2]);
      kit.clock.advance(1);
      assert.deepEqual(await kit.kept('a'), []);
    },
  },
  {
    title: 'a wall clock set back makes nothing expire before its time, old or new',
    retention: { windowTtl: 10_000 },
    async run(kit) {
      await kit.publish('a', 1);
      kit.clock.step(-hour);
      await kit.publish('b', 1);
      kit.clock.advance(9_999);
      assert.deepEqual([await kit.kept('a'), await kit.kept('b')], [[1], [1]]);
      kit.clock.advance(1);
      assert.deepEqual(await kit.kept('b'), []);
    },
  },
  {
    title: 'a publisher’s id is known for its window when the wall clock is set',
    retention: { idempotencyWindow: 10_000 },
    async run(kit) {
      for (const step of [hour, -hour, -60_000, 60_000]) {
        const id = `set by ${step}`;
        await kit.appendOne(keyed('a', id));
        kit.clock.step(step);
        kit.clock.advance(8_000);
        assert.equal((await kit.appendOne(keyed('a', id))).duplicate, true, id);
      }
    },
  },
  {
    title: 'a publisher’s id is known when the wall clock is set back just after its generation was closed',
    retention: { idempotencyWindow: 10_000 },
    async run(kit) {
      kit.clock.advance(9_000);
      await kit.appendOne(keyed('a', 'k'));
      kit.clock.advance(2_000);
      kit.clock.step(-60_000);
      kit.clock.advance(2_000);
      assert.equal((await kit.appendOne(keyed('a', 'k'))).duplicate, true);
    },
  },
];
