import type { Dispensable } from '../hub/recipient.ts';

/** Pieces are joined for one write up to so many bytes; more go out by one `writev`. */
const joinBelow = 256 * 1024;

/** Bytes that are written together, and what is in them. */
export interface Piece {
  readonly bytes: Buffer;
  /** 0 for replies. */
  readonly messages: number;
  /** What a slow reader may go without. */
  readonly dispensable?: Dispensable | undefined;
}

/**
 * Pieces of bytes in the order in which they are to be written: one piece, and the chain before it. Outboxes that are
 * given the same pieces in the same order hold the same chain. So to add a piece allocates nothing for all of them but
 * the first, and pieces are joined once for all.
 */
export class Chain {
  readonly #before: Chain | null;
  readonly #piece: Piece;
  /** Sums over all pieces. */
  readonly messages: number;
  readonly bytes: number;
  readonly pieces: number;
  /** Whether any piece is. */
  readonly dispensable: boolean;
  #joined: Buffer | null = null;
  /** The chain that was last asked for with one more piece. */
  #next: Chain | null = null;

  private constructor(before: Chain | null, piece: Piece) {
    this.#before = before;
    this.#piece = piece;
    this.messages = piece.messages + (before?.messages ?? 0);
    this.bytes = piece.bytes.length + (before?.bytes ?? 0);
    this.pieces = 1 + (before?.pieces ?? 0);
    this.dispensable = piece.dispensable !== undefined || before?.dispensable === true;
  }

  /** The chain of one piece that was last asked for. */
  static #first: Chain | null = null;

  /** `before` and then these bytes, which hold so many messages. The same bytes are always the same piece. */
  static add(before: Chain | null, bytes: Buffer, messages: number, dispensable?: Dispensable): Chain {
    const known = before === null ? Chain.#first : before.#next;
    if (known !== null && known.#piece.bytes === bytes) return known;
    const chain = new Chain(before, { bytes, messages, dispensable });
    if (before === null) Chain.#first = chain;
    else before.#next = chain;
    return chain;
  }

  static of(pieces: readonly Piece[]): Chain | null {
    let chain: Chain | null = null;
    for (const { bytes, messages, dispensable } of pieces)
      chain = Chain.add(chain, bytes, messages, dispensable);
    return chain;
  }

  /** To be called when an outbox lets go of its chain: nothing is held then that nobody waits for. */
  static forget(chain: Chain | null): void {
    Chain.#first = null;
    for (let at = chain; at !== null; at = at.#before) {
      if (at.#before !== null && at.#before.#next === at) at.#before.#next = null;
    }
  }

  /** Everything in one buffer, which must not be changed; null when that is too much to be copied. */
  joined(): Buffer | null {
    if (this.#before === null) return this.#piece.bytes;
    if (this.bytes > joinBelow) return null;
    this.#joined ??= Buffer.concat(
      this.toArray().map(({ bytes }) => bytes),
      this.bytes,
    );
    return this.#joined;
  }

  /** In the order in which they were added. */
  toArray(): Piece[] {
    const pieces: Piece[] = [];
    for (let at: Chain | null = this; at !== null; at = at.#before) pieces.push(at.#piece);
    return pieces.reverse();
  }
}
