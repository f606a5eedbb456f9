import type { Setting } from '../setting.ts';
import { day } from '../units.ts';

export const room = {
  heartbeatInterval: {
    env: 'HEARTBEAT_INTERVAL',
    kind: 'seconds',
    default: 25,
    min: 0.05,
    max: day,
    meaning: 'Time between two `system.ping` frames of the room dialect.',
  },
  idleTimeout: {
    env: 'IDLE_TIMEOUT',
    kind: 'seconds',
    default: 70,
    min: 0.05,
    max: day,
    meaning: 'A room client that sends no frame for this long is closed with 4408.',
  },
} as const satisfies Record<string, Setting>;

export interface RoomSettings {
  /** Milliseconds between two pings. Default 25 s. */
  readonly heartbeatInterval: number;
  /** Milliseconds without a frame after which a client is closed. Default 70 s. */
  readonly idleTimeout: number;
}
