import assert from 'node:assert/strict';
import type { Engine, Position, Retention } from '../engine.ts';
import { type Case, range, readUp } from './kit.ts';

/** PROTOCOLS.md, "History and recovery": what a subscriber with a position is told. */
interface Answer {
  readonly recovered: boolean;
  readonly gap?: { readonly from: number; readonly to: number | null };
  readonly replayed: number[];
}

/** The answer as the hub makes it: from nothing but `state` and `read`, a few messages at a time. */
async function recover(engine: Engine, channel: string, position: Position): Promise<Answer> {
  const state = await engine.state(channel, position.offset);
  const foreign = position.epoch !== state.epoch || position.offset > state.offset;
  const start = foreign ? 0 : position.offset;
  const replay = await readUp(engine, channel, { after: start, limit: 3 });
  const replayed = replay.map(({ offset }) => offset);
  if (foreign) return { recovered: false, gap: { from: 1, to: null }, replayed };
  assert.equal(replayed.length, state.kept, '`kept` foretells the length of the replay');
  if (position.offset + 1 >= state.completeFrom) return { recovered: true, replayed };
  return { recovered: false, gap: { from: position.offset + 1, to: state.completeFrom - 1 }, replayed };
}

interface Row {
  readonly title: string;
  readonly retention?: Partial<Retention>;
  readonly published: number;
  readonly persist?: boolean;
  /** Milliseconds between the last message and the question. */
  readonly wait?: number;
  readonly offset: number;
  readonly otherEpoch?: true;
  readonly answer: Answer;
}

const lost = (from: number, to: number | null, replayed: number[]): Answer => {
  return { recovered: false, gap: { from, to }, replayed };
};
const recovered = (replayed: number[]): Answer => ({ recovered: true, replayed });

const expired = { retention: { windowTtl: 1000 }, wait: 3000 };

const protocolRows: Row[] = [
  { title: 'empty, 0', published: 0, offset: 0, answer: recovered([]) },
  { title: '1–10 kept, 8', published: 10, offset: 8, answer: recovered([9, 10]) },
  { title: '1–10 kept, 10', published: 10, offset: 10, answer: recovered([]) },
  {
    title: 'only 11–20 kept, 8',
    retention: { windowSize: 10 },
    published: 20,
    offset: 8,
    answer: lost(9, 10, range(11, 20)),
  },
  { title: '1–10 kept, 15', published: 10, offset: 15, answer: lost(1, null, range(1, 10)) },
  {
    title: '1–10 kept, another epoch',
    published: 10,
    offset: 8,
    otherEpoch: true,
    answer: lost(1, null, range(1, 10)),
  },
  { title: 'all expired, top is 10, 10', ...expired, published: 10, offset: 10, answer: recovered([]) },
  { title: 'all expired, top is 10, 8', ...expired, published: 10, offset: 8, answer: lost(9, 10, []) },
];

const edgeRows: Row[] = [
  {
    title: 'only 11–20 kept, 10',
    retention: { windowSize: 10 },
    published: 20,
    offset: 10,
    answer: recovered(range(11, 20)),
  },
  {
    title: 'only 11–20 kept, 9',
    retention: { windowSize: 10 },
    published: 20,
    offset: 9,
    answer: lost(10, 10, range(11, 20)),
  },
  { title: 'empty, 1', published: 0, offset: 1, answer: lost(1, null, []) },
  { title: 'empty, another epoch', published: 0, offset: 0, otherEpoch: true, answer: lost(1, null, []) },
  { title: 'all expired, top is 10, 11', ...expired, published: 10, offset: 11, answer: lost(1, null, []) },
  {
    title: 'all expired but persisted, 0',
    ...expired,
    published: 10,
    persist: true,
    offset: 0,
    answer: recovered(range(1, 10)),
  },
];

/** Centrifuge's table: history size, its time to live, published, since, and whether it recovers how many. */
const centrifugeRows: Row[] = [
  { title: 'centrifuge: empty stream', published: 0, offset: 0, answer: recovered([]) },
  {
    title: 'centrifuge: from position',
    retention: { windowSize: 10 },
    published: 10,
    offset: 8,
    answer: recovered([9, 10]),
  },
  {
    title: 'centrifuge: from position that is gone',
    retention: { windowSize: 10 },
    published: 20,
    offset: 8,
    answer: lost(9, 10, range(11, 20)),
  },
  {
    title: 'centrifuge: from position in the future',
    retention: { windowSize: 20 },
    published: 20,
    offset: 108,
    answer: lost(1, null, range(1, 20)),
  },
  { title: 'centrifuge: same position', published: 7, offset: 7, answer: recovered([]) },
  { title: 'centrifuge: from zero', published: 4, offset: 0, answer: recovered(range(1, 4)) },
  { title: 'centrifuge: from expired', ...expired, published: 10, offset: 8, answer: lost(9, 10, []) },
  { title: 'centrifuge: same position, expired', ...expired, published: 1, offset: 1, answer: recovered([]) },
];

function caseOf(row: Row): Case {
  return {
    title: `recovery of ${row.title}`,
    ...(row.retention === undefined ? {} : { retention: row.retention }),
    async run(kit) {
      // Another channel's messages must not come into it.
      await kit.publish('other', 3, { persist: true });
      await kit.publish('a', row.published, { persist: row.persist ?? false });
      kit.clock.advance(row.wait ?? 0);
      const { epoch } = await kit.engine.state('a');
      const position = { epoch: row.otherEpoch ? `not-${epoch}` : epoch, offset: row.offset };
      assert.deepEqual(await recover(kit.engine, 'a', position), row.answer);
    },
  };
}

export const recoveryCases: Case[] = [
  ...[...protocolRows, ...edgeRows, ...centrifugeRows].map(caseOf),
  {
    title: 'recovery of centrifuge: limit of 2 with 5 missing is seen before anything is replayed',
    async run(kit) {
      await kit.publish('a', 10);
      assert.equal((await kit.engine.state('a', 5)).kept, 5);
      const { messages, more } = await kit.engine.read('a', { after: 5, limit: 2 });
      assert.deepEqual([messages.map(({ offset }) => offset), more], [[6, 7], true]);
    },
  },
];
