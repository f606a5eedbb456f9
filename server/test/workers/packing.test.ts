import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Draft, Message, Receipt } from '../../src/engine/engine.ts';
import {
  packDrafts,
  packMessages,
  packReceipts,
  unpackDrafts,
  unpackMessages,
  unpackReceipts,
} from '../../src/workers/packing.ts';

/** Any UTF-16, lone surrogates included: what a client may call itself, and what JSON text may hold. */
const text = fc.string({ unit: 'binary', maxLength: 12 });
const plain = { noNullPrototype: true } as const;
const names = fc.constantFrom('news', 'lobby', '__proto__', '\ud800');
const sender = fc.option(
  fc.record({ user: fc.option(text), connection: text, client: fc.option(text) }, plain),
  {
    nil: null,
  },
);
const draft: fc.Arbitrary<Draft> = fc.record(
  {
    channel: names,
    id: text,
    keyed: fc.boolean(),
    space: fc.string(),
    type: names,
    data: text,
    sender,
    persist: fc.boolean(),
  },
  plain,
);
const place = fc.record(
  { offset: fc.nat(), epoch: names, time: fc.maxSafeNat(), duplicate: fc.boolean() },
  plain,
);
/** From lists that pass as they are to such that do not. */
const lists = fc.array(fc.tuple(draft, place), { maxLength: 40 });

/** As another thread gets it. */
function passed<Value>(value: Value): Value {
  return structuredClone(value);
}

describe('lists on their way between threads', () => {
  it('arrive as they were sent', () => {
    fc.assert(
      fc.property(lists, (rows) => {
        const drafts = rows.map(([one]) => one);
        const messages: Message[] = rows.map(
          ([{ keyed: _, space: ___, ...content }, { duplicate: __, ...where }]) => ({
            ...content,
            ...where,
          }),
        );
        const receipts: Receipt[] = rows.map(([{ id, channel }, where]) => ({ id, channel, ...where }));
        assert.deepEqual(unpackDrafts(passed(packDrafts(drafts))), drafts);
        assert.deepEqual(unpackMessages(passed(packMessages(messages))), messages);
        assert.deepEqual(unpackReceipts(passed(packReceipts(receipts)), drafts), receipts);
      }),
      { numRuns: 300 },
    );
  });

  it('write once what all records share', () => {
    const drafts = Array.from({ length: 100 }, (_, at) => ({
      ...{
        channel: 'a-long-name-of-a-channel',
        id: `${at}`,
        keyed: false,
        space: '',
        type: 'text',
        data: '1',
      },
      ...{ sender: null, persist: false },
    }));
    const parcel = packDrafts(drafts);
    assert.equal(typeof parcel, 'string');
    assert.equal(String(parcel).split('a-long-name-of-a-channel').length, 2);
  });
});
