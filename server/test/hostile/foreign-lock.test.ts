import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ForeignLock } from '../support/foreign-lock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';

const holding = 3_000;

/** Asks again and again, one question after the other, until `stop`: how long each answer took. */
function timed(ask: () => Promise<unknown>): { stop(): Promise<number[]> } {
  const times: number[] = [];
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      const begun = performance.now();
      await ask();
      times.push(performance.now() - begun);
      await delay(10);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await asking;
      return times.sort((one, other) => one - other);
    },
  };
}

/** Publishes under the id, again and again as long as it is told that nothing happened. */
async function publish(fw: TestServer, id: string, statuses: number[]): Promise<void> {
  for (;;) {
    const message = { id, content: id };
    const { status, body } = await fw.call('POST', '/ws/send-to-channel', { channel: 'c', message });
    statuses.push(status);
    if (status === 200) return;
    assert.deepEqual([status, body.error.code], [503, 'unavailable']);
    await delay(100);
  }
}

describe('another program locks the database for three seconds', { timeout: 60_000 }, () => {
  it('health, pings and reading go on; what is published is refused or committed, once', async (test) => {
    using directory = new Directory();
    await using fw = await testServer({ directory: directory.path });
    const client = await fw.socket('/ws/connect');
    await client.ask({ action: 'subscribe', data: { channel: 'c' } }, { type: 'subscribed' });
    await using lock = await ForeignLock.take(directory.join('chat.db'));
    const health = timed(async () => assert.equal((await fw.call('GET', '/health')).status, 200));
    const pings = timed(() => client.ask({ action: 'ping' }, { type: 'pong' }));
    const pages = timed(async () =>
      assert.equal((await fw.call('GET', '/api/channels/c/messages')).status, 200),
    );
    const statuses: number[] = [];
    const ids = Array.from({ length: 100 }, (_, n) => `id-${n}`);
    const publishing = ids.map(async (id, n) => {
      await delay(n * 25);
      await publish(fw, id, statuses);
    });
    await delay(holding);
    const { status, body } = await fw.call('GET', '/ready');
    assert.equal(status, 503);
    assert.match(body.error.message, /another program holds a lock/);
    await lock.release();
    await Promise.all(publishing);
    for (const [name, watch] of Object.entries({ health, pings, pages })) {
      const times = await watch.stop();
      const longest = times.at(-1) ?? Number.POSITIVE_INFINITY;
      const p99 = times[Math.floor(times.length * 0.99) - 1] ?? longest;
      test.diagnostic(`${name}: ${times.length} answers, the slowest after ${longest.toFixed(1)} ms`);
      assert.ok(times.length > 50 && p99 < 100 && longest < 500, `${name} ${p99} ms, ${longest} ms`);
    }
    const refused = statuses.filter((one) => one === 503).length;
    test.diagnostic(`${refused} publishes were refused, ${ids.length} committed`);
    assert.ok(refused > 0);
    const texts = () => client.inbox.all.filter((frame) => frame.type === 'text');
    await client.inbox.until(() => texts().length >= ids.length);
    const seen = texts();
    assert.deepEqual(
      seen.map(({ offset }) => offset),
      ids.map((_, n) => n + 1),
    );
    assert.deepEqual(new Set(seen.map(({ id }) => id)), new Set(ids));
    assert.equal((await fw.call('GET', '/ready')).status, 200);
  });
});
