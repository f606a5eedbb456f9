import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BacklogPolicy } from '../../src/hub/recipient.ts';
import type { Gap } from '../../src/hub/recovery.ts';
import type { Piece } from '../../src/transport/chain.ts';
import { exceeds, shorten } from '../../src/transport/shorten.ts';

const plenty = { messages: 1_000, bytes: 1_000_000 };

function piece(policy: BacklogPolicy, channel: string, offset: number, size = 10): Piece {
  const bytes = Buffer.alloc(size);
  if (policy === 'disconnect') return { bytes, messages: 1 };
  return { bytes, messages: 1, dispensable: { channel, offset, policy } };
}

/** Any mixture of channels of all policies and of replies, each channel's offsets counting up. */
const mixture = fc
  .array(
    fc.record({
      policy: fc.constantFrom<BacklogPolicy>('disconnect', 'latest', 'drop'),
      room: fc.nat(2),
      size: fc.integer({ min: 1, max: 100 }),
    }),
    { maxLength: 60 },
  )
  .map((wishes) => {
    const offsets = new Map<string, number>();
    return wishes.map(({ policy, room, size }) => {
      const channel = `${policy}-${room}`;
      const offset = (offsets.get(channel) ?? 0) + 1;
      offsets.set(channel, offset);
      return piece(policy, channel, offset, size);
    });
  });

const limits = fc.record({ messages: fc.nat(40), bytes: fc.nat(6_000) });

function totals(pieces: readonly Piece[]) {
  return {
    pieces: pieces.length,
    messages: pieces.reduce((sum, { messages }) => sum + messages, 0),
    bytes: pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}

describe('what waits for a slow reader', () => {
  it('keeps the newest message of a `latest` channel only, however few there are', () => {
    const pieces = [piece('latest', 'a', 1), piece('disconnect', '', 1), piece('latest', 'b', 1)];
    const newer = [piece('latest', 'a', 2), piece('latest', 'a', 3)];
    const lost = new Map<string, Gap>();
    assert.deepEqual(shorten([...pieces, ...newer], plenty, lost), [pieces[1], pieces[2], newer[1]]);
    assert.equal(lost.size, 0, 'what is replaced is not lost');
  });

  it('keeps all of a `drop` channel while it is within the limits', () => {
    const pieces = [piece('drop', 'a', 1), piece('drop', 'a', 2)];
    assert.deepEqual(shorten(pieces, plenty, new Map()), pieces);
  });

  it('loses the oldest of a `drop` channel beyond the limits, and knows which', () => {
    const pieces = [1, 2, 3, 4].map((offset) => piece('drop', 'a', offset));
    const lost = new Map([['a', { from: -3, to: 0 }]]);
    assert.deepEqual(shorten(pieces, { ...plenty, messages: 2 }, lost), pieces.slice(2));
    assert.deepEqual([...lost], [['a', { from: -3, to: 2 }]], 'what was lost before is part of it');
  });

  it('is all of what has no policy, the newest of `latest`, and of `drop` no less than the limits allow', () => {
    fc.assert(
      fc.property(mixture, limits, (pieces, within) => {
        const lost = new Map<string, Gap>();
        const kept = shorten(pieces, within, lost);
        assert.deepEqual(
          kept,
          pieces.filter((one) => kept.includes(one)),
          'in their order',
        );
        for (const one of pieces) {
          const { policy, channel, offset } = one.dispensable ?? { policy: 'disconnect' as const };
          const isKept = kept.includes(one);
          if (policy === 'disconnect') assert.ok(isKept);
          else if (policy === 'latest') {
            const newest = pieces.findLast(({ dispensable }) => dispensable?.channel === channel);
            assert.equal(isKept, one === newest);
          } else {
            assert.equal(isKept, (offset ?? 0) > (lost.get(channel ?? '')?.to ?? 0));
          }
        }
        const canLose = kept.some(({ dispensable }) => dispensable?.policy === 'drop');
        assert.ok(!exceeds(totals(kept), within) || !canLose, 'it is within them, or nothing can be dropped');
        const dropped = pieces.findLast((one) => one.dispensable?.policy === 'drop' && !kept.includes(one));
        if (dropped) assert.ok(exceeds(totals([...kept, dropped]), within), 'none was dropped without need');
      }),
    );
  });
});
