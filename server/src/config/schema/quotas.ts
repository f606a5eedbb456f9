import type { Setting } from '../setting.ts';
import { mebibyte } from '../units.ts';

export const quotas = {
  databaseBytes: {
    env: 'MAX_DATABASE_BYTES',
    kind: 'bytes',
    default: 10_240 * mebibyte,
    min: mebibyte,
    max: 1024 * 1024 * 1024 * mebibyte,
    meaning:
      'What the store may take, without the log beside the file; from nine tenths of it messages that are to be kept are refused with `limit_reached`, from all of it every message.',
  },
  channelBytes: {
    env: 'MAX_CHANNEL_BYTES',
    kind: 'bytes',
    default: 1024 * mebibyte,
    min: 1024,
    max: 1024 * 1024 * 1024 * mebibyte,
    meaning: 'What the kept messages of one channel may take; one more is refused with `limit_reached`.',
  },
  userBytes: {
    env: 'MAX_USER_BYTES',
    kind: 'bytes',
    default: 1024 * mebibyte,
    min: 1024,
    max: 1024 * 1024 * 1024 * mebibyte,
    meaning:
      'What the kept messages of one user may take; those of all guests count together as those of one user, those of API keys not.',
  },
  channelsPerMinute: {
    env: 'MAX_CHANNELS_CREATED_PER_MINUTE',
    kind: 'integer',
    unit: 'channels',
    default: 600,
    min: 1,
    max: 1_000_000,
    meaning:
      'Channels in which a user, or a connection of a guest, may be the first to publish, and twice as many for all guests together, on each worker; API keys are exempt.',
  },
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
  /** What the store may take. Default 10 GiB. */
  readonly databaseBytes: number;
  /** What the kept messages of one channel may take. Default 1 GiB. */
  readonly channelBytes: number;
  /** What the kept messages of one user, or of all guests, may take. Default 1 GiB. */
  readonly userBytes: number;
  /** New channels a minute of one user or guest's connection. Default 600. */
  readonly channelsPerMinute: number;
  /** Rooms that one user may own. Default 100. */
  readonly roomsPerOwner: number;
  /** Members of one created room. Default 1000. */
  readonly membersPerRoom: number;
}
