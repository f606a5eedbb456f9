import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../src/hub/pace.ts';

/** Batches for a crowd of 1,000, each write of which takes 6 µs: 6 ms for each batch. */
class Beat {
  readonly pace = new Pace();
  readonly room = {};
  now = 1000;

  /** A batch after so many milliseconds; how long it may wait. */
  next(after: number, room: object = this.room): number {
    this.now += after;
    const patience = this.pace.came(room, 1000, this.now);
    this.pace.wrote(1000, 6);
    return patience;
  }

  /** Many of them, at the same distance; what was said of the last one. */
  many(after: number, count = 200): number {
    let patience = 0;
    for (let n = 0; n < count; n++) patience = this.next(after);
    return patience;
  }
}

describe('the pace of rounds', () => {
  for (const [interval, expected, why] of [
    [100, 0, 'they take 6 % of the time'],
    [13, 0, 'they take 46 % of the time'],
    [11.5, 17.25, 'they take 52 % of the time'],
    [10, 15, 'they take 60 % of the time'],
    [5, 7.5, 'they take more time than there is'],
  ] as const) {
    it(`lets batches every ${interval} ms wait for ${expected} ms: ${why}`, () => {
      assert.ok(Math.abs(new Beat().many(interval) - expected) < 0.01);
    });
  }

  it('lets none wait for one that would be long in coming, however much they cost', () => {
    const beat = new Beat();
    beat.pace.wrote(1, 1);
    assert.equal(beat.many(14), 0);
  });

  it('lets none wait before it has been busy for a while', () => {
    const beat = new Beat();
    assert.deepEqual(
      Array.from({ length: 10 }, () => beat.next(10)),
      Array(10).fill(0),
    );
  });

  it('lets none wait any more once it is calm', () => {
    const beat = new Beat();
    assert.ok(beat.many(10) > 0);
    assert.equal(beat.next(1000), 0);
    assert.equal(beat.next(1), 0);
  });

  it('adds up what all channels cost, and knows the rhythm of each', () => {
    const beat = new Beat();
    const rare = {};
    let [often, seldom] = [0, 0];
    for (let n = 0; n < 2000; n++) {
      if (n % 3 === 0) seldom = beat.next(0, rare);
      often = beat.next(13);
    }
    assert.ok(Math.abs(often - 19.5) < 0.01, 'alone it would not take half of the time');
    assert.equal(seldom, 0);
  });

  it('waits less and less often where that is in vain, and again as soon as it is not', () => {
    const beat = new Beat();
    beat.many(10);
    const skipped: number[] = [];
    for (let times = 0; times < 10; times++) {
      beat.pace.waited(beat.room, true);
      let count = 0;
      while (beat.next(10) === 0) count++;
      skipped.push(count);
    }
    assert.deepEqual(skipped, [2, 4, 8, 16, 32, 64, 128, 256, 256, 256]);
    beat.pace.waited(beat.room, false);
    assert.ok(beat.next(10) > 0);
    beat.pace.waited(beat.room, true);
    assert.deepEqual([beat.next(10), beat.next(10), beat.next(10) > 0], [0, 0, true]);
  });
});
