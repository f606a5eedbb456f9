import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { errorCodes, refusalCodes } from '../../src/codes.ts';
import { schema } from '../../src/config/schema.ts';
import { anchorsOf, Document, root } from './document.ts';

for (const name of ['getting-started.md', 'operating.md']) {
  describe(`docs/${name}`, () => {
    const { text } = new Document(name);

    it('links to what is there', () => {
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^\w+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = join(root, 'docs', path || name);
        assert.ok(existsSync(file), target);
        if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(file, 'utf8')).includes(anchor), target);
      }
    });

    it('names settings and codes that there are', () => {
      const settings = JSON.stringify(schema);
      for (const [, setting = ''] of text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)) {
        assert.ok(settings.includes(`"${setting}"`), setting);
      }
      for (const [, code = ''] of text.matchAll(/\b[45]\d\d `([a-z_]+)`/g)) {
        assert.ok(code in errorCodes || code in refusalCodes, code);
      }
    });
  });
}
