import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLossless } from '../../src/cli/output/lossless.ts';
import { Table } from '../../src/cli/output/table.ts';
import { printable, widthOf, wrap } from '../../src/cli/output/text.ts';
import { localTime, parseTime } from '../../src/cli/output/time.ts';

test('what a terminal would obey is shown instead', () => {
  const cases: [text: string, shown: string][] = [
    ['plain äöü 😀', 'plain äöü 😀'],
    ['a\tb\r\nc', 'a\\tb\\r\\nc'],
    ['\u001b[2J\u0007\u007f\u009b', '\\u001b[2J\\u0007\\u007f\\u009b'],
    ['abc\u202egnp.exe', 'abc\\u202egnp.exe'],
    ['\u2028\ufeff', '\\u2028\\ufeff'],
    ['\ud800', '\ufffd'],
  ];
  for (const [text, shown] of cases) assert.equal(printable(text), shown);
});

test('wide characters take two columns, marks none', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['日本', 4],
    ['😀', 2],
    ['e\u0301', 1],
    ['', 0],
  ] as const) {
    assert.equal(widthOf(text), width, text);
  }
});

test('columns are aligned, numbers at the right, and nothing is left over at the end of a line', () => {
  const rows = [
    ['日本', '5', 'x'],
    ['a', '1000', ''],
  ];
  const table = new Table([{ title: 'NAME' }, { title: 'N', right: true }, { title: 'NOTE' }], rows);
  assert.equal(table.header(), 'NAME     N  NOTE');
  assert.deepEqual(
    rows.map((cells) => table.row(cells)),
    ['日本     5  x', 'a     1000'],
  );
});

test('a cell over the maximum goes on in the next line', () => {
  const rows = [['one two three', 'x']];
  const table = new Table([{ title: 'A', max: 7 }, { title: 'B' }], rows);
  assert.equal(table.row(rows[0] ?? []), 'one two  x\nthree');
  assert.deepEqual(wrap('a verylongword b', 4), ['a', 'verylongword', 'b']);
  assert.deepEqual(wrap('', 4), ['']);
});

test('numbers come out as they came in', () => {
  const text = '{"a":12345678901234567890,"b":1.50,"c":[1e400,-0,2],"__proto__":1,"s":"1.50"}';
  assert.equal(JSON.stringify(parseLossless(text)), text);
  assert.throws(() => parseLossless('{'));
});

test('times are local, and read in every way that is documented', () => {
  const now = Date.UTC(2026, 10, 21, 8);
  const local = new Date(2026, 10, 21, 7, 45, 12, 3).getTime();
  assert.equal(localTime(local), '2026-11-21 07:45:12.003');
  assert.equal(localTime(Number.MAX_SAFE_INTEGER), String(Number.MAX_SAFE_INTEGER));
  const cases: [text: string, time: number | null][] = [
    ['1690000000123', 1_690_000_000_123],
    ['0', 0],
    ['15m', now - 900_000],
    ['90s', now - 90_000],
    ['2026-11-21T07:45Z', Date.UTC(2026, 10, 21, 7, 45)],
    ['2026-11-21T07:45:12.5+01:00', Date.UTC(2026, 10, 21, 6, 45, 12, 500)],
    ['2026-11-21', new Date(2026, 10, 21).getTime()],
    ['2026-11-21 07:45', new Date(2026, 10, 21, 7, 45).getTime()],
    ['2026-11-21 07:45:12.003', local],
    ...['', 'soon', '-5', '1.5h', '0m', '2026', '2026-13-01', '2026-11-21 25:00', '21.11.2026'].map(
      (text): [string, null] => [text, null],
    ),
  ];
  for (const [text, time] of cases) assert.equal(parseTime(text, now), time, text);
});
