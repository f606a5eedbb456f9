import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalPresence } from '../../src/engine/local-presence.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('LocalPresence', () => {
  it('tells a first and a last connection before join and leave resolve', async () => {
    const told: string[] = [];
    const presence = new LocalPresence(new FakeClock(), ({ user, joined }) => told.push(`${joined} ${user}`));
    const joining = presence.join('a', 'u1');
    assert.deepEqual(told, ['true u1']);
    await joining;
    await presence.leave('a', 'u1');
    assert.deepEqual(told, ['true u1', 'false u1']);
  });

  it('orders names by code units, in pages as in cursors', async () => {
    const presence = new LocalPresence(new FakeClock(), () => {});
    // U+1F600 comes before U+FF5E in UTF-16, and behind it in UTF-8.
    const names = ['', 'B', 'a', 'a\u0301', 'é', '\u{1f600}', '\uff5e'];
    for (const name of names.toReversed()) await presence.join('a', name);
    const paged: string[] = [];
    for (let cursor: string | undefined, done = false; !done; ) {
      const page = await presence.page('a', { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
      paged.push(...page.users.map(({ user }) => user));
      cursor = page.next;
      done = cursor === undefined;
    }
    assert.deepEqual(paged, names);
  });

  it('keeps nothing of a channel that everybody left', async () => {
    const presence = new LocalPresence(new FakeClock(), () => {});
    await presence.join('a', 'u1');
    await presence.join('b', 'u1');
    assert.equal(presence.size, 2);
    await presence.leave('a', 'u1');
    await presence.leave('a', 'u1');
    await presence.page('c', { limit: 1 });
    assert.equal(presence.size, 1);
  });
});
