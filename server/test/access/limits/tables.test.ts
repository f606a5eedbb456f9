import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bites } from '../../../src/access/limits/bites.ts';
import { Bucket } from '../../../src/access/limits/bucket.ts';
import { LocalCounts } from '../../../src/access/limits/counts.ts';
import { Rates } from '../../../src/access/limits/rates.ts';

describe('a bucket', () => {
  it('says how long to wait, in whole seconds', () => {
    const slow = new Bucket({ perSecond: 0.1, burst: 1 }, 0);
    assert.equal(slow.take(0), true);
    assert.equal(slow.secondsToWait(0), 10);
    assert.equal(slow.secondsToWait(5_500), 5);
    assert.equal(new Bucket({ perSecond: 1000, burst: 1 }, 0).secondsToWait(0), 1);
  });
});

describe('rates by key', () => {
  it('are one bucket for each key', () => {
    const rates = new Rates({ perSecond: 1, burst: 2 });
    assert.deepEqual(
      [1, 2, 3].map(() => rates.bucket('a', 0).take(0)),
      [true, true, false],
    );
    assert.equal(rates.bucket('b', 0).take(0), true);
  });

  it('forget keys that have rested, as new ones come', () => {
    const rates = new Rates({ perSecond: 1, burst: 2 });
    for (let n = 0; n < 1_000; n++) rates.bucket(`early ${n}`, 0).take(0);
    for (let n = 0; n < 1_000; n++) rates.bucket(`late ${n}`, 10_000).take(10_000);
    assert.ok(rates.size <= 1_001, `${rates.size}`);
    assert.equal(rates.known('early 0'), undefined);
  });

  it('do not grow beyond a bound, however many keys are in use', () => {
    const rates = new Rates({ perSecond: 0.001, burst: 1 }, 100);
    for (let n = 0; n < 10_000; n++) rates.bucket(`key ${n}`, n).take(n);
    assert.ok(rates.size <= 101, `${rates.size}`);
  });

  it('keep what is held, and forget it when it is not', () => {
    const rates = new Rates({ perSecond: 1, burst: 2 }, 100);
    const held = rates.hold('mine', 0);
    rates.hold('mine', 0);
    for (let n = 0; n < 1_000; n++) rates.bucket(`key ${n}`, 0).take(0);
    assert.equal(rates.bucket('mine', 0), held);
    rates.release('mine');
    for (let n = 0; n < 1_000; n++) rates.bucket(`more ${n}`, 0).take(0);
    assert.equal(rates.bucket('mine', 0), held, 'one still has it');
    rates.release('mine');
    for (let n = 0; n < 1_000; n++) rates.bucket(`other ${n}`, 0).take(0);
    assert.equal(rates.known('mine'), undefined);
  });
});

describe('counts by key', () => {
  it('enter for all claims or for none', () => {
    const counts = new LocalCounts();
    const claims = [
      { key: 'address a', limit: 2 },
      { key: 'user u', limit: 1 },
    ];
    assert.equal(counts.enter(claims), null);
    assert.equal(counts.enter(claims), 1);
    assert.equal(counts.count('address a'), 1);
    counts.leave(['address a', 'user u']);
    assert.equal(counts.size, 0);
  });

  it('take names of any kind', () => {
    const counts = new LocalCounts();
    for (const key of ['__proto__', 'constructor', '']) {
      assert.equal(counts.enter([{ key, limit: 1 }]), null);
      assert.equal(counts.enter([{ key, limit: 1 }]), 0);
    }
  });
});

describe('a limit that bites', () => {
  it('is one line in each minute, with whom it bites and how many', () => {
    let now = 0;
    const lines: object[] = [];
    const counted: string[] = [];
    const bites = new Bites({
      now: () => now,
      log: { warn: (fields) => lines.push(fields) },
      meter: { limited: (limit, holder) => counted.push(`${limit} ${holder}`) },
    });
    for (let n = 0; n < 30_000; n++) bites.bite('credentials', 'address', { address: '192.0.2.1' });
    bites.bite('connects', 'user', { address: '192.0.2.2', user: 'u1' });
    now = 60_000;
    bites.bite('credentials', 'address', { address: '192.0.2.3' });
    assert.deepEqual(lines, [
      { limit: 'credentials', of: 'address', address: '192.0.2.1', refused: 1 },
      { limit: 'connects', of: 'user', address: '192.0.2.2', user: 'u1', refused: 1 },
      { limit: 'credentials', of: 'address', address: '192.0.2.3', refused: 30_000 },
    ]);
    assert.equal(counted.length, 30_002);
  });
});
