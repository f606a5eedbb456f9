import type { Setting } from '../setting.ts';
import { day } from '../units.ts';

export const relay = {
  authRequired: {
    env: 'RELAY_AUTH_REQUIRED',
    kind: 'boolean',
    default: null,
    shownDefault: '`true` in production, else `false`',
    meaning: 'Whether the relay dialect refuses connections without credentials.',
  },
  pingInterval: {
    env: 'PING_INTERVAL_SEC',
    kind: 'seconds',
    default: 20,
    min: 0.05,
    max: day,
    meaning: 'Time between two ping frames of the relay dialect.',
  },
  pongTimeout: {
    env: 'PONG_TIMEOUT_SEC',
    kind: 'seconds',
    default: 30,
    min: 0.05,
    max: day,
    meaning: 'A relay client that does not answer a ping for this long is closed with 4408.',
  },
} as const satisfies Record<string, Setting>;

export interface RelaySettings {
  /** Default: in production. */
  readonly authRequired: boolean;
  /** Milliseconds between two pings. Default 20 s. */
  readonly pingInterval: number;
  /** Milliseconds within which a ping has to be answered. Default 30 s. */
  readonly pongTimeout: number;
}
