import { writeFileSync } from 'node:fs';

export { milliseconds, percent, short } from '../../server/src/cli/bench/figures.ts';

/** The middle value, or the mean of the two in the middle. Null for none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

/** `measured / reference`, pair by pair; a pair with a missing half is left out. */
export function pairedRatios(
  measured: readonly (number | null)[],
  reference: readonly (number | null)[],
): number[] {
  return measured.flatMap((value, index) => {
    const other = reference[index] ?? null;
    return value === null || other === null || other === 0 ? [] : [value / other];
  });
}

/** Rows under a heading, columns aligned: the first to the left, the others to the right. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(heading), rule, ...rows.map(line)].join('\n');
}

/** What stands in a table where there is no value. */
export const NONE = '–';

/** A value with its text, or a dash for null. */
export function orDash(value: number | null, format: (value: number) => string): string {
  return value === null ? NONE : format(value);
}

export function ratio(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)}×`;
}

export function bytes(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

/** A line that the next one overwrites; on anything but a terminal, a line. */
export function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
