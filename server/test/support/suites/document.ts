import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { closeCodes, errorCodes, refusalCodes } from '../../../src/codes.ts';
import { rows } from '../../../src/config/schema.ts';
import type { Door } from '../doors.ts';

const folder = join(import.meta.dirname, '../../../../docs/protocols');

/** What a dialect's page says of settings and codes is what the server has. */
export function documentSuite({ name }: Door): void {
  const page = readFileSync(join(folder, `${name}.md`), 'utf8');

  describe(`${name}: docs/protocols/${name}.md`, () => {
    it('has the settings’ names and defaults', () => {
      const listed = [...page.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)];
      assert.ok(listed.length > 5);
      for (const [, env = '', shown = ''] of listed) {
        const row = rows.find(({ setting }) => setting.env === env);
        assert.ok(row, `${env} is no setting`);
        const value = row.setting.default;
        if (value !== null) assert.equal(shown.replaceAll('`', ''), String(value), env);
      }
    });

    it('names codes that there are', () => {
      const known = Object.values(closeCodes).map(({ code }) => String(code));
      for (const [code] of page.matchAll(/\b44\d\d\b/g)) assert.ok(known.includes(code), code);
      const errors = new Set([...Object.keys(errorCodes), ...Object.keys(refusalCodes)]);
      const named = [...page.matchAll(/\d{3} `([a-z_]+)`/g)].map(([, code = '']) => code);
      assert.ok(named.length > 0);
      for (const code of named) assert.ok(errors.has(code), code);
    });
  });
}
