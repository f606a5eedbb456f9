import assert from 'node:assert/strict';

/** A body in chunks (RFC 9112, 7.1), as far as it has come. */
export interface Chunked {
  readonly chunks: readonly string[];
  /** The last chunk came, and nothing behind it. */
  readonly ended: boolean;
}

/** Reads what stands behind the head of an answer, one character for each byte. Fails for anything but chunks. */
export function readChunks(answer: string): Chunked {
  const chunks: string[] = [];
  let rest = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  for (;;) {
    const head = /^([0-9a-f]+)\r\n/.exec(rest);
    if (!head) {
      assert.match(rest, /^[0-9a-f]*\r?$/, 'the beginning of a chunk');
      return { chunks, ended: false };
    }
    const [line, digits = ''] = head;
    const length = Number.parseInt(digits, 16);
    if (length === 0) {
      if (rest.length < line.length + 2) return { chunks, ended: false };
      assert.equal(rest.slice(line.length), '\r\n', 'nothing behind the last chunk');
      return { chunks, ended: true };
    }
    if (rest.length < line.length + length + 2) return { chunks, ended: false };
    chunks.push(rest.slice(line.length, line.length + length));
    assert.equal(rest.slice(line.length + length, line.length + length + 2), '\r\n', 'the end of a chunk');
    rest = rest.slice(line.length + length + 2);
  }
}

/** The text of the chunks so far. */
export function bodyOf(answer: string): string {
  return Buffer.from(readChunks(answer).chunks.join(''), 'latin1').toString();
}
