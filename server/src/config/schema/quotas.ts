import type { Setting } from '../setting.ts';

export const quotas = {
  roomsPerOwner: {
    env: 'MAX_ROOMS_PER_USER',
    kind: 'integer',
    unit: 'rooms',
    default: 100,
    min: 0,
    max: 1_000_000,
    meaning: 'Rooms that one user may own; one more is refused with `limit_reached`.',
  },
  membersPerRoom: {
    env: 'MAX_MEMBERS_PER_ROOM',
    kind: 'integer',
    unit: 'users',
    default: 1000,
    min: 1,
    max: 1_000_000,
    meaning: 'Members of one created room, its owner included; one more is refused with `limit_reached`.',
  },
} as const satisfies Record<string, Setting>;

/** What clients may make that stays. */
export interface QuotaSettings {
  /** Rooms that one user may own. Default 100. */
  readonly roomsPerOwner: number;
  /** Members of one created room. Default 1000. */
  readonly membersPerRoom: number;
}
