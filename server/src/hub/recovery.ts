import type { ChannelState, Position } from '../engine/engine.ts';

/** Messages that the subscriber will not get: offsets `from` to `to`, both included; `to` null when nobody knows. */
export interface Gap {
  readonly from: number;
  readonly to: number | null;
}

/** The honest answer to "give me everything after this position". */
export interface Resumption {
  /** The replay begins behind this offset. */
  readonly after: number;
  readonly recovered: boolean;
  readonly gap: Gap | null;
  /** How many messages are replayed. */
  readonly replayed: number;
}

/** Could the position be one of this channel's life at all? */
export function isPlausible(state: Position, position: Position): boolean {
  return position.epoch === state.epoch && position.offset <= state.offset;
}

/**
 * The table of PROTOCOLS.md, "History and recovery". `state` has to be asked for behind `position.offset`, or behind
 * 0 when the position is not plausible.
 */
export function resume(state: ChannelState, position: Position): Resumption {
  if (!isPlausible(state, position)) {
    return { after: 0, recovered: false, gap: { from: 1, to: null }, replayed: state.kept };
  }
  const after = position.offset;
  if (after + 1 >= state.completeFrom) {
    return { after, recovered: true, gap: null, replayed: state.offset - after };
  }
  return {
    after,
    recovered: false,
    gap: { from: after + 1, to: state.completeFrom - 1 },
    replayed: state.kept,
  };
}
