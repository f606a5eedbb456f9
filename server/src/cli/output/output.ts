import { exitCodes } from '../exit.ts';
import { type Column, Table } from './table.ts';
import { printable } from './text.ts';

/** Columns of a terminal that does not say how many it has. */
const usualWidth = 80;

/** Where a command prints its results: for people on a terminal, as JSON lines in a pipe or when asked to. */
export class Output {
  readonly json: boolean;

  constructor({ json = false }: { readonly json?: boolean | undefined }) {
    this.json = json || !process.stdout.isTTY;
  }

  get width(): number {
    return process.stdout.columns || usualWidth;
  }

  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** A list in either form; `empty` is what people are told instead of a table without rows. */
  list<Entry>(entries: readonly Entry[], form: ListForm<Entry>): void {
    if (this.json) {
      for (const entry of entries) this.line(form.json(entry));
    } else if (entries.length === 0) this.line(form.empty);
    else {
      const rows = entries.map(form.cells);
      const table = new Table(form.columns, rows);
      this.line([table.header(), ...rows.map((cells) => table.row(cells))].join('\n'));
    }
  }

  /** Something that is not a result goes to standard error, in either form. */
  note(text: string): void {
    process.stderr.write(`fanwire: ${printable(text)}\n`);
  }
}

export interface ListForm<Entry> {
  readonly columns: readonly Column[];
  readonly empty: string;
  cells(entry: Entry): string[];
  json(entry: Entry): string;
}

/** When nobody reads on (`| head -1`), the command ends at once and quietly; any other fault of the output is one. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(exitCodes.done);
      if (stream === process.stdout) process.stderr.write(`fanwire: cannot write: ${message}\n`);
      process.exit(exitCodes.failed);
    });
  }
}

/** Goes on when nobody reads what it prints any more, as a server does. */
export function outliveReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
