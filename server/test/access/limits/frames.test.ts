import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Bucket } from '../../../src/access/limits/bucket.ts';
import { FrameLimit } from '../../../src/access/limits/frames.ts';

/** The limit of a connection that may send as many frames at once as in a second. */
class RateLimit {
  readonly #limit: FrameLimit;

  constructor(perSecond: number, now: number) {
    this.#limit = new FrameLimit({ connection: new Bucket({ perSecond, burst: perSecond }, now) });
  }

  get exhausted(): boolean {
    return this.#limit.exhausted;
  }

  take(now: number): boolean {
    return this.#limit.take(now) === null;
  }
}

describe('the limit of a connection’s frames', () => {
  it('lets as many frames pass at once as in a second, and then one by one', () => {
    const limit = new RateLimit(10, 0);
    const taken = Array.from({ length: 15 }, () => limit.take(0));
    assert.deepEqual(taken, [...Array(10).fill(true), ...Array(5).fill(false)]);
    assert.equal(limit.take(99), false);
    assert.equal(limit.take(150), true);
    assert.equal(limit.take(151), false);
  });

  it('lets pass in any stretch of time what the rate allows, and one second more at the most', () => {
    const times = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 400, size: 'max' });
    const run = fc.property(times, fc.integer({ min: 1, max: 50 }), (gaps, rate) => {
      const limit = new RateLimit(rate, 0);
      const passed: number[] = [];
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        if (limit.take(now)) passed.push(now);
      }
      for (let from = 0; from < passed.length; from++) {
        for (let to = from; to < passed.length; to++) {
          const seconds = ((passed[to] ?? 0) - (passed[from] ?? 0)) / 1000;
          assert.ok(to - from + 1 <= rate * (1 + seconds) + 1e-6);
        }
      }
    });
    fc.assert(run, { numRuns: 100 });
  });

  it('refuses nobody who keeps to the rate, whatever the rate and however unevenly', () => {
    const run = fc.property(fc.integer({ min: 1, max: 100 }), fc.array(fc.nat(5000)), (rate, pauses) => {
      const limit = new RateLimit(rate, 0);
      let now = 0;
      for (const pause of pauses) {
        now += pause + Math.ceil(1000 / rate);
        assert.equal(limit.take(now), true, `at ${now}`);
      }
      assert.equal(limit.exhausted, false);
    });
    fc.assert(run);
  });

  it('refuses nobody who keeps to the rate for long', () => {
    const limit = new RateLimit(10, 0);
    for (let now = 0; now < 100_000; now += 100) assert.equal(limit.take(now), true);
  });

  it('loses patience after five seconds of too much, or 20 frames, whichever is more', () => {
    for (const [rate, patience] of [
      [1, 20],
      [100, 500],
    ] as const) {
      const limit = new RateLimit(rate, 0);
      for (let n = 0; n < rate + patience - 1; n++) limit.take(0);
      assert.equal(limit.exhausted, false);
      limit.take(0);
      assert.equal(limit.exhausted, true);
    }
  });

  it('loses patience with who keeps sending twice too much, although every other frame passes', () => {
    const limit = new RateLimit(10, 0);
    const passed = Array.from({ length: 250 }, (_, n) => limit.take(n * 50)).filter(Boolean).length;
    assert.ok(passed > 125, `${passed} passed`);
    assert.equal(limit.exhausted, true);
  });

  it('forgives after a second of silence', () => {
    const limit = new RateLimit(10, 0);
    for (let n = 0; n < 40; n++) limit.take(0);
    assert.equal(limit.take(1000), true);
    for (let n = 0; n < 40; n++) limit.take(1000);
    assert.equal(limit.exhausted, false);
  });

  it('punishes nobody for a clock that is set back', () => {
    const limit = new RateLimit(10, 3_600_000);
    limit.take(3_600_000);
    let refused = 0;
    for (let now = 0; now < 60_000; now += 100) if (!limit.take(now)) refused++;
    assert.equal(refused, 0);
  });
});

describe('frames of several connections', () => {
  const bucket = (perSecond: number): Bucket => new Bucket({ perSecond, burst: perSecond }, 0);

  it('are taken from the bucket of their user and of their address too, and it is told whose is empty', () => {
    const [user, address] = [bucket(3), bucket(5)];
    const one = new FrameLimit({ connection: bucket(2), user, address });
    const two = new FrameLimit({ connection: bucket(2), user, address });
    const other = new FrameLimit({ connection: bucket(9), address });
    assert.deepEqual([one.take(0), one.take(0), one.take(0)], [null, null, 'connection']);
    assert.deepEqual([two.take(0), two.take(0)], [null, 'user']);
    assert.deepEqual([other.take(0), other.take(0), other.take(0)], [null, null, 'address']);
    assert.deepEqual([one.rateOf('connection'), one.rateOf('user'), one.rateOf('address')], [2, 3, 5]);
  });

  it('end the patience with a connection that goes on, whosever limit it is', () => {
    const limit = new FrameLimit({ connection: bucket(100), address: bucket(1) });
    for (let n = 0; n < 1 + 500; n++) limit.take(0);
    assert.equal(limit.exhausted, true);
  });

  it('end it after 1,000 refusals at the latest: each is an answer', () => {
    const limit = new FrameLimit({ connection: new Bucket({ perSecond: 1000, burst: 5000 }, 0) });
    for (let n = 0; n < 5_000 + 999; n++) limit.take(0);
    assert.equal(limit.exhausted, false);
    limit.take(0);
    assert.equal(limit.exhausted, true);
  });
});
