const LONGEST_HEAD = 8192;
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
   * not. Throws with the answer's text where the status is another.
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
    const status = all.toString('latin1', 0, all.indexOf('\r\n'));
    if (!status.startsWith(`HTTP/1.1 ${this.#wanted}`)) {
      const what = this.#wanted === '101' ? 'upgrade' : 'request';
      const body = all.toString('utf8', end + HEAD_END.length, end + HEAD_END.length + 300);
      throw new Error(`the ${what} was refused: ${status} ${body}`.trim());
    }
    return end + HEAD_END.length - before;
  }
}
