/** HTTP/1.1 responses, as much of them as a load generator needs: a status, and a body of a length that is said. */

const LONGEST_HEAD = 8192;
const HEAD_END = Buffer.from('\r\n\r\n');
/** `HTTP/1.1 200` */
const STATUS_AT = 9;

/** `body` is only valid during the call. */
export type ResponseSink = (status: number, body: Buffer) => void;

/** The responses of one connection, cut out of its reads wherever those begin and end. */
export class ResponseReader {
  readonly #sink: ResponseSink;
  #held: Buffer | null = null;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Takes the first `length` bytes of a read. Throws on what no server under test may send. */
  push(chunk: Buffer, length: number): void {
    const read = chunk.subarray(0, length);
    const bytes = this.#held === null ? read : Buffer.concat([this.#held, read]);
    let at = 0;
    for (let end = this.#take(bytes, at); end !== null; end = this.#take(bytes, at)) at = end;
    this.#held = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  }

  /** Hands on the response that begins at `start`. Returns its end, or null where it is not whole yet. */
  #take(bytes: Buffer, start: number): number | null {
    if (start === bytes.length) return null;
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd === -1) {
      if (bytes.length - start > LONGEST_HEAD) throw new Error('the head of an answer has no end');
      return null;
    }
    const head = bytes.toString('latin1', start, headEnd);
    const bodyStart = headEnd + HEAD_END.length;
    const bodyEnd = bodyStart + lengthIn(head);
    if (bodyEnd > bytes.length) return null;
    this.#sink(Number(head.slice(STATUS_AT, STATUS_AT + 3)), bytes.subarray(bodyStart, bodyEnd));
    return bodyEnd;
  }
}

function lengthIn(head: string): number {
  if (!head.startsWith('HTTP/1.1 ')) throw new Error(`not an answer of HTTP/1.1: ${head.slice(0, 100)}`);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error('an answer does not say its length');
  return Number(length);
}
