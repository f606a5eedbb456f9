import assert from 'node:assert/strict';
import type { Engine, Room } from '../engine.ts';
import type { Case } from './kit.ts';

const vip: Room = { channel: 'vip', owner: 'u1', private: true, members: ['u1', 'u2'] };
const open: Room = { channel: 'open', owner: 'u2', private: false, members: ['u2'] };

/** All rooms in order of their names, members too: the store promises no order. */
export async function roomsOf(engine: Engine): Promise<Room[]> {
  const rooms = await engine.rooms.all();
  return rooms
    .map((room) => ({ ...room, members: [...room.members].sort() }))
    .sort((a, b) => (a.channel < b.channel ? -1 : 1));
}

export const roomCases: Case[] = [
  {
    title: 'created rooms are found as they were created',
    async run({ engine }) {
      assert.deepEqual(await roomsOf(engine), []);
      assert.equal(await engine.rooms.create(vip), true);
      assert.equal(await engine.rooms.create(open), true);
      assert.deepEqual(await roomsOf(engine), [open, vip]);
    },
  },
  {
    title: 'a second record for a channel is refused and changes nothing',
    async run({ engine }) {
      await engine.rooms.create(vip);
      assert.equal(await engine.rooms.create({ ...open, channel: 'vip' }), false);
      assert.deepEqual(await roomsOf(engine), [vip]);
    },
  },
  {
    title: 'of two that create the same room at once, one succeeds',
    async run({ engine }) {
      const made = await Promise.all([
        engine.rooms.create(vip),
        engine.rooms.create({ ...vip, owner: 'u2' }),
      ]);
      assert.deepEqual(made.sort(), [false, true]);
      assert.equal((await roomsOf(engine)).length, 1);
    },
  },
  {
    title: 'users are admitted once and expelled wholly',
    async run({ engine }) {
      await engine.rooms.create(vip);
      await engine.rooms.create(open);
      await engine.rooms.admit('vip', 'u3');
      await engine.rooms.admit('vip', 'u3');
      assert.deepEqual(await roomsOf(engine), [open, { ...vip, members: ['u1', 'u2', 'u3'] }]);
      await engine.rooms.expel('vip', 'u3');
      await engine.rooms.expel('vip', 'u2');
      await engine.rooms.expel('vip', 'nobody');
      assert.deepEqual(await roomsOf(engine), [open, { ...vip, members: ['u1'] }]);
    },
  },
  {
    title: 'admitting to a channel without a record, or expelling from it, makes none',
    async run({ engine }) {
      await engine.rooms.admit('vip', 'u3');
      await engine.rooms.expel('vip', 'u3');
      assert.deepEqual(await roomsOf(engine), []);
      assert.equal(await engine.rooms.create(vip), true);
      assert.deepEqual(await roomsOf(engine), [vip]);
    },
  },
  {
    title: 'a record that is removed is gone with its members, and another one may take its place',
    async run({ engine }) {
      await engine.rooms.create(vip);
      await engine.rooms.create(open);
      await engine.rooms.admit('vip', 'u3');
      assert.equal(await engine.rooms.remove('nothing'), false);
      assert.equal(await engine.rooms.remove('vip'), true);
      assert.equal(await engine.rooms.remove('vip'), false);
      assert.deepEqual(await roomsOf(engine), [open]);
      const other = { ...vip, owner: 'u4', members: ['u4'] };
      assert.equal(await engine.rooms.create(other), true);
      assert.deepEqual(await roomsOf(engine), [open, other]);
    },
  },
  {
    title: 'a record that was handed out, or in, changes nothing',
    async run({ engine }) {
      const members = ['u1'];
      await engine.rooms.create({ ...vip, members });
      members.push('u9');
      const [before] = await engine.rooms.all();
      await engine.rooms.admit('vip', 'u2');
      assert.deepEqual([...(before?.members ?? [])], ['u1']);
      assert.deepEqual(await roomsOf(engine), [vip]);
    },
  },
];
