import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { errorCodes, refusalCodes } from '../../src/codes.ts';
import { namesOf, rows } from '../../src/config/schema.ts';
import { decode } from '../../src/dialect/channel/codec.ts';

const folder = join(import.meta.dirname, '../../../docs/protocols');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
/** The documents that these tests belong to; those of the other dialects have tests of their own. */
const documents = ['README.md', 'channel.md', 'events.md', 'recovery.md'];

/** The text from a heading to the next one. */
function section(text: string, heading: string): string {
  const [, rest = ''] = text.split(`\n${heading}\n`);
  return rest.split('\n## ')[0] ?? '';
}

/** As GitHub makes them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

for (const name of documents) {
  describe(`docs/protocols/${name}`, () => {
    const text = read(name);

    it('links to what is there', () => {
      for (const [, link = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
        const [path = '', anchor] = link.split('#');
        const target = join(folder, path === '' ? name : path);
        assert.ok(existsSync(target), link);
        if (anchor !== undefined) assert.ok(anchors(readFileSync(target, 'utf8')).includes(anchor), link);
      }
    });

    it('names settings that exist, with their defaults', () => {
      const settings = new Map(rows.flatMap(({ setting }) => namesOf(setting).map((env) => [env, setting])));
      for (const [, env = ''] of text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)) {
        assert.ok(settings.has(env), env);
      }
      for (const [, cell = '', defaults = ''] of text.matchAll(/^\| (`[A-Z_`, ]+) \| (.+?) \| /gm)) {
        const names = [...cell.matchAll(/[A-Z_]{3,}/g)].map(([env]) => env);
        const shown = defaults.replaceAll('`', '').split(', ');
        for (const [index, env] of names.entries()) {
          const value = settings.get(env)?.default;
          if (typeof value !== 'object') assert.equal(shown[index], String(value), env);
        }
      }
    });

    it('has examples that are JSON', () => {
      for (const [, example = ''] of text.matchAll(/```json\n([\s\S]*?)```/g)) JSON.parse(example);
    });

    it('names error codes that exist', () => {
      const cells = text.match(/`(bad|not|too|limit|rate|unknown|server|room)_[a-z]+`/g) ?? [];
      for (const cell of cells) {
        const code = cell.slice(1, -1);
        assert.ok(code in errorCodes || code in refusalCodes, code);
      }
    });
  });
}

describe('the documents together', () => {
  it('are all in the index', () => {
    const index = read('README.md');
    for (const name of readdirSync(folder)) {
      if (name !== 'README.md') assert.ok(index.includes(`](${name})`), name);
    }
  });

  it('have every action of the channel dialect', () => {
    let known = '';
    try {
      decode({ text: '{}', object: { action: '' } });
    } catch (thrown) {
      known = String(thrown).split('known are ')[1] ?? '';
    }
    const [table = ''] = section(read('channel.md'), '## What the client sends').split('\n\n');
    const [, ...listed] = [...table.matchAll(/^\| `([a-z_]+)`/gm)].map(([, action]) => action);
    assert.deepEqual(listed, known.split(', '));
  });

  it('have the table of positions as the contract has it', () => {
    const table = section(read('recovery.md'), '## The answer');
    for (const row of [
      '| empty | offset 0 of the current epoch | recovered, 0 replayed |',
      '| offsets 1–10 kept | 8 | recovered, 9 and 10 |',
      '| 1–10 kept | 10 | recovered, 0 |',
      '| only 11–20 kept | 8 | not recovered: `gap {from: 9, to: 10}`, 11–20 replayed |',
      '| 1–10 kept | 15, or another epoch | not recovered: `gap {from: 1, to: null}`, the kept ones replayed |',
      '| all expired, top is 10 | 10 | recovered, 0 |',
      '| all expired, top is 10 | 8 | not recovered, `gap {from: 9, to: 10}` |',
    ]) {
      assert.ok(table.includes(row), row);
    }
  });
});
