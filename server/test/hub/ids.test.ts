import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { uuidv7 } from '../../src/ids.ts';

const format = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The Unix milliseconds that an id holds (RFC 9562, 5.7). */
function timeOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

describe('uuidv7', () => {
  it('has the format of RFC 9562: version 7, variant 10', () => {
    for (let n = 0; n < 10_000; n++) assert.match(uuidv7(n), format);
  });

  it('holds the time at which it was made', () => {
    const now = Date.now() + 1_000_000;
    assert.equal(timeOf(uuidv7(now)), now);
    assert.equal(timeOf(uuidv7(now + 5)), now + 5);
  });

  it('grows, and is never the same, whatever the clock does', () => {
    const steps = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 500, size: 'max' });
    const run = fc.property(steps, (changes) => {
      let now = Date.now() + 2_000_000;
      let last = uuidv7(now);
      for (const change of changes) {
        now += change;
        const next = uuidv7(now);
        assert.ok(next > last, `${next} after ${last}`);
        last = next;
      }
    });
    fc.assert(run, { numRuns: 50 });
  });

  it('holds random bits that are not those of another id', () => {
    const now = Date.now() + 2_500_000;
    const tails = Array.from({ length: 5_000 }, () => uuidv7(now).slice(19));
    assert.equal(new Set(tails).size, tails.length);
    for (let at = 0; at < 17; at++) {
      if (at === 4) continue;
      const digits = new Set(tails.map((tail) => tail[at]));
      assert.equal(digits.size, at === 0 ? 4 : 16, `digit ${at}`);
    }
  });

  it('grows through more ids of one millisecond than its counter has', () => {
    const now = Date.now() + 3_000_000;
    let last = uuidv7(now);
    for (let n = 0; n < 20_000; n++) {
      const next = uuidv7(now);
      assert.ok(next > last);
      assert.match(next, format);
      last = next;
    }
    assert.ok(timeOf(last) - now < 10, 'the borrowed milliseconds are few');
  });
});
