import type { Setting } from '../setting.ts';
import { day, minute } from '../units.ts';

export const history = {
  windowSize: {
    env: 'RECOVERY_WINDOW_SIZE',
    kind: 'integer',
    unit: 'messages',
    default: 1000,
    min: 1,
    max: 1_000_000,
    meaning: 'Messages per channel kept for recovery.',
  },
  windowTtl: {
    env: 'RECOVERY_WINDOW_TTL',
    kind: 'seconds',
    default: 10 * minute,
    min: 1,
    max: 30 * day,
    meaning: 'For how long messages are kept for recovery.',
  },
  ttl: {
    env: 'HISTORY_TTL',
    kind: 'seconds',
    default: 0,
    min: 0,
    max: 3650 * day,
    meaning:
      'For how long messages published to be kept, and those of the room and chat dialects, are kept; 0 is for ever.',
  },
  idempotencyWindow: {
    env: 'IDEMPOTENCY_WINDOW',
    kind: 'seconds',
    default: 5 * minute,
    min: 0,
    max: 30 * day,
    meaning:
      'For how long a message id is remembered, so that publishing it again is a duplicate; 0 is not at all.',
  },
  channelTtl: {
    env: 'CHANNEL_TTL',
    kind: 'seconds',
    default: 7 * day,
    min: 1,
    max: 3650 * day,
    meaning:
      'A channel without subscribers, kept messages, remembered ids or owner is forgotten so long after its last use; a later position then counts as one of another epoch.',
  },
} as const satisfies Record<string, Setting>;

export interface HistorySettings {
  /** Messages per channel kept for recovery, at least 1. Default 1000. */
  readonly windowSize: number;
  /** Milliseconds that messages are kept for recovery. Default 10 min. */
  readonly windowTtl: number;
  /** Milliseconds that persisted messages are kept. Default 0, which is for ever. */
  readonly ttl: number;
  /** Milliseconds that a message id is remembered. Default 5 min; 0 is not at all. */
  readonly idempotencyWindow: number;
  /** Milliseconds after its last use until a channel that nothing keeps is forgotten. Default 7 days. */
  readonly channelTtl: number;
}
