/** Pieces are joined for one write up to so many bytes; more go out by one `writev`. */
const joinBelow = 256 * 1024;

/**
 * Pieces of bytes in the order in which they are to be written: one piece, and the chain before it. Outboxes that are
 * given the same pieces in the same order hold the same chain. So to add a piece allocates nothing for all of them but
 * the first, and pieces are joined once for all.
 */
export class Chain {
  readonly #before: Chain | null;
  readonly #piece: Buffer;
  /** Sums over all pieces. */
  readonly messages: number;
  readonly bytes: number;
  readonly pieces: number;
  #joined: Buffer | null = null;
  /** The chain that was last asked for with one more piece. */
  #next: Chain | null = null;

  private constructor(before: Chain | null, piece: Buffer, messages: number) {
    this.#before = before;
    this.#piece = piece;
    this.messages = messages + (before?.messages ?? 0);
    this.bytes = piece.length + (before?.bytes ?? 0);
    this.pieces = 1 + (before?.pieces ?? 0);
  }

  /** The chain of one piece that was last asked for. */
  static #first: Chain | null = null;

  /** `before` and then the piece, which holds so many messages. */
  static add(before: Chain | null, piece: Buffer, messages: number): Chain {
    const known = before === null ? Chain.#first : before.#next;
    if (known !== null && known.#piece === piece) return known;
    const chain = new Chain(before, piece, messages);
    if (before === null) Chain.#first = chain;
    else before.#next = chain;
    return chain;
  }

  /** Holds on to no bytes any more that nobody waits for. */
  static forget(): void {
    Chain.#first = null;
  }

  /** Everything in one buffer, which must not be changed; null when that is too much to be copied. */
  joined(): Buffer | null {
    if (this.#before === null) return this.#piece;
    if (this.bytes > joinBelow) return null;
    this.#joined ??= Buffer.concat([...this], this.bytes);
    return this.#joined;
  }

  *[Symbol.iterator](): Generator<Buffer> {
    const pieces: Buffer[] = [];
    for (let at: Chain | null = this; at !== null; at = at.#before) pieces.push(at.#piece);
    while (pieces.length > 0) yield pieces.pop() as Buffer;
  }
}
