import assert from 'node:assert/strict';
import type { HistoryQuery, TailQuery } from '../engine.ts';
import { maxPageBytes } from '../page.ts';
import { type Case, draftOf, type Kit, range, readDown, readUp, sameMessages } from './kit.ts';

interface Row {
  readonly title: string;
  readonly query: HistoryQuery;
  readonly offsets: number[];
  readonly more: boolean;
}

const step = 100;

/** Offsets 1 to 10, those divisible by 3 persisted; two to a time, `step` apart: 1 and 2 at 0, 3 and 4 at 100… */
async function publishTen(kit: Kit): Promise<number> {
  const start = kit.clock.now();
  for (const pair of range(0, 4)) {
    const offsets = [pair * 2 + 1, pair * 2 + 2];
    await kit.engine.append(offsets.map((offset) => draftOf('a', { persist: offset % 3 === 0 })));
    kit.clock.advance(step);
  }
  return start;
}

const all = range(1, 10);

/** `from` and `to` count from the time of the first message. */
const pages: Row[] = [
  { title: 'newest first page', query: { limit: 3 }, offsets: [8, 9, 10], more: true },
  { title: 'newest, exactly all', query: { limit: 10 }, offsets: all, more: false },
  { title: 'newest, a limit beyond', query: { limit: 1000 }, offsets: all, more: false },
  { title: 'no limit left', query: { limit: 0 }, offsets: [], more: true },
  { title: 'after', query: { limit: 3, after: 4 }, offsets: [5, 6, 7], more: true },
  { title: 'after, to the top', query: { limit: 3, after: 7 }, offsets: [8, 9, 10], more: false },
  { title: 'after 0', query: { limit: 2, after: 0 }, offsets: [1, 2], more: true },
  { title: 'after the top', query: { limit: 3, after: 10 }, offsets: [], more: false },
  { title: 'after what is to come', query: { limit: 3, after: 99 }, offsets: [], more: false },
  { title: 'before', query: { limit: 3, before: 6 }, offsets: [3, 4, 5], more: true },
  { title: 'before, down to the first', query: { limit: 3, before: 4 }, offsets: [1, 2, 3], more: false },
  { title: 'before the first', query: { limit: 3, before: 1 }, offsets: [], more: false },
  { title: 'before what is to come', query: { limit: 2, before: 99 }, offsets: [9, 10], more: true },
  { title: 'after and before', query: { limit: 9, after: 3, before: 7 }, offsets: [4, 5, 6], more: false },
  { title: 'after and before, short', query: { limit: 2, after: 3, before: 7 }, offsets: [5, 6], more: true },
  { title: 'after and before crossed', query: { limit: 9, after: 7, before: 3 }, offsets: [], more: false },
  { title: 'from', query: { limit: 3, from: 100 }, offsets: [3, 4, 5], more: true },
  { title: 'from between times', query: { limit: 3, from: 301 }, offsets: [9, 10], more: false },
  { title: 'from later than all', query: { limit: 3, from: 401 }, offsets: [], more: false },
  { title: 'to', query: { limit: 3, to: 200 }, offsets: [4, 5, 6], more: true },
  { title: 'to between times', query: { limit: 9, to: 199 }, offsets: [1, 2, 3, 4], more: false },
  { title: 'to earlier than all', query: { limit: 9, to: -1 }, offsets: [], more: false },
  { title: 'from and to', query: { limit: 3, from: 100, to: 200 }, offsets: [3, 4, 5], more: true },
  {
    title: 'from and to, all of it',
    query: { limit: 4, from: 100, to: 200 },
    offsets: [3, 4, 5, 6],
    more: false,
  },
  { title: 'from and to crossed', query: { limit: 4, from: 200, to: 100 }, offsets: [], more: false },
  { title: 'after and to', query: { limit: 9, after: 3, to: 200 }, offsets: [4, 5, 6], more: false },
  { title: 'after and from', query: { limit: 2, after: 6, from: 100 }, offsets: [7, 8], more: true },
  { title: 'before and from', query: { limit: 2, before: 9, from: 200 }, offsets: [7, 8], more: true },
  { title: 'before and to', query: { limit: 2, before: 9, to: 100 }, offsets: [3, 4], more: true },
  { title: 'persisted', query: { limit: 2, persisted: true }, offsets: [6, 9], more: true },
  { title: 'persisted, all', query: { limit: 3, persisted: true }, offsets: [3, 6, 9], more: false },
  { title: 'persisted after', query: { limit: 1, after: 3, persisted: true }, offsets: [6], more: true },
  { title: 'persisted before', query: { limit: 1, before: 6, persisted: true }, offsets: [3], more: false },
  { title: 'persisted from', query: { limit: 9, from: 101, persisted: true }, offsets: [6, 9], more: false },
  { title: 'not only persisted', query: { limit: 2, persisted: false }, offsets: [9, 10], more: true },
];

function caseOf(row: Row): Case {
  return {
    title: `read: ${row.title}`,
    async run(kit) {
      const start = await publishTen(kit);
      const { from, to } = row.query;
      const page = await kit.engine.read('a', {
        ...row.query,
        ...(from === undefined ? {} : { from: start + from }),
        ...(to === undefined ? {} : { to: start + to }),
      });
      const offsets = page.messages.map((message) => message.offset);
      assert.deepEqual([offsets, page.more, page.offset], [row.offsets, row.more, 10]);
    },
  };
}

