import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Hub } from '../../src/hub/hub.ts';
import { openMemoryHub } from '../support/memory-hub.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';

interface Bench extends AsyncDisposable {
  readonly hub: Hub;
  publish(persist: boolean): Promise<unknown>;
}

async function open(windowSize = 100): Promise<Bench> {
  const hub = await openMemoryHub(windowSize);
  return {
    hub,
    publish: (persist) => hub.published({ channel: 'news', type: 'text', data: '1', sender: null, persist }),
    [Symbol.asyncDispose]: () => hub.close(),
  };
}

/** As a stream does: it looks, tells its client that it is there, and subscribes. */
async function join(
  { hub }: Bench,
  limit: number,
  meanwhile: () => Promise<unknown>,
): Promise<PlainRecipient> {
  const { epoch, offset } = await hub.history('news', { limit, persisted: true });
  await meanwhile();
  const recipient = new PlainRecipient('r1');
  hub.connections.add(recipient);
  const since = { epoch, offset };
  const answer = await hub.subscribe(recipient, 'news', { history: limit, persisted: true, since });
  assert.equal(answer?.replayed, recipient.offsets('news').length + recipient.gaps.length);
  return recipient;
}

describe('a subscription with the history up to where its recipient was told that it is there', () => {
  it('replays what was kept before, and everything that came in between', async () => {
    await using bench = await open();
    for (const persist of [true, false, true, false]) await bench.publish(persist);
    const recipient = await join(bench, 20, async () => {
      for (const persist of [false, true, false]) await bench.publish(persist);
    });
    await bench.publish(false);
    assert.deepEqual(recipient.offsets('news'), [1, 3, 5, 6, 7, 8]);
    assert.deepEqual(recipient.gaps, []);
  });

  it('replays the history alone when nothing came', async () => {
    await using bench = await open();
    for (const persist of [true, false]) await bench.publish(persist);
    const recipient = await join(bench, 20, async () => {});
    await bench.publish(false);
    assert.deepEqual(recipient.offsets('news'), [1, 3]);
  });

  it('does not let what came in between take the place of older history', async () => {
    await using bench = await open();
    for (let n = 0; n < 3; n++) await bench.publish(true);
    const recipient = await join(bench, 2, async () => {
      for (let n = 0; n < 2; n++) await bench.publish(true);
    });
    assert.deepEqual(recipient.offsets('news'), [2, 3, 4, 5]);
  });

  it('tells of a gap where that has gone', async () => {
    await using bench = await open(2);
    await bench.publish(true);
    const recipient = await join(bench, 20, async () => {
      for (let n = 0; n < 3; n++) await bench.publish(false);
    });
    assert.deepEqual(recipient.offsets('news'), [1, 3, 4]);
    assert.deepEqual(recipient.gaps, [{ from: 2, to: 2 }]);
  });
});
