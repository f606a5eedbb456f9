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
 * The table of PROTOCOLS.md, "History and recovery". Of what stands up to the offset `floor` the subscriber may see
 * nothing: to it that is not kept. `state` has to be asked for behind `position.offset`, or behind 0 when the position
 * is not plausible, and not below the floor.
 */
export function resume(state: ChannelState, position: Position, floor = 0): Resumption {
  if (!isPlausible(state, position)) {
    return { after: floor, recovered: false, gap: { from: 1, to: null }, replayed: state.kept };
  }
  const completeFrom = Math.max(state.completeFrom, floor + 1);
  const after = Math.max(position.offset, floor);
  if (position.offset + 1 >= completeFrom) {
    return { after, recovered: true, gap: null, replayed: state.offset - after };
  }
  return {
    after,
    recovered: false,
    gap: { from: position.offset + 1, to: completeFrom - 1 },
    replayed: state.kept,
  };
}
