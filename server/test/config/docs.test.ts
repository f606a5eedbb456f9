import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../../scripts/docs.ts';
import { closeCodes, errorCodes, parserCloseCodes, refusalCodes } from '../../src/codes.ts';
import { namesOf, rows, unsupported } from '../../src/config/schema.ts';
import { markdownTable, settingsTable } from '../../src/config/table.ts';

const root = join(import.meta.dirname, '../../..');

function copyOfDocs(): string {
  const copy = mkdtempSync(join(tmpdir(), 'fanwire-'));
  cpSync(join(root, 'docs'), join(copy, 'docs'), { recursive: true });
  return copy;
}

test('the documentation is current (else: npm run docs)', () => {
  execFileSync(process.execPath, [join(root, 'scripts/docs.ts'), '--check'], { stdio: 'pipe' });
});

test('the settings are documented with every name, and the text knows those that cannot be used', () => {
  const text = readFileSync(join(root, 'docs/settings.md'), 'utf8');
  for (const name of [...rows.flatMap(({ setting }) => namesOf(setting)), ...unsupported]) {
    assert.ok(text.includes(`\`${name}\``), name);
  }
});

test('the names in the file are documented, each group in its line', () => {
  const text = readFileSync(join(root, 'docs/settings.md'), 'utf8');
  const lines = [...Map.groupBy(rows, ({ group }) => group)].map(([group, settings]) => {
    const names = settings.map(({ key, setting }) => `\`${key}\` (\`${setting.env}\`)`);
    return `| \`${group}\` | ${names.join(', ')} |`;
  });
  assert.ok(text.includes(`| Group | Settings |\n|---|---|\n${lines.join('\n')}\n\n`), lines.join('\n'));
});

test('every code is documented', () => {
  const text = readFileSync(join(root, 'docs/protocols/codes.md'), 'utf8');
  const codes = [...Object.values(closeCodes).map(({ code }) => code), ...Object.keys(parserCloseCodes)];
  for (const code of codes) assert.ok(text.includes(`\n| ${code} | `), String(code));
  for (const name of [...Object.keys(errorCodes), ...Object.keys(refusalCodes)]) {
    assert.ok(text.includes(`\n| \`${name}\` | `), name);
  }
});

test('a stale table fails the check, is left alone by it, and is written without it', (context) => {
  const lines: string[] = [];
  context.mock.method(console, 'log', (line: string) => lines.push(line));
  const copy = copyOfDocs();
  const file = join(copy, 'docs/settings.md');
  const current = readFileSync(file, 'utf8');
  const stale = current.replace('| `8000` |', '| `8001` |');
  writeFileSync(file, stale);
  writeFileSync(join(copy, 'README.md'), 'No tables.\n');
  assert.equal(main(copy, true), 1);
  assert.equal(readFileSync(file, 'utf8'), stale);
  assert.deepEqual(lines.splice(0), ['docs/settings.md is stale: run `npm run docs`']);
  assert.equal(main(copy, false), 0);
  assert.equal(readFileSync(file, 'utf8'), current);
  assert.equal(main(copy, true), 0);
});

test('a README with markers is kept current as well', (context) => {
  context.mock.method(console, 'log', () => {});
  const copy = copyOfDocs();
  const readme = join(copy, 'README.md');
  writeFileSync(readme, '# Fanwire\n\n<!-- settings:begin -->\n<!-- settings:end -->\n\nMore.\n');
  assert.equal(main(copy, true), 1);
  assert.equal(main(copy, false), 0);
  const text = readFileSync(readme, 'utf8');
  assert.ok(text.startsWith('# Fanwire\n') && text.endsWith('\nMore.\n') && text.includes(settingsTable()));
});

test('a file without its markers fails', (context) => {
  const lines: string[] = [];
  context.mock.method(console, 'log', (line: string) => lines.push(line));
  const copy = copyOfDocs();
  writeFileSync(join(copy, 'docs/protocols/codes.md'), '# Codes\n');
  assert.equal(main(copy, false), 1);
  assert.match(lines.join(), /^docs\/protocols\/codes\.md cannot be made: .*close-codes/);
});

test('a bar in a cell does not end the cell', () => {
  assert.equal(markdownTable(['a'], [['x|y']]), '| a |\n|---|\n| x\\|y |');
});
