import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChannelState } from '../../src/engine/engine.ts';
import { isPlausible, type Resumption, resume } from '../../src/hub/recovery.ts';

const epoch = 'now';

/** A channel in which only these offsets are kept, as an engine describes it from behind one of them. */
function stateOf(top: number, kept: readonly number[], after: number): ChannelState {
  let completeFrom = top + 1;
  while (kept.includes(completeFrom - 1)) completeFrom--;
  return { epoch, offset: top, completeFrom, kept: kept.filter((offset) => offset > after).length };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

interface Row {
  readonly title: string;
  readonly top: number;
  readonly kept: readonly number[];
  readonly position: { readonly epoch?: string; readonly offset: number };
  readonly answer: Resumption;
}

const recovered = (after: number, replayed: number): Resumption => {
  return { after, recovered: true, gap: null, replayed };
};
const lost = (after: number, from: number, to: number | null, replayed: number): Resumption => {
  return { after, recovered: false, gap: { from, to }, replayed };
};

/** PROTOCOLS.md, "History and recovery", and what lies between its rows. */
const table: readonly Row[] = [
  { title: 'empty, from 0', top: 0, kept: [], position: { offset: 0 }, answer: recovered(0, 0) },
  {
    title: '1–10 kept, from 8',
    top: 10,
    kept: range(1, 10),
    position: { offset: 8 },
    answer: recovered(8, 2),
  },
  {
    title: '1–10 kept, from 10',
    top: 10,
    kept: range(1, 10),
    position: { offset: 10 },
    answer: recovered(10, 0),
  },
  {
    title: '1–10 kept, from 0',
    top: 10,
    kept: range(1, 10),
    position: { offset: 0 },
    answer: recovered(0, 10),
  },
  {
    title: 'only 11–20 kept, from 8',
    top: 20,
    kept: range(11, 20),
    position: { offset: 8 },
    answer: lost(8, 9, 10, 10),
  },
  {
    title: 'only 11–20 kept, from 10',
    top: 20,
    kept: range(11, 20),
    position: { offset: 10 },
    answer: recovered(10, 10),
  },
  {
    title: 'only 11–20 kept, from 15',
    top: 20,
    kept: range(11, 20),
    position: { offset: 15 },
    answer: recovered(15, 5),
  },
  {
    title: 'persisted 2 and 4, and 8–10 kept, from 3',
    top: 10,
    kept: [2, 4, 8, 9, 10],
    position: { offset: 3 },
    answer: lost(3, 4, 7, 4),
  },
  {
    title: '1–10 kept, from 15, which never was',
    top: 10,
    kept: range(1, 10),
    position: { offset: 15 },
    answer: lost(0, 1, null, 10),
  },
  {
    title: '1–10 kept, from 5 of another epoch',
    top: 10,
    kept: range(1, 10),
    position: { epoch: 'then', offset: 5 },
    answer: lost(0, 1, null, 10),
  },
  {
    title: 'empty, from 0 of another epoch',
    top: 0,
    kept: [],
    position: { epoch: 'then', offset: 0 },
    answer: lost(0, 1, null, 0),
  },
  {
    title: 'all expired, from the top',
    top: 10,
    kept: [],
    position: { offset: 10 },
    answer: recovered(10, 0),
  },
  { title: 'all expired, from 8', top: 10, kept: [], position: { offset: 8 }, answer: lost(8, 9, 10, 0) },
];

describe('resume', () => {
  for (const { title, top, kept, position, answer } of table) {
    it(title, () => {
      const asked = { epoch, ...position };
      const plausible = isPlausible({ epoch, offset: top }, asked);
      const state = stateOf(top, kept, plausible ? asked.offset : 0);
      assert.deepEqual(resume(state, asked), answer);
    });
  }

  it('takes what lies up to a floor for what is not kept', () => {
    const top = 6;
    for (let mask = 0; mask < 2 ** top; mask++) {
      const kept = range(1, top).filter((offset) => mask & (1 << (offset - 1)));
      for (let floor = 0; floor <= top; floor++) {
        const seen = kept.filter((offset) => offset > floor);
        for (const position of [
          ...range(0, top).map((offset) => ({ epoch, offset })),
          { epoch: 'then', offset: 2 },
          { epoch, offset: top + 1 },
        ]) {
          const asked = isPlausible({ epoch, offset: top }, position) ? position.offset : 0;
          const answer = resume(stateOf(top, kept, Math.max(asked, floor)), position, floor);
          const expected = resume(stateOf(top, seen, asked), position);
          assert.deepEqual(answer, { ...expected, after: Math.max(expected.after, floor) });
        }
      }
    }
  });

  it('never says recovered when anything behind the position is gone, and never a gap when nothing is', () => {
    const top = 7;
    for (let mask = 0; mask < 2 ** top; mask++) {
      const kept = range(1, top).filter((offset) => mask & (1 << (offset - 1)));
      for (let offset = 0; offset <= top; offset++) {
        const wanted = range(offset + 1, top);
        const answer = resume(stateOf(top, kept, offset), { epoch, offset });
        const whole = wanted.every((one) => kept.includes(one));
        assert.equal(answer.recovered, whole);
        assert.equal(answer.gap === null, whole);
        assert.equal(answer.replayed, wanted.filter((one) => kept.includes(one)).length);
      }
    }
  });
});
