import type { Setting } from '../setting.ts';
import { day } from '../units.ts';

export const presence = {
  ttl: {
    env: 'PRESENCE_TTL',
    kind: 'seconds',
    default: 60,
    min: 0.05,
    max: day,
    meaning:
      'For how long at most a user stays online after the node of their connection died without a word.',
  },
} as const satisfies Record<string, Setting>;

export interface PresenceSettings {
  /** Milliseconds a user stays online at most after their node died. Default 60 s. */
  readonly ttl: number;
}