interface TailRow {
  readonly title: string;
  readonly query: TailQuery;
  readonly after: number;
  readonly count: number;
}

const tails: TailRow[] = [
  { title: 'the last few', query: { count: 3 }, after: 7, count: 3 },
  { title: 'all there are, and more', query: { count: 99 }, after: 0, count: 10 },
  { title: 'none', query: { count: 0 }, after: 10, count: 0 },
  { title: 'below an offset', query: { count: 2, before: 6 }, after: 3, count: 2 },
  { title: 'below the first', query: { count: 2, before: 1 }, after: 0, count: 0 },
  { title: 'below what is to come', query: { count: 1, before: 99 }, after: 9, count: 1 },
  { title: 'persisted ones', query: { count: 2, persisted: true }, after: 5, count: 2 },
  {
    title: 'persisted ones below an offset',
    query: { count: 9, before: 9, persisted: true },
    after: 2,
    count: 2,
  },
];

function tailCaseOf({ title, query, after, count }: TailRow): Case {
  return {
    title: `tail: ${title}`,
    async run(kit) {
      await publishTen(kit);
      const { epoch } = await kit.engine.state('a');
      assert.deepEqual({ ...(await kit.engine.tail('a', query)) }, { epoch, offset: 10, after, count });
    },
  };
}

/** Data of about so many bytes. */
const long = (bytes: number): string => JSON.stringify('x'.repeat(bytes));

export const readCases: Case[] = [
  ...pages.map(caseOf),
  ...tails.map(tailCaseOf),
  {
    title: 'a page has no more bytes than may be, either way, and says that there is more',
    async run({ engine }) {
      const data = long(100_000);
      await engine.append(range(1, 20).map((n) => draftOf('a', { data, persist: n % 2 === 0 })));
      const read = async (query: HistoryQuery) => {
        const { messages, more } = await engine.read('a', query);
        return [messages.map(({ offset }) => offset), more];
      };
      assert.deepEqual(await read({ limit: 1000 }), [range(16, 20), true]);
      assert.deepEqual(await read({ limit: 1000, after: 0 }), [range(1, 5), true]);
      assert.deepEqual(await read({ limit: 1000, after: 15 }), [range(16, 20), false]);
      assert.deepEqual(await read({ limit: 1000, after: 0, bytes: 250_000 }), [[1, 2], true]);
      assert.deepEqual(await read({ limit: 1000, after: 0, bytes: 1e9 }), [range(1, 5), true]);
      assert.deepEqual(await read({ limit: 1000, persisted: true }), [[12, 14, 16, 18, 20], true]);
    },
  },
  {
    title: 'a page has one message, however long it is',
    async run({ engine }) {
      for (const bytes of [maxPageBytes, 10, maxPageBytes + 1])
        await engine.append([draftOf('a', { data: long(bytes) })]);
      const pages = [
        await engine.read('a', { limit: 9, after: 0 }),
        await engine.read('a', { limit: 9, after: 1 }),
        await engine.read('a', { limit: 9 }),
      ];
      assert.deepEqual(
        pages.map(({ messages, more }) => [messages.map(({ offset }) => offset), more]),
        [
          [[1], true],
          [[2], true],
          [[3], true],
        ],
      );
    },
  },
  {
    title: 'what is not English letters counts by its bytes',
    async run({ engine }) {
      const data = JSON.stringify('語'.repeat(60_000));
      await engine.append(range(1, 4).map(() => draftOf('a', { data })));
      assert.equal((await engine.read('a', { limit: 9 })).messages.length, 2);
    },
  },
  {
    title: 'read and state of an unknown channel find it empty, and do not make it',
    async run({ engine }) {
      const { epoch } = await engine.state('other');
      for (const query of [{ limit: 5 }, { limit: 5, after: 3 }, { limit: 5, before: 3, persisted: true }]) {
        assert.deepEqual(
          { ...(await engine.read('a', query)) },
          { epoch, offset: 0, messages: [], more: false },
        );
      }
      for (const query of [{ count: 5 }, { count: 5, before: 3, persisted: true }])
        assert.deepEqual({ ...(await engine.tail('a', query)) }, { epoch, offset: 0, after: 0, count: 0 });
      const state = { epoch, offset: 0, completeFrom: 1, kept: 0 };
      assert.deepEqual({ ...(await engine.state('a')) }, state);
      assert.deepEqual({ ...(await engine.state('a', 7)) }, state);
    },
  },
  {
    title: 'reading page by page, either way, gives every kept message once across window and history',
    retention: { windowSize: 4 },
    async run(kit) {
      const expected = (await kit.publish('a', 5, { persist: true })).concat(
        await kit.publish('a', 3),
        await kit.publish('a', 6, { persist: true }),
      );
      const kept = expected.filter(({ offset, persist }) => persist || offset > 10);
      sameMessages(await readUp(kit.engine, 'a', { after: 0, limit: 3 }), kept);
      sameMessages(await readDown(kit.engine, 'a', { before: 15, limit: 3 }), kept);
    },
  },
  {
    title: 'a page is the reader’s own: changing it changes nothing',
    async run(kit) {
      const expected = await kit.publish('a', 3);
      (await kit.engine.read('a', { limit: 3 })).messages.length = 0;
      sameMessages((await kit.engine.read('a', { limit: 3 })).messages, expected);
    },
  },
];
