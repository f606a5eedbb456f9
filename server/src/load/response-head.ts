import { Refused } from './refused.ts';

const LONGEST_HEAD = 8192;
const LONGEST_BODY = 1000;
const HEAD_END = Buffer.from('\r\n\r\n');

/** The head of one HTTP response, put together from reads. */
export class ResponseHead {
  readonly #wanted: string;
  #held = Buffer.alloc(0);

  /** `wanted` is the status that is expected, as in `101`. */
  constructor(wanted: string) {
    this.#wanted = wanted;
  }

  /**
   * Takes the first `length` bytes of a read. Returns where in this read the head has ended, or null where it has
   * not. Throws a `Refused` with the answer's text where the status is another.
   */
  push(chunk: Buffer, length: number): number | null {
    const before = this.#held.length;
    const all = Buffer.concat([this.#held, chunk.subarray(0, length)]);
    const end = all.indexOf(HEAD_END);
    if (end === -1) {
      if (all.length > LONGEST_HEAD) throw new Error('the answer to the request has no end');
      this.#held = all;
      return null;
    }
    const head = all.toString('latin1', 0, end);
    const bodyStart = end + HEAD_END.length;
    if (!/^HTTP\/1\.[01] /.test(head) || !head.startsWith(this.#wanted, 'HTTP/1.1 '.length)) {
      throw this.#refusal(head, all.toString('utf8', bodyStart, bodyStart + LONGEST_BODY));
    }
    if (/^transfer-encoding: *chunked/im.test(head)) {
      throw new Error('a proxy in between cuts the stream into chunks: measure the server itself');
    }
    return bodyStart - before;
  }

  #refusal(head: string, body: string): Refused {
    const [line = ''] = head.split('\r\n', 1);
    const what = this.#wanted === '101' ? 'upgrade' : 'request';
    const status = Number(line.split(' ', 2)[1]) || 0;
    return new Refused(`the ${what} was refused: ${line} ${body}`.trim(), { status, body });
  }
}
