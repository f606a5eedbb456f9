import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Draft, Receipt } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { FanwireError } from '../../src/errors.ts';
import { Hub, type Publication } from '../../src/hub/hub.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** What one tick holds at most, when nothing in it belongs together. */
const tickMessages = 2048;
const tickBytes = 8 * 1024 * 1024;

/** A memory engine that notes its batches, and rejects those that `fails` says. */
class BatchEngine extends MemoryEngine {
  readonly batches: (readonly Draft[])[] = [];
  fails: (batch: readonly Draft[]) => boolean = () => false;

  override async append(batch: readonly Draft[]): Promise<Receipt[]> {
    this.batches.push(batch);
    if (this.fails(batch)) throw new Error('the disk is full');
    return super.append(batch);
  }
}

interface Bench extends AsyncDisposable {
  readonly hub: Hub;
  readonly engine: BatchEngine;
  readonly faults: unknown[];
}

async function open(): Promise<Bench> {
  const retention = { windowSize: 10_000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
  const clock = new FakeClock();
  const engine = new BatchEngine({ retention, clock });
  const faults: unknown[] = [];
  const hub = new Hub({ engine, clock, report: (thrown) => faults.push(thrown) });
  await hub.open();
  return { hub, engine, faults, [Symbol.asyncDispose]: () => hub.close() };
}

function publication(channel: string, change: Partial<Publication> = {}): Publication {
  return { channel, type: 'text', data: '1', sender: null, ...change };
}

function many(count: number, channel: string): Publication[] {
  return Array.from({ length: count }, (_, n) => publication(channel, { data: String(n) }));
}

/** Publishes one by one, each with a callback of its own; resolves to how many succeeded. */
async function flood(hub: Hub, publications: readonly Publication[]): Promise<number> {
  const results = await Promise.allSettled(publications.map((one) => hub.published(one)));
  return results.filter(({ status }) => status === 'fulfilled').length;
}

/** In which calls of `append` the channel's messages were, by how many there. */
function spread({ engine }: Bench, channel: string): number[] {
  const counts = engine.batches.map((batch) => batch.filter((draft) => draft.channel === channel).length);
  return counts.filter((count) => count > 0);
}

function isUnavailable(thrown: unknown): boolean {
  return thrown instanceof FanwireError && thrown.code === 'unavailable';
}

describe('publishedTogether', () => {
  it('is one append, however the tick’s limit falls into it', async () => {
    for (const before of [0, 1, tickMessages - 100, tickMessages - 1, tickMessages, tickMessages + 1, 5000]) {
      await using bench = await open();
      const [, receipts] = await Promise.all([
        flood(bench.hub, many(before, 'before')),
        bench.hub.publishedTogether(many(300, 'together')),
        flood(bench.hub, many(10, 'behind')),
      ]);
      assert.deepEqual(spread(bench, 'together'), [300], `behind ${before}`);
      assert.deepEqual(
        receipts.map(({ offset }) => offset),
        Array.from({ length: 300 }, (_, n) => n + 1),
      );
    }
  });

  it('is one append when it is more than a tick holds, in messages or in bytes', async () => {
    await using bench = await open();
    const big = JSON.stringify('x'.repeat(tickBytes / 4));
    await Promise.all([
      bench.hub.publishedTogether(many(tickMessages * 2 + 1, 'long')),
      bench.hub.publishedTogether(Array.from({ length: 6 }, () => publication('big', { data: big }))),
      flood(bench.hub, many(1, 'behind')),
    ]);
    assert.deepEqual(spread(bench, 'long'), [tickMessages * 2 + 1]);
    assert.deepEqual(spread(bench, 'big'), [6]);
  });

  it('does not tie two calls to each other: the second waits for the next tick', async () => {
    await using bench = await open();
    await Promise.all(['a', 'b', 'c'].map((channel) => bench.hub.publishedTogether(many(1500, channel))));
    const batches = bench.engine.batches.filter((batch) =>
      batch.some(({ channel }) => channel !== '$control'),
    );
    assert.deepEqual(
      batches.map((batch) => [...new Set(batch.map(({ channel }) => channel))]),
      [['a', 'b'], ['c']],
    );
  });

  it('resolves to receipts in the order of the publications, duplicates among them', async () => {
    await using bench = await open();
    const first = await bench.hub.published(publication('a', { id: 'k' }));
    const receipts = await bench.hub.publishedTogether([
      publication('b', { id: 'x' }),
      publication('a', { id: 'k' }),
      publication('a', { id: 'l' }),
      publication('b', { id: 'x' }),
      publication('a', { id: 'm' }),
    ]);
    assert.deepEqual(
      receipts.map(({ channel, id, offset, duplicate }) => [channel, id, offset, duplicate]),
      [
        ['b', 'x', 1, false],
        ['a', 'k', first.offset, true],
        ['a', 'l', 2, false],
        ['b', 'x', 1, true],
        ['a', 'm', 3, false],
      ],
    );
  });

  it('of nothing resolves to nothing, and appends nothing', async () => {
    await using bench = await open();
    assert.deepEqual(await bench.hub.publishedTogether([]), []);
    assert.deepEqual(bench.engine.batches, []);
  });

  it('keeps none when the append fails, and rejects as unavailable; what follows goes on', async () => {
    await using bench = await open();
    const { hub, engine, faults } = bench;
    engine.fails = (batch) => batch.some(({ channel }) => channel === 'together');
    const before = flood(hub, many(tickMessages, 'before'));
    await hub.settled();
    const together = hub.publishedTogether(many(300, 'together'));
    const behind = flood(hub, many(tickMessages * 2, 'behind'));
    await assert.rejects(together, isUnavailable);
    assert.equal(await before, tickMessages);
    // Those that shared its tick failed with it; the others are there.
    const shared =
      engine.batches.find(engine.fails)?.filter(({ channel }) => channel === 'behind').length ?? 0;
    assert.equal(await behind, tickMessages * 2 - shared);
    assert.equal((await engine.state('together')).offset, 0);
    assert.equal((await engine.state('behind')).offset, tickMessages * 2 - shared);
    assert.equal(faults.length, 1);
    engine.fails = () => false;
    assert.equal((await hub.publishedTogether(many(2, 'together')))[1]?.offset, 2);
  });

  it('is told after its messages were committed, as one more state of the channel', async () => {
    await using bench = await open();
    const receipts = await bench.hub.publishedTogether(many(3, 'a'));
    const page = await bench.hub.history('a', { limit: 10 });
    assert.deepEqual(
      page.messages.map(({ id, offset, data }) => [id, offset, data]),
      receipts.map(({ id, offset }, index) => [id, offset, String(index)]),
    );
  });
});
