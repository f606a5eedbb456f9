import assert from 'node:assert/strict';
import type { Engine } from '../engine.ts';
import { type Case, draftOf, type Kit, range } from './kit.ts';

/**
 * In the order of their bytes. The emoji lies behind U+FF5E there, and before it for JavaScript; capitals come before
 * small letters, and a letter with a mark after all of ASCII.
 */
const ordered = [
  '$all',
  'A',
  'Z',
  '__proto__',
  'a',
  'a b',
  'a:',
  'a:1',
  'a:10',
  'a:2',
  'aa',
  'a\u00e4',
  'a\u0301',
  'a\uff5e',
  'a\u{1f600}',
  'constructor',
  'z',
  '\u00e4',
  '\u00e4a',
  '\u{fffd}',
  '\u{1f600}',
  '\u{1f600}a',
  '\u{10ffff}',
];

async function fill({ engine }: Kit): Promise<void> {
  const shuffled = ordered.toSorted((one, other) => (one.length - other.length) * 7 + (one < other ? 1 : -1));
  await engine.append([...shuffled, ...ordered].map((name) => draftOf(name)));
  // Of every second one nothing is left but its offset.
  for (const name of ordered.filter((_, index) => index % 2 === 0)) await engine.clear(name);
}

async function listed(engine: Engine, prefix: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | undefined; ; after = names.at(-1)) {
    const page = await engine.channels({ prefix, limit, ...(after === undefined ? {} : { after }) });
    names.push(...page);
    assert.ok(names.length <= ordered.length, 'a name is listed twice');
    if (page.length < limit) return names;
  }
}

const used: Case[] = [
  {
    title: 'channels that ever had a message are listed, and no others',
    retention: { windowTtl: 1000, historyTtl: 2000 },
    async run(kit) {
      const { engine, clock } = kit;
      const all = () => engine.channels({ prefix: '', limit: 10 });
      assert.deepEqual(await all(), []);
      await engine.follow('followed');
      await engine.read('read', { limit: 1 });
      await engine.state('asked');
      await engine.clear('empty');
      await engine.remove('nothing', 'k');
      await engine.presence.join('present', 'u1');
      await engine.health();
      await kit.publish('passing');
      await kit.publish('persisted', 1, { persist: true });
      await kit.publish('cleared', 2);
      await engine.clear('cleared');
      assert.deepEqual(await all(), ['cleared', 'passing', 'persisted']);
      // All expired, and swept.
      clock.advance(60_000);
      assert.deepEqual(await all(), ['cleared', 'passing', 'persisted']);
      await kit.publish('followed');
      assert.deepEqual(await all(), ['cleared', 'followed', 'passing', 'persisted']);
    },
  },
  {
    title: 'reopened: the same channels are listed',
    durable: true,
    retention: { windowTtl: 1000 },
    async run(kit) {
      await kit.publish('expired', 3);
      await kit.publish('cleared', 3);
      await kit.engine.clear('cleared');
      await kit.engine.follow('followed');
      kit.clock.advance(60_000);
      await kit.publish('kept');
      await kit.reopen();
      const names = await kit.engine.channels({ prefix: '', limit: 10 });
      assert.deepEqual(names, ['cleared', 'expired', 'kept']);
    },
  },
];

const pages: Case[] = [
  {
    title: 'channels are listed in the order of their bytes, once each, whatever the size of the page',
    async run(kit) {
      await fill(kit);
      for (const limit of [1, 2, 7, 22, 23, 24, 1000]) {
        assert.deepEqual(await listed(kit.engine, '', limit), ordered);
      }
      assert.deepEqual(await kit.engine.channels({ prefix: '', limit: 0 }), []);
    },
  },
  {
    title: 'a prefix selects by its characters, none of which means anything else',
    async run(kit) {
      await fill(kit);
      for (const prefix of [...ordered, 'a:1', '_', '%', '*', 'a*', 'A%', '__', '\u{1f601}', 'zz']) {
        const expected = ordered.filter((name) => name.startsWith(prefix));
        for (const limit of [1, 100]) assert.deepEqual(await listed(kit.engine, prefix, limit), expected);
      }
    },
  },
  {
    title:
      'a page begins behind `after`, whether or not there is such a channel and where it lies to the prefix',
    async run(kit) {
      await fill(kit);
      const behind = (prefix: string, after: string) => kit.engine.channels({ prefix, after, limit: 100 });
      assert.deepEqual(await behind('', 'a:11'), ordered.slice(ordered.indexOf('a:2')));
      assert.deepEqual(await behind('', '\u{10ffff}'), []);
      assert.deepEqual(await behind('a:', 'a:'), ['a:1', 'a:10', 'a:2']);
      assert.deepEqual(await behind('a:', 'A'), ['a:', 'a:1', 'a:10', 'a:2']);
      assert.deepEqual(await behind('a:', 'a:1'), ['a:10', 'a:2']);
      assert.deepEqual(await behind('a:', 'aa'), []);
      assert.deepEqual(await behind('\u{1f600}', '\uffee'), ['\u{1f600}', '\u{1f600}a']);
      assert.deepEqual(await behind('', ''), ordered);
    },
  },
  {
    title: 'a page among thousands of channels is the right one',
    async run({ engine }) {
      const names = range(1, 5000).map((n) => `room-${n}`);
      await engine.append(names.map((name) => draftOf(name)));
      names.sort();
      assert.deepEqual(await engine.channels({ prefix: '', limit: 100 }), names.slice(0, 100));
      const page = await engine.channels({ prefix: 'room-4', after: names[3600] ?? '', limit: 100 });
      assert.deepEqual(page, names.slice(3601, 3701));
    },
  },
];

export const catalogueCases: Case[] = [...used, ...pages];
