import assert from 'node:assert/strict';
import type { Position } from '../engine.ts';
import { type Case, type Kit, keyed, range } from './kit.ts';

/** In these tests a channel is forgotten ten seconds after its last use, and a message is kept for one. */
const retention = { windowTtl: 1000, idempotencyWindow: 1000, channelTtl: 10_000 };

async function positionOf(kit: Kit, channel: string): Promise<Position> {
  const { epoch, offset } = await kit.engine.state(channel);
  return { epoch, offset };
}

/** Long enough for whatever is to be forgotten, with some sweeps behind it. */
async function forget(kit: Kit): Promise<void> {
  kit.clock.advance(15_000);
  // An engine may go on in the next turns of the event loop.
  for (const _ of range(1, 200)) await new Promise((resolve) => setImmediate(resolve));
}

/** Of a channel that is not forgotten the position stays. */
function stays(title: string, use: (kit: Kit) => Promise<unknown>): Case {
  return {
    title: `${title} is not forgotten`,
    retention,
    async run(kit) {
      await kit.publish('a');
      await use(kit);
      const before = await positionOf(kit, 'a');
      for (const _ of range(1, 3)) await forget(kit);
      assert.deepEqual(await positionOf(kit, 'a'), before);
      assert.deepEqual(await kit.engine.channels({ prefix: '', limit: 9 }), ['a']);
    },
  };
}

const forgotten: Case[] = [
  {
    title:
      'a channel that nothing keeps is forgotten some time after its last use, and comes back as another one',
    retention,
    async run(kit) {
      const [old] = await kit.publish('a', 3);
      kit.clock.advance(9_000);
      assert.deepEqual(await positionOf(kit, 'a'), { epoch: old?.epoch, offset: 3 });
      await forget(kit);
      assert.deepEqual(await kit.engine.channels({ prefix: '', limit: 9 }), []);
      const empty = await positionOf(kit, 'a');
      assert.equal(empty.offset, 0);
      assert.notEqual(empty.epoch, old?.epoch);
      const [message] = await kit.publish('a');
      assert.deepEqual([message?.epoch, message?.offset], [empty.epoch, 1]);
      assert.deepEqual((await kit.engine.read('a', { limit: 9 })).messages, [message]);
      assert.deepEqual(await positionOf(kit, 'a'), { epoch: empty.epoch, offset: 1 });
    },
  },
  {
    title: 'no channel has an epoch a second time, however often it is forgotten',
    retention,
    async run(kit) {
      const epochs: (string | undefined)[] = [];
      for (const round of range(1, 5)) {
        const names = round % 2 === 0 ? ['b', 'a'] : ['a'];
        for (const name of names) epochs.push(`${name} ${(await kit.publish(name))[0]?.epoch}`);
        await forget(kit);
      }
      assert.equal(new Set(epochs).size, epochs.length, epochs.join());
    },
  },
  {
    title: 'a channel that is in use keeps its epoch while others are forgotten',
    retention,
    async run(kit) {
      const [kept] = await kit.publish('kept', 1, { persist: true });
      await kit.publish('a');
      await forget(kit);
      await kit.publish('a');
      assert.deepEqual(await positionOf(kit, 'kept'), { epoch: kept?.epoch, offset: 1 });
      const [next] = await kit.publish('kept');
      assert.deepEqual([next?.epoch, next?.offset], [kept?.epoch, 2]);
    },
  },
  {
    title:
      'a channel begins with the epoch that its first follower was told, whatever was forgotten meanwhile',
    retention,
    async run(kit) {
      await kit.publish('a');
      const told = await kit.engine.follow('b');
      await forget(kit);
      const [message] = await kit.publish('b');
      assert.deepEqual([message?.epoch, message?.offset], [told.epoch, 1]);
      assert.deepEqual(kit.sink.messages, [message]);
      assert.deepEqual(await positionOf(kit, 'b'), { epoch: told.epoch, offset: 1 });
    },
  },
  {
    title: 'its time begins anew when its last follower goes',
    retention,
    async run(kit) {
      await kit.publish('a');
      await kit.engine.follow('a');
      const before = await positionOf(kit, 'a');
      await forget(kit);
      await kit.engine.unfollow('a');
      kit.clock.advance(9_000);
      assert.deepEqual(await positionOf(kit, 'a'), before);
      await forget(kit);
      assert.equal((await positionOf(kit, 'a')).offset, 0);
    },
  },
  {
    title: 'a channel whose history was cleared is forgotten, too',
    retention,
    async run(kit) {
      await kit.publish('a', 600, { persist: true });
      await kit.engine.clear('a');
      await forget(kit);
      assert.equal((await positionOf(kit, 'a')).offset, 0);
    },
  },
  {
    title: 'thousands of channels are forgotten',
    retention,
    async run(kit) {
      for (const n of range(1, 5000)) await kit.publish(`c${n}`);
      await forget(kit);
      await forget(kit);
      assert.deepEqual(await kit.engine.channels({ prefix: '', limit: 9 }), []);
    },
  },
];

const kept: Case[] = [
  stays('a channel with a follower', ({ engine }) => engine.follow('a')),
  stays('a channel with a kept message', (kit) => kit.publish('a', 1, { persist: true })),
  stays('a channel with an owner', ({ engine }) =>
    engine.rooms.create({ channel: 'a', owner: 'u', private: false, members: ['u'] }),
  ),
  {
    title: 'a channel whose ids are remembered is not forgotten',
    retention: { ...retention, idempotencyWindow: 100_000 },
    async run(kit) {
      const first = await kit.appendOne(keyed('a', 'k'));
      await forget(kit);
      const again = await kit.appendOne(keyed('a', 'k'));
      assert.deepEqual([again.offset, again.epoch, again.duplicate], [first.offset, first.epoch, true]);
      kit.clock.advance(100_000);
      await forget(kit);
      assert.notEqual((await kit.appendOne(keyed('a', 'k'))).epoch, first.epoch);
    },
  },
];

const durable: Case[] = [
  {
    title: 'reopened: what was forgotten stays so, and what came after it has the same epoch',
    durable: true,
    retention,
    async run(kit) {
      const [old] = await kit.publish('a');
      await kit.publish('kept', 1, { persist: true });
      await forget(kit);
      const [message] = await kit.publish('a', 1, { persist: true });
      await kit.reopen();
      assert.deepEqual(await positionOf(kit, 'a'), { epoch: message?.epoch, offset: 1 });
      assert.equal((await positionOf(kit, 'kept')).epoch, old?.epoch);
      assert.deepEqual((await kit.engine.read('a', { limit: 9 })).messages, [message]);
      assert.equal((await positionOf(kit, 'new')).epoch, message?.epoch);
    },
  },
  {
    title: 'reopened: a channel is forgotten only when its followers had time to come back',
    durable: true,
    retention,
    async run(kit) {
      const [old] = await kit.publish('a');
      await kit.engine.follow('a');
      await kit.engine.close();
      kit.clock.advance(60_000);
      await kit.reopen();
      kit.clock.advance(5_000);
      assert.deepEqual(await kit.engine.follow('a'), { epoch: old?.epoch, offset: 1 });
      await forget(kit);
      assert.deepEqual(await positionOf(kit, 'a'), { epoch: old?.epoch, offset: 1 });
    },
  },
];

export const forgettingCases: Case[] = [...forgotten, ...kept, ...durable];
