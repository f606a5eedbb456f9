import { printable, widthOf, wrap } from './text.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  /** Longer cells go on in the next line. */
  readonly max?: number;
}

const gap = '  ';

/** Aligned columns for a terminal. Cells may hold anything; what a terminal would obey is shown instead. */
export class Table {
  readonly #columns: readonly Column[];
  readonly #widths: readonly number[];

  constructor(columns: readonly Column[], rows: readonly (readonly string[])[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ title, max }, at) => {
      const widest = rows.map((cells) => Math.max(...linesOf(cells[at], max).map(widthOf)));
      return widest.reduce((most, width) => Math.max(most, width), widthOf(title));
    });
  }

  header(): string {
    return this.#line(this.#columns.map(({ title }) => title));
  }

  /** One line, or several where a cell is longer than its column may be. */
  row(cells: readonly string[]): string {
    const wrapped = this.#columns.map(({ max }, at) => linesOf(cells[at], max));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      this.#line(wrapped.map((lines) => lines[line] ?? '')),
    ).join('\n');
  }

  #line(cells: readonly string[]): string {
    return cells
      .map((cell, at) => {
        const fill = ' '.repeat(Math.max(0, (this.#widths[at] ?? 0) - widthOf(cell)));
        return this.#columns[at]?.right ? `${fill}${cell}` : `${cell}${fill}`;
      })
      .join(gap)
      .trimEnd();
  }
}

function linesOf(cell = '', max?: number): string[] {
  const text = printable(cell);
  return max === undefined ? [text] : wrap(text, max);
}
