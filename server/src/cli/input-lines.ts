import { isUtf8 } from 'node:buffer';

const lineFeed = 0x0a;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Null when it is not UTF-8. */
  readonly text: string | null;
}

/**
 * The lines of a stream, together those that came together, as soon as they are whole; blank ones are left out. Only a
 * line feed ends a line: U+2028, at which other readers break, may stand in JSON.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let number = 0;
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      lines.push(lineOf([...rest, chunk.subarray(start, end)], ++number));
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    yield lines.filter(isNotBlank);
  }
  yield [lineOf(rest, ++number)].filter(isNotBlank);
}

function lineOf(parts: readonly Buffer[], number: number): Line {
  const bytes = Buffer.concat(parts);
  return { number, text: isUtf8(bytes) ? bytes.toString('utf8').replace(/\r$/, '') : null };
}

function isNotBlank({ text }: Line): boolean {
  return text?.trim() !== '';
}
