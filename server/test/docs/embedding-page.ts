import assert from 'node:assert/strict';
import { Document } from './document.ts';

export const page = new Document('embedding.md');

/** The rows of the first table below these titles, each as its cells. */
export function tableOf(...titles: readonly string[]): string[][] {
  const [first] = tablesOf(...titles);
  assert.ok(first, `no table has the titles ${titles.join(', ')}`);
  return first;
}

/** Every table below these titles, in their order. */
export function tablesOf(...titles: readonly string[]): string[][][] {
  const header = `|${titles.map((title) => (title === '' ? ' ' : ` ${title} `)).join('|')}|\n`;
  const [, ...tables] = page.text.split(header);
  return tables.map((rest) => {
    const [block = ''] = rest.split('\n\n', 1);
    const [, ...rows] = block.trimEnd().split('\n');
    return rows.map((row) =>
      row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  });
}

/** What a text sets as code. */
export function codes(text = ''): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
