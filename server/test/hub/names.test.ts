import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byBytes } from '../../src/engine/engine.ts';
import { compareNames, Names } from '../../src/hub/names.ts';

/** Of few letters, so that prefixes and equal names are common; with those that UTF-16 orders otherwise. */
const name = fc.string({
  unit: fc.constantFrom('a', 'b', '\u007f', 'ß', '\ud7ff', '\uffff', '😀', '\u{10ffff}'),
  minLength: 1,
  maxLength: 5,
});

function model(names: Iterable<string>, prefix: string, after: string | undefined, limit: number): string[] {
  return [...names]
    .filter((one) => one.startsWith(prefix) && (after === undefined || byBytes(one, after) > 0))
    .sort(byBytes)
    .slice(0, limit);
}

describe('names', () => {
  it('are compared by their bytes', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        assert.equal(Math.sign(compareNames(one, other)), Math.sign(byBytes(one, other)));
      }),
    );
  });

  it('are as a sorted array would be', () => {
    const change = fc.record({ name, add: fc.boolean() });
    const prefix = fc.oneof(fc.constant(''), name);
    const after = fc.option(name, { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 200 }),
        prefix,
        after,
        fc.nat(20),
        (changes, begin, behind, limit) => {
          const names = new Names();
          const expected = new Set<string>();
          for (const { name: changed, add } of changes) {
            if (add) names.add(changed);
            else names.remove(changed);
            if (add) expected.add(changed);
            else expected.delete(changed);
          }
          assert.equal(names.size, expected.size);
          assert.deepEqual(
            names.page({ prefix: begin, after: behind, limit }),
            model(expected, begin, behind, limit),
          );
        },
      ),
    );
  });

  it('are so when they are many, in any order of coming and going', () => {
    const names = new Names();
    const all = Array.from({ length: 5000 }, (_, at) => `n${(at * 7919) % 5000}`);
    for (const one of all) names.add(one);
    const left = new Set(all);
    for (const one of all.slice(1000, 4500)) {
      names.remove(one);
      left.delete(one);
    }
    assert.equal(names.size, left.size);
    for (const [prefix, after, limit] of [
      ['', undefined, 10_000],
      ['n4', undefined, 100],
      ['n4', 'n45', 1000],
      ['n', 'n9999', 5],
      ['', 'n2500', 300],
    ] as const) {
      assert.deepEqual(names.page({ prefix, after, limit }), model(left, prefix, after, limit));
    }
    for (const one of left) names.remove(one);
    assert.deepEqual(names.page({ prefix: '', limit: 10 }), []);
  });
});
