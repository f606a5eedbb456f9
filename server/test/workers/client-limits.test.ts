import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalCounts } from '../../src/access/limits/counts.ts';
import { shareOf } from '../../src/access/limits/rules.ts';
import { systemClock } from '../../src/clock.ts';
import { loadSettings } from '../../src/config/load.ts';
import { range } from '../../src/engine/conformance/kit.ts';
import { openBooks } from '../../src/workers/books.ts';
import { Entries } from '../../src/workers/entries.ts';
import { Crew } from '../support/crew.ts';
import { eventually } from '../support/eventually.ts';
import { Refused } from '../support/socket-client.ts';
import { from } from '../support/warnings.ts';

interface Closable {
  close(): void;
}

/** Opens many at once; those that were let in, and the codes of the refusals. */
async function storm(count: number, open: (n: number) => Promise<Closable>) {
  const results = await Promise.allSettled(range(1, count).map(open));
  const opened = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const codes = results.flatMap((one) => {
    if (one.status === 'fulfilled') return [];
    assert.ok(one.reason instanceof Refused, String(one.reason));
    return [`${one.reason.status} ${one.reason.body.error.code}`];
  });
  return { opened, codes };
}

describe('limits by key of a server with two workers', () => {
  const kinds: [what: string, env: Record<string, string>, query: (crew: Crew) => Promise<string>][] = [
    ['of an address', { MAX_CONNECTIONS_PER_ADDRESS: '7' }, async () => ''],
    ['of a user', { MAX_CONNECTIONS_PER_USER: '7' }, async (crew) => `?token=${await crew.token('ann')}`],
  ];
  for (const [what, env, query] of kinds) {
    it(`connections ${what} are counted exactly, over both transports, and are free again after a close`, async () => {
      await using crew = await Crew.start({
        ...env,
        CONNECT_RATE_PER_ADDRESS: '0',
        CONNECT_RATE_PER_USER: '0',
      });
      const credentials = await query(crew);
      const headers = from('203.0.113.7');
      const open = (n: number): Promise<Closable> =>
        n % 2
          ? crew.socket(`/ws/connect${credentials}`, { headers })
          : crew.stream(`/sse/connect${credentials}`, headers);
      for (let round = 0; round < 2; round++) {
        const { opened, codes } = await storm(30, open);
        assert.equal(opened.length, 7);
        assert.deepEqual(codes, Array(23).fill('429 limit_reached'));
        for (const client of opened) client.close();
        const total = async () => (await crew.call('GET', '/ws/stats')).body.total_connections;
        await eventually(async () => (await total()) === 0, 'all have gone');
      }
    });
  }

  it('places that guests cannot take are kept exactly', async () => {
    await using crew = await Crew.start({ MAX_CONNECTIONS_TOTAL: '10', RESERVED_PLACES_PERCENT: '30' });
    const { opened, codes } = await storm(20, () => crew.socket('/'));
    assert.equal(opened.length, 7);
    assert.deepEqual(codes, Array(13).fill('503 server_full'));
    const token = await crew.token('ann');
    assert.equal((await storm(10, () => crew.socket(`/?token=${token}`))).opened.length, 3);
  });

  it('what a worker had counted is given back when it is gone', () => {
    const books = openBooks(loadSettings({}), systemClock);
    const [lost, other] = [new Entries(books), new Entries(books)];
    const claims = [{ key: 'address all 203.0.113.7', limit: 3 }];
    const keys = claims.map(({ key }) => key);
    assert.deepEqual(
      [lost.enterCounts(claims), lost.enterCounts(claims), other.enterCounts(claims)],
      [null, null, null],
    );
    assert.equal(other.enterCounts(claims), 0);
    lost.release();
    assert.deepEqual(
      [other.enterCounts(claims), other.enterCounts(claims), other.enterCounts(claims)],
      [null, null, 0],
    );
    lost.leaveCounts(keys);
    assert.equal(other.enterCounts(claims), 0, 'nobody gives back twice');
    for (let n = 0; n < 3; n++) other.leaveCounts(keys);
    assert.ok(books.counts instanceof LocalCounts && books.counts.size === 0);
  });

  it('rates are counted by each worker, which has its share, but at least what one connection may send', () => {
    const one = { perSecond: 1000, burst: 5000 };
    assert.deepEqual(shareOf({ perSecond: 5000, burst: 25_000 }, 2, one), { perSecond: 2500, burst: 12_500 });
    assert.deepEqual(shareOf({ perSecond: 5000, burst: 25_000 }, 8, one), { perSecond: 1000, burst: 5000 });
    assert.deepEqual(shareOf({ perSecond: 1, burst: 3 }, 2), { perSecond: 0.5, burst: 2 });
    assert.equal(shareOf(null, 2), null);
  });
});
