import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { closeCodes } from '../../src/codes.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { processRegistry } from '../../src/ops/metrics-process.ts';
import { describe as described } from '../../src/ops/metrics-table.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { testServer } from '../support/server.ts';
import { scrape } from './figures.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** The rows of the tables of metrics. */
const rows: Row[] = text.split('\n').flatMap((line) => {
  const [, name = '', type = '', labels = ''] = line.split('|').map((cell) => cell.trim());
  if (!/^`(fanwire|process|nodejs)_\w+`$/.test(name)) return [];
  return [
    { name: bare(name), type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label ?? '') },
  ];
});

function bare(cell: string): string {
  return cell.replaceAll('`', '');
}

function inRegistry(registry: Metrics['registry']): Row[] {
  return described(registry).map(({ name, type, labelNames }) => ({
    name,
    type: String(type),
    labels: [...labelNames],
  }));
}

describe('docs/metrics.md', () => {
  it('has every metric, with its type and labels, and no other', {
    skip: process.platform !== 'linux',
  }, () => {
    const { registry } = new Metrics({ version: '', engine: '', managementOpen: false });
    assert.deepEqual(rows, [...inRegistry(registry), ...inRegistry(processRegistry())]);
  });

  it('explains every label of our own', () => {
    const labels = new Set(
      rows.filter(({ name }) => name.startsWith('fanwire_')).flatMap((row) => row.labels),
    );
    for (const label of labels)
      assert.match(text, new RegExp(`^\\| .*\`${label}\`.* \\| .+ \\|$`, 'm'), label);
  });

  it('is what a running server exposes', async () => {
    await using fw = await testServer();
    await ChannelClient.open(fw);
    const { types } = await scrape(fw);
    for (const [name, type] of types) {
      assert.equal(rows.find((row) => row.name === name)?.type, type, name);
    }
    const known = new Set(rows.map(({ name }) => name));
    for (const [name] of text.matchAll(/fanwire_[a-z_]+/g)) {
      assert.ok(known.has(name.replace(/_(bucket|sum|count)$/, '')), `${name} is mentioned`);
    }
  });

  it('names close codes that there are', () => {
    const known = Object.values(closeCodes).map(({ code }) => String(code));
    for (const [, code = ''] of text.matchAll(/code="(\d+)"/g)) assert.ok(known.includes(code), code);
  });

  it('has every line of the log, with its level', () => {
    const source = join(import.meta.dirname, '../../src');
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const written = files.flatMap((file) =>
      [
        ...readFileSync(join(source, file), 'utf8').matchAll(
          /\blog\.(debug|info|warn|error)\([^;]*?'([^']+)',?\s*\);/g,
        ),
      ].map(([, level, line]) => `| \`${line}\` | ${level} |`),
    );
    assert.ok(written.length > 10);
    for (const row of written) assert.ok(text.includes(`\n${row}`), row);
    const documented = text.match(/^\| `[^`]+` \| (debug|info|warn|error) \|/gm) ?? [];
    assert.deepEqual([...new Set(documented)].sort(), [...new Set(written)].sort());
  });
});
