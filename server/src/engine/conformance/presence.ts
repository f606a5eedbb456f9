import assert from 'node:assert/strict';
import { type Case, range, until } from './kit.ts';

const counting: Case[] = [
  {
    title: 'a user is present once, with the number of connections and the time of the first',
    async run({ engine: { presence }, clock }) {
      const since = clock.now();
      await presence.join('a', 'u1');
      clock.advance(500);
      await presence.join('a', 'u1');
      await presence.join('a', 'u2');
      const page = await presence.page('a', { limit: 10 });
      assert.deepEqual(
        page.users.map((user) => ({ ...user })),
        [
          { user: 'u1', connections: 2, since },
          { user: 'u2', connections: 1, since: since + 500 },
        ],
      );
      assert.equal(page.total, 2);
      assert.equal(await presence.count('a'), 2);
    },
  },
  {
    title: 'a user stays until the last connection leaves, and is new after that',
    async run({ engine: { presence }, clock }) {
      await presence.join('a', 'u1');
      await presence.join('a', 'u1');
      await presence.leave('a', 'u1');
      assert.equal(await presence.count('a'), 1);
      assert.equal((await presence.page('a', { limit: 1 })).users[0]?.connections, 1);
      await presence.leave('a', 'u1');
      assert.equal(await presence.count('a'), 0);
      clock.advance(1000);
      await presence.join('a', 'u1');
      const { users } = await presence.page('a', { limit: 1 });
      assert.deepEqual({ ...users[0] }, { user: 'u1', connections: 1, since: clock.now() });
    },
  },
  {
    title: 'leave without a join does nothing',
    async run({ engine, sink }) {
      const { presence } = engine;
      await engine.follow('a');
      await presence.leave('a', 'u1');
      await presence.join('a', 'u1');
      await presence.leave('a', 'u2');
      await presence.leave('b', 'u1');
      assert.equal(await presence.count('a'), 1);
      await presence.leave('a', 'u1');
      await presence.leave('a', 'u1');
      await presence.join('a', 'u1');
      assert.equal(await presence.count('a'), 1);
      await until('three events', () => sink.events.length >= 3);
      assert.deepEqual(
        sink.events.map(({ joined }) => joined),
        [true, false, true],
      );
    },
  },
  {
    title: 'the same user in two channels is present in each of them',
    async run({ engine: { presence } }) {
      await presence.join('a', 'u1');
      await presence.join('b', 'u1');
      await presence.leave('a', 'u1');
      assert.deepEqual([await presence.count('a'), await presence.count('b')], [0, 1]);
    },
  },
  {
    title: 'only the first connection and the last are told, with the users present after it',
    async run({ engine, sink, clock }) {
      const { presence } = engine;
      await engine.follow('a');
      const start = clock.now();
      for (const user of ['u1', 'u2', 'u1']) {
        await presence.join('a', user);
        clock.advance(10);
      }
      for (const user of ['u1', 'u2', 'u1']) {
        await presence.leave('a', user);
        clock.advance(10);
      }
      await until('four events', () => sink.events.length >= 4);
      assert.deepEqual(
        sink.events.map((event) => ({ ...event })),
        [
          { channel: 'a', user: 'u1', joined: true, time: start, count: 1 },
          { channel: 'a', user: 'u2', joined: true, time: start + 10, count: 2 },
          { channel: 'a', user: 'u2', joined: false, time: start + 40, count: 1 },
          { channel: 'a', user: 'u1', joined: false, time: start + 50, count: 0 },
        ],
      );
    },
  },
];

const paging: Case[] = [
  {
    title: '250 users are paged in order, each once',
    async run({ engine: { presence } }) {
      const names = range(1, 250).map((n) => `user-${String(n).padStart(3, '0')}`);
      // Not in their order: 7 and 250 have no common divisor.
      for (const n of range(0, 249)) await presence.join('a', names[(n * 7) % 250] ?? '');
      const pages = [];
      let cursor: string | undefined;
      do {
        const page = await presence.page('a', { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
        assert.equal(page.total, 250);
        assert.ok(pages.length < 3, 'three pages are enough');
        pages.push(page.users.map(({ user }) => user));
        cursor = page.next;
      } while (cursor !== undefined);
      assert.deepEqual(
        pages.map((page) => page.length),
        [100, 100, 50],
      );
      assert.deepEqual(pages.flat(), names);
    },
  },
  {
    title: 'a last page that is full has no next',
    async run({ engine: { presence } }) {
      for (const user of ['d', 'b', 'a', 'c']) await presence.join('a', user);
      const first = await presence.page('a', { limit: 2 });
      assert.ok(first.next !== undefined);
      const second = await presence.page('a', { limit: 2, cursor: first.next });
      assert.deepEqual(
        second.users.map(({ user }) => user),
        ['c', 'd'],
      );
      assert.equal('next' in second, false);
      assert.equal('next' in (await presence.page('a', { limit: 4 })), false);
    },
  },
  {
    title: 'a cursor holds when users come and go, its own among them',
    async run({ engine: { presence } }) {
      for (const user of ['a', 'b', 'c', 'd', 'e']) await presence.join('a', user);
      const first = await presence.page('a', { limit: 2 });
      assert.ok(first.next !== undefined);
      await presence.leave('a', 'b');
      await presence.join('a', 'aa');
      await presence.join('a', 'cc');
      const rest = await presence.page('a', { limit: 10, cursor: first.next });
      assert.deepEqual(
        rest.users.map(({ user }) => user),
        ['c', 'cc', 'd', 'e'],
      );
      assert.equal(rest.total, 6);
      await presence.leave('a', 'cc');
      const last = await presence.page('a', { limit: 1, cursor: 'c' });
      assert.deepEqual([last.users[0]?.user, last.total, last.next], ['d', 5, 'd']);
    },
  },
  {
    title: 'nobody is in an unknown channel',
    async run({ engine: { presence } }) {
      assert.equal(await presence.count('a'), 0);
      assert.deepEqual({ ...(await presence.page('a', { limit: 10 })) }, { users: [], total: 0 });
      const behind = await presence.page('a', { limit: 10, cursor: 'u' });
      assert.deepEqual({ ...behind }, { users: [], total: 0 });
    },
  },
];

export const presenceCases: Case[] = [...counting, ...paging];
