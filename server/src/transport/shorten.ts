import type { Gap } from '../hub/recovery.ts';
import type { Piece } from './chain.ts';

/** What may wait for one connection. */
export interface WaitingLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** What a reference costs besides its bytes, counted against the limit. */
const referenceBytes = 64;

/** Whether so many messages and bytes, in so many pieces, are more than may wait. */
export function exceeds(
  { messages, bytes, pieces }: { messages: number; bytes: number; pieces: number },
  limits: WaitingLimits,
): boolean {
  return messages > limits.messages || bytes + pieces * referenceBytes > limits.bytes;
}

/**
 * The pieces that still wait once those are gone that their channels' policies let go of: all of `latest` but each
 * channel's newest; then of `drop` the oldest, until the rest is within the limits. What was dropped, other than what
 * was replaced by something newer, is added to `lost`.
 */
export function shorten(
  pieces: readonly Piece[],
  limits: WaitingLimits,
  lost: Map<string, Gap>,
): readonly Piece[] {
  return withoutOldest(withoutReplaced(pieces), limits, lost);
}

function withoutReplaced(pieces: readonly Piece[]): readonly Piece[] {
  const newest = new Map<string, Piece>();
  for (const piece of pieces) {
    if (piece.dispensable?.policy === 'latest') newest.set(piece.dispensable.channel, piece);
  }
  return pieces.filter(
    (piece) => piece.dispensable?.policy !== 'latest' || newest.get(piece.dispensable.channel) === piece,
  );
}

function withoutOldest(
  pieces: readonly Piece[],
  limits: WaitingLimits,
  lost: Map<string, Gap>,
): readonly Piece[] {
  const rest = { messages: 0, bytes: 0, pieces: pieces.length };
  for (const { messages, bytes } of pieces) {
    rest.messages += messages;
    rest.bytes += bytes.length;
  }
  return pieces.filter(({ messages, bytes, dispensable }) => {
    if (dispensable?.policy !== 'drop' || !exceeds(rest, limits)) return true;
    rest.messages -= messages;
    rest.bytes -= bytes.length;
    rest.pieces--;
    const { channel, offset } = dispensable;
    lost.set(channel, { from: lost.get(channel)?.from ?? offset, to: offset });
    return false;
  });
}
