import assert from 'node:assert/strict';
import { FanwireError } from '../../errors.ts';
import { type Case, draftOf, keyed, range, sameFields, sameMessages } from './kit.ts';
import { roomsOf } from './rooms.ts';

function isUnavailable(thrown: unknown): boolean {
  return thrown instanceof FanwireError && thrown.code === 'unavailable';
}

const everyEngine: Case[] = [
  {
    title: 'capabilities are what the factory says',
    async run({ engine, factory }) {
      assert.equal(engine.capabilities.durable, factory.capabilities.durable);
    },
  },
  {
    title: 'health is good, and its probe is seen by nobody',
    async run(kit) {
      await kit.engine.follow('a');
      await kit.publish('a');
      for (const _ of range(1, 3)) assert.equal((await kit.engine.health()).ok, true);
      await kit.publish('a');
      assert.deepEqual(kit.sink.offsets('a'), [1, 2]);
      assert.equal(kit.sink.messages.length, 2);
    },
  },
  {
    title: 'after close, append rejects as unavailable and delivers nothing',
    async run({ engine, sink }) {
      await engine.follow('a');
      await engine.close();
      await assert.rejects(engine.append([draftOf('a')]), isUnavailable);
      assert.deepEqual(sink.messages, []);
    },
  },
  {
    title: 'after close, health is bad and says why',
    async run({ engine }) {
      await engine.close();
      const { ok, detail } = await engine.health();
      assert.equal(ok, false);
      assert.ok(detail);
    },
  },
  {
    title: 'close may be called again and at the same time, and leaves no timer',
    async run(kit) {
      await kit.publish('a', 3);
      await Promise.all([kit.engine.close(), kit.engine.close()]);
      await kit.engine.close();
      assert.equal(kit.clock.timers, 0);
    },
  },
  {
    title: 'a batch that close overtakes is either committed or refused',
    async run(kit) {
      const appends = range(1, 5).map(() => kit.engine.append([draftOf('a'), draftOf('a')]));
      const [results] = await Promise.all([Promise.allSettled(appends), kit.engine.close()]);
      const committed = results.filter(({ status }) => status === 'fulfilled').length;
      for (const result of results) assert.ok(result.status === 'fulfilled' || isUnavailable(result.reason));
      if (!kit.factory.capabilities.durable) return;
      await kit.reopen();
      assert.equal((await kit.engine.state('a')).offset, committed * 2);
    },
  },
];

const durableEngines: Case[] = [
  {
    title: 'reopened: the same epoch, offsets and messages',
    durable: true,
    retention: { windowSize: 3 },
    async run(kit) {
      const persisted = await kit.publish('a', 4, { persist: true });
      const sender = { user: 'u1', connection: 'c1', client: 'phone' };
      const window = await kit.publish('a', 5, { sender, data: '{"n": 1e400, "k":"\\ud800 😀"}' });
      await kit.publish('b', 2);
      const before = await kit.engine.state('a');
      await kit.reopen();
      sameFields(await kit.engine.state('a'), before);
      sameMessages((await kit.engine.read('a', { limit: 99 })).messages, [...persisted, ...window.slice(2)]);
      const [next] = await kit.publish('a');
      assert.deepEqual([next?.offset, next?.epoch], [10, before.epoch]);
      assert.equal((await kit.engine.state('b')).offset, 2);
    },
  },
  {
    title: 'reopened again and again: nothing is lost or counted twice',
    durable: true,
    async run(kit) {
      for (const n of range(1, 5)) {
        await kit.publish('a', 2);
        await kit.reopen();
        assert.deepEqual(await kit.kept('a'), range(1, n * 2));
      }
    },
  },
  {
    title: 'reopened: a channel of which all expired keeps its last offset',
    durable: true,
    retention: { windowTtl: 1000 },
    async run(kit) {
      await kit.publish('a', 4);
      await kit.publish('b', 2);
      kit.clock.advance(60_000);
      await kit.reopen();
      const { offset, completeFrom, kept } = await kit.engine.state('a');
      assert.deepEqual({ offset, completeFrom, kept }, { offset: 4, completeFrom: 5, kept: 0 });
      assert.equal((await kit.publish('a'))[0]?.offset, 5);
      assert.equal((await kit.engine.follow('b')).offset, 2);
    },
  },
  {
    title: 'reopened: what expired meanwhile is gone, and the rest is not',
    durable: true,
    retention: { windowTtl: 5000 },
    async run(kit) {
      await kit.publish('a', 2);
      kit.clock.advance(3000);
      await kit.publish('a', 2);
      await kit.engine.close();
      kit.clock.advance(2000);
      await kit.reopen();
      assert.deepEqual(await kit.kept('a'), [3, 4]);
      assert.equal((await kit.engine.state('a')).completeFrom, 3);
    },
  },
  {
    title: 'reopened: ids are remembered for the rest of their window',
    durable: true,
    retention: { windowSize: 1, idempotencyWindow: 10_000 },
    async run(kit) {
      const first = await kit.appendOne(keyed('a', 'k'));
      await kit.publish('a', 3);
      kit.clock.advance(9999);
      await kit.reopen();
      sameFields(await kit.appendOne(keyed('a', 'k')), { ...first, duplicate: true });
      kit.clock.advance(1);
      assert.equal((await kit.appendOne(keyed('a', 'k'))).duplicate, false);
    },
  },
  {
    title: 'reopened: time does not go back along a channel when the clock did',
    durable: true,
    async run(kit) {
      const [before] = await kit.publish('a');
      await kit.engine.close();
      kit.clock.step(-5000);
      await kit.reopen();
      assert.equal((await kit.publish('a'))[0]?.time, before?.time);
    },
  },
  {
    title: 'reopened: delivery waits for follow',
    durable: true,
    async run(kit) {
      await kit.engine.follow('a');
      await kit.publish('a');
      await kit.reopen();
      await kit.publish('a');
      assert.equal((await kit.engine.follow('a')).offset, 2);
      await kit.publish('a');
      assert.deepEqual(kit.sink.offsets('a'), [3]);
    },
  },
  {
    title: 'reopened: rooms and their members are there, and users are not present',
    durable: true,
    async run(kit) {
      const room = { channel: 'vip', owner: 'u1', private: true, members: ['u1', 'u2'] };
      await kit.engine.rooms.create(room);
      await kit.engine.rooms.admit('vip', 'u3');
      await kit.engine.rooms.expel('vip', 'u2');
      await kit.engine.presence.join('vip', 'u1');
      await kit.reopen();
      assert.deepEqual(await roomsOf(kit.engine), [{ ...room, members: ['u1', 'u3'] }]);
      assert.equal(await kit.engine.rooms.create(room), false);
      assert.equal(await kit.engine.presence.count('vip'), 0);
    },
  },
];

export const lifeCases: Case[] = [...everyEngine, ...durableEngines];
