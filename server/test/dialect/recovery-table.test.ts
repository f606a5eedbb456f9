import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeCursor } from '../../src/dialect/events/cursor.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';

/** PROTOCOLS.md, "History and recovery": what `position` is answered by. */
interface Row {
  readonly state: string;
  readonly env?: Record<string, string>;
  /** Messages published before the question: how many, one after the other, and whether they persist. */
  readonly published: readonly { readonly count: number; readonly persist?: boolean }[];
  /** Milliseconds between the last message and the question. */
  readonly wait?: number;
  readonly offset: number;
  readonly otherEpoch?: true;
  readonly gap?: { readonly from: number; readonly to: number | null };
  readonly replayed: readonly number[];
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const ten = [{ count: 10 }];
const twenty = [{ count: 20 }];
const lastTen = { RECOVERY_WINDOW_SIZE: '10' };
const brief = { RECOVERY_WINDOW_TTL: '1' };
const expired = { env: brief, wait: 3000 };

const contract: Row[] = [
  { state: 'empty', published: [], offset: 0, replayed: [] },
  { state: '1–10 kept', published: ten, offset: 8, replayed: [9, 10] },
  { state: '1–10 kept', published: ten, offset: 10, replayed: [] },
  {
    state: 'only 11–20 kept',
    env: lastTen,
    published: twenty,
    offset: 8,
    gap: { from: 9, to: 10 },
    replayed: range(11, 20),
  },
  { state: '1–10 kept', published: ten, offset: 15, gap: { from: 1, to: null }, replayed: range(1, 10) },
  {
    state: '1–10 kept',
    published: ten,
    offset: 8,
    otherEpoch: true,
    gap: { from: 1, to: null },
    replayed: range(1, 10),
  },
  { state: 'all expired, top is 10', ...expired, published: ten, offset: 10, replayed: [] },
  {
    state: 'all expired, top is 10',
    ...expired,
    published: ten,
    offset: 8,
    gap: { from: 9, to: 10 },
    replayed: [],
  },
];

const edges: Row[] = [
  { state: '1–10 kept', published: ten, offset: 0, replayed: range(1, 10) },
  { state: 'only 11–20 kept', env: lastTen, published: twenty, offset: 10, replayed: range(11, 20) },
  {
    state: 'only 11–20 kept',
    env: lastTen,
    published: twenty,
    offset: 9,
    gap: { from: 10, to: 10 },
    replayed: range(11, 20),
  },
  {
    state: 'only 11–20 kept',
    env: lastTen,
    published: twenty,
    offset: 0,
    gap: { from: 1, to: 10 },
    replayed: range(11, 20),
  },
  { state: 'empty', published: [], offset: 1, gap: { from: 1, to: null }, replayed: [] },
  {
    state: 'empty',
    published: [],
    offset: 0,
    otherEpoch: true,
    gap: { from: 1, to: null },
    replayed: [],
  },
  {
    state: 'all expired, top is 10',
    ...expired,
    published: ten,
    offset: 0,
    gap: { from: 1, to: 10 },
    replayed: [],
  },
  {
    state: 'all expired, top is 10',
    ...expired,
    published: ten,
    offset: 11,
    gap: { from: 1, to: null },
    replayed: [],
  },
  {
    state: '1–10 persisted, beyond the window',
    ...expired,
    published: [{ count: 10, persist: true }],
    offset: 3,
    replayed: range(4, 10),
  },
  {
    state: '1–3 persisted and 11–20 kept',
    env: lastTen,
    published: [{ count: 3, persist: true }, { count: 17 }],
    offset: 1,
    gap: { from: 2, to: 10 },
    replayed: [2, 3, ...range(11, 20)],
  },
  {
    state: '1–3 persisted and 11–20 kept',
    env: lastTen,
    published: [{ count: 3, persist: true }, { count: 17 }],
    offset: 3,
    gap: { from: 4, to: 10 },
    replayed: range(11, 20),
  },
  {
    state: '1–15 persisted and 16–20 kept',
    env: { RECOVERY_WINDOW_SIZE: '5' },
    published: [{ count: 15, persist: true }, { count: 5 }],
    offset: 2,
    replayed: range(3, 20),
  },
];

interface Situation {
  readonly fw: TestServer;
  readonly position: { readonly epoch: string; readonly offset: number };
}

async function situation(row: Row, engine: string): Promise<Situation> {
  const clock = new FakeClock();
  const fw = await testServer({ clock, env: { ENGINE: engine, ...row.env } });
  const publisher = await ChannelClient.open(fw);
  // Another channel's messages must not come into it.
  await publisher.publishMany('other', 5, { persist: true });
  for (const { count, persist = false } of row.published) {
    await publisher.publishMany('news', count, { persist });
  }
  clock.advance(row.wait ?? 0);
  const { content } = await publisher.ask('history', { channel: 'news' });
  const epoch = row.otherEpoch ? `not-${content.epoch}` : content.epoch;
  return { fw, position: { epoch, offset: row.offset } };
}

function title({ state, offset, otherEpoch, gap, replayed }: Row): string {
  const answer = gap ? `a gap from ${gap.from} to ${gap.to}` : 'recovered';
  return `${state}, position ${offset}${otherEpoch ? ' of another epoch' : ''}: ${answer}, ${replayed.length} replayed`;
}

for (const engine of ['sqlite', 'memory']) {
  describe(`a position on the channel dialect (${engine})`, () => {
    for (const row of [...contract, ...edges]) {
      it(title(row), async () => {
        const { fw, position } = await situation(row, engine);
        await using _ = fw;
        const top = row.published.reduce((sum, { count }) => sum + count, 0);
        const client = await ChannelClient.open(fw);
        const { epoch, ...answer } = await client.subscribe('news', { position });
        assert.equal(epoch === position.epoch, row.otherEpoch === undefined);
        assert.deepEqual(answer, {
          offset: top,
          recovered: row.gap === undefined,
          replayed: row.replayed.length,
          ...(row.gap ? { gap: row.gap } : {}),
        });
        await client.publish('news', 'live');
        assert.deepEqual(client.offsets('news'), [...row.replayed, top + 1]);
      });
    }
  });

  describe(`a cursor on the events dialect (${engine})`, () => {
    for (const row of [...contract, ...edges]) {
      it(title(row), async () => {
        const { fw, position } = await situation(row, engine);
        await using _ = fw;
        const cursor = encodeCursor(new Map([['news', position]]));
        const stream = await fw.stream('/sse/connect?channels=news', { 'last-event-id': cursor });
        await stream.next('connected');
        const message = { channel: 'news', message: { content: 'live' } };
        const { body } = await fw.call('POST', '/ws/send-to-channel', message);
        await stream.next('message', { content: 'live' });
        const expected = [...(row.gap ? ['gap'] : []), ...row.replayed.map(() => 'message'), 'message'];
        const events = stream.inbox.all.slice(1);
        assert.deepEqual(
          events.map(({ event }) => event),
          expected,
        );
        if (row.gap) assert.deepEqual(events.shift()?.data.content, { channel: 'news', ...row.gap });
        assert.deepEqual(
          events.map(({ data }) => data.offset),
          [...row.replayed, body.offset],
        );
      });
    }
  });
}
