import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { Maker } from '../../src/ops/metrics-kit.ts';

const bounds = [0.001, 0.5, 1, 2.5];
const route = fc.constantFrom('/a', '/b', 'a "quoted" one');
/** A bound, what lies next to it, and anything else. */
const value = fc.oneof(
  fc.constantFrom(0, ...bounds, 0.0010001, 2.4999),
  fc.double({ noNaN: true, min: 0, max: 9 }),
);

describe('a histogram of tallies', () => {
  it('is exposed as the library exposes its own', async () => {
    const observations = fc.array(fc.tuple(route, value), { maxLength: 50 });
    const property = fc.asyncProperty(observations, async (observed) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const tallies = new Maker(ours).histograms('made_seconds', 'What it is.', bounds, 'route');
      const plain = new Maker(ours).histogram('plain', 'Without labels.', bounds);
      const registers = [theirs];
      const histogram = new Histogram({
        ...{ name: 'made_seconds', help: 'What it is.', buckets: bounds, labelNames: ['route'], registers },
      });
      const unlabelled = new Histogram({
        name: 'plain',
        help: 'Without labels.',
        buckets: bounds,
        registers,
      });
      const known = new Map<string, ReturnType<typeof tallies.add>>();
      for (const [name, amount] of observed) {
        const tally = known.get(name) ?? tallies.add({ route: name });
        known.set(name, tally);
        tally.observe(amount);
        plain.observe(amount);
        histogram.observe({ route: name }, amount);
        unlabelled.observe(amount);
      }
      assert.equal(await ours.metrics(), await theirs.metrics());
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it('cannot have the name of another', () => {
    const make = new Maker(new Registry());
    make.histogram('twice', 'Once.', bounds);
    assert.throws(() => make.histogram('twice', 'Again.', bounds), /already been registered/);
  });
});
