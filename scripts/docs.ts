/**
 * Writes what the documentation has from the source: the tables between the markers `<!-- name:begin -->` and
 * `<!-- name:end -->`. With `--check` it writes nothing and fails when a table is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closeCodes, errorCodes, parserCloseCodes, refusalCodes } from '../server/src/codes.ts';
import { markdownTable, namesInFileTable, settingsTable } from '../server/src/config/table.ts';
import { metricsTable } from '../server/src/ops/metrics-table.ts';

/** By file: the blocks it has to have. Any other block it has is kept current as well. */
const files = [
  { path: 'docs/settings.md', blocks: ['settings', 'settings-in-file'], optional: false },
  { path: 'docs/protocols/codes.md', blocks: ['close-codes', 'error-codes'], optional: false },
  { path: 'docs/metrics.md', blocks: ['metrics'], optional: false },
  { path: 'README.md', blocks: [], optional: true },
];

const makers: Readonly<Record<string, () => string>> = {
  settings: () => settingsTable(),
  'settings-in-file': namesInFileTable,
  'close-codes': closeCodeTable,
  'error-codes': errorCodeTable,
  metrics: metricsTable,
};

function closeCodeTable(): string {
  const own = Object.values(closeCodes).map(({ code, reason, client, retry }) => ({
    code,
    cells: [code, reason, client, retry ? 'yes' : 'no'],
  }));
  const parser = Object.entries(parserCloseCodes).map(([code, reason]) => ({
    code: Number(code),
    cells: [code, reason, 'not retry', 'no'],
  }));
  const lines = [...own, ...parser].sort((a, b) => a.code - b.code).map(({ cells }) => cells);
  return markdownTable(['Code', 'Reason', 'The client should', 'Retry'], lines);
}

function errorCodeTable(): string {
  const lines = Object.entries({ ...errorCodes, ...refusalCodes }).map(
    ([name, { status, retryable, meaning }]) => [
      `\`${name}\``,
      status,
      retryable ? 'yes' : 'no',
      name in refusalCodes ? 'before a connection' : 'anywhere',
      meaning,
    ],
  );
  return markdownTable(['Code', 'HTTP status', 'Retryable', 'Where', 'Meaning'], lines);
}

/** The text with its blocks made anew. Throws when it lacks a block it has to have. */
export function refresh(text: string, required: readonly string[]): string {
  let fresh = text;
  for (const [name, make] of Object.entries(makers)) {
    const block = new RegExp(`(<!-- ${name}:begin -->\n)[\\s\\S]*?(<!-- ${name}:end -->)`);
    if (block.test(fresh)) {
      fresh = fresh.replace(block, (_, begin: string, end: string) => `${begin}\n${make()}\n\n${end}`);
    } else if (required.includes(name)) {
      throw new Error(`it has no lines <!-- ${name}:begin --> and <!-- ${name}:end -->`);
    }
  }
  return fresh;
}

/** Brings the files below `root` up to date, or with `check` only looks. Resolves to the exit code. */
export function main(root: string, check: boolean): number {
  let stale = 0;
  for (const { path, blocks, optional } of files) {
    const file = join(root, path);
    if (optional && !existsSync(file)) continue;
    try {
      const text = readFileSync(file, 'utf8');
      const fresh = refresh(text, blocks);
      if (fresh === text) continue;
      if (check) stale++;
      else writeFileSync(file, fresh);
      console.log(check ? `${path} is stale: run \`npm run docs\`` : `${path} is written`);
    } catch (thrown) {
      stale++;
      console.log(`${path} cannot be made: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  }
  return stale === 0 ? 0 : 1;
}

if (import.meta.main) {
  process.exitCode = main(dirname(dirname(fileURLToPath(import.meta.url))), process.argv.includes('--check'));
}
