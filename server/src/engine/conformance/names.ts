import assert from 'node:assert/strict';
import { becoming, type Case, draftOf, keyed, sameMessages, until } from './kit.ts';

const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '$all',
  '$user:__proto__',
  'a',
  'A',
  ' a',
  'a ',
  'a:b',
  'a*',
  '*',
  '%',
  '_',
  "it's",
  '"quoted"',
  '{a}',
  'a/../b',
  'n'.repeat(255),
  `${'n'.repeat(254)}m`,
  '😀',
  '😀'.repeat(63),
  // The same letter composed and decomposed: two names.
  '\u00e9',
  'e\u0301',
];

export const nameCases: Case[] = [
  {
    title: 'any channel name is a channel of its own',
    async run({ engine, sink }) {
      for (const name of names) await engine.follow(name);
      const drafts = [...names, ...names].map((name) => draftOf(name, { data: JSON.stringify(name) }));
      const expected = becoming(drafts, await engine.append(drafts));
      for (const name of names) {
        const own = expected.filter(({ channel }) => channel === name);
        assert.deepEqual(
          own.map(({ offset }) => offset),
          [1, 2],
        );
        sameMessages((await engine.read(name, { limit: 9 })).messages, own);
        sameMessages(sink.of(name), own);
      }
    },
  },
  {
    title: 'any id is an id of its own',
    async run(kit) {
      const ids = [...names.map((name) => name.slice(0, 128)), '0', '00', '1e0', '1', '1.0'];
      const unique = [...new Set(ids)];
      const first = await kit.engine.append(unique.map((id) => keyed('a', id)));
      assert.ok(first.every(({ duplicate }) => !duplicate));
      const again = await kit.engine.append(unique.map((id) => keyed('a', id)));
      assert.deepEqual(
        again.map((receipt) => ({ ...receipt, duplicate: false })),
        first.map((receipt) => ({ ...receipt })),
      );
      assert.ok(again.every(({ duplicate }) => duplicate));
    },
  },
  {
    title: 'no channel and id together are taken for another pair',
    async run({ engine }) {
      const pairs = [
        ['a', 'b:c'],
        ['a:b', 'c'],
        ['a/b', 'c'],
        ['a', 'b/c'],
        ['ab', 'c'],
        ['a', 'bc'],
      ] as const;
      const receipts = await engine.append(pairs.map(([channel, id]) => keyed(channel, id)));
      assert.ok(receipts.every(({ duplicate }) => !duplicate));
    },
  },
  {
    title: 'any name may be present anywhere',
    async run({ engine, sink }) {
      const { presence } = engine;
      for (const name of names) await engine.follow(name);
      for (const name of names) await presence.join(name, name);
      for (const name of names) {
        const { users, total } = await presence.page(name, { limit: 10 });
        assert.deepEqual([users.map(({ user }) => user), total], [[name], 1]);
      }
      for (const name of names) await presence.leave(name, name);
      for (const name of names) assert.equal(await presence.count(name), 0);
      await until('all presence events', () => sink.events.length === names.length * 2);
    },
  },
  {
    title: 'any name may be a room and a member',
    async run({ engine }) {
      for (const name of names) {
        const room = { channel: name, owner: name, private: true, members: [name] };
        assert.equal(await engine.rooms.create(room), true);
      }
      for (const name of names) await engine.rooms.admit(name, `${name}2`);
      const rooms = await engine.rooms.all();
      assert.equal(rooms.length, names.length);
      for (const { channel, owner, members } of rooms) {
        assert.equal(owner, channel);
        assert.deepEqual([...members].sort(), [channel, `${channel}2`].sort());
      }
    },
  },
];
