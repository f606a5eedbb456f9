import type { Setting } from '../setting.ts';
import { day, mebibyte } from '../units.ts';

export const sse = {
  enabled: {
    env: 'SSE_ENABLED',
    kind: 'boolean',
    default: true,
    meaning: 'Whether Server-Sent Events are served.',
  },
  authRequired: {
    env: 'SSE_AUTH_REQUIRED',
    kind: 'boolean',
    default: null,
    shownDefault: '`true` in production, else `false`',
    meaning: 'Whether Server-Sent Events are refused without credentials.',
  },
  heartbeatInterval: {
    env: 'SSE_HEARTBEAT_INTERVAL',
    kind: 'seconds',
    default: 30,
    min: 0.05,
    max: day,
    meaning: 'Time between two comment lines that keep a stream open.',
  },
  maxConnections: {
    env: 'SSE_MAX_CONNECTIONS',
    kind: 'integer',
    unit: 'connections',
    default: 500,
    min: 1,
    max: 10_000_000,
    meaning: 'Streams of this server; one more is refused with 503 `server_full`.',
  },
  retry: {
    env: 'SSE_RETRY_TIMEOUT',
    kind: 'milliseconds',
    default: 3000,
    min: 0,
    max: 3_600_000,
    meaning: 'How long a browser waits before it reconnects, as told in `retry:`; 0 is at once.',
  },
  maxMessageSize: {
    env: 'SSE_MAX_MESSAGE_SIZE',
    kind: 'bytes',
    default: mebibyte,
    min: 1,
    max: 64 * mebibyte,
    meaning: 'Longest message that can be published over HTTP; a longer one is refused with 413 `too_large`.',
  },
} as const satisfies Record<string, Setting>;

export interface SseSettings {
  /** Default true. */
  readonly enabled: boolean;
  /** Default: in production. */
  readonly authRequired: boolean;
  /** Milliseconds between two comment lines. Default 30 s. */
  readonly heartbeatInterval: number;
  /** At least 1. Default 500. */
  readonly maxConnections: number;
  /** Milliseconds a browser waits before it reconnects. Default 3 s; 0 is at once. */
  readonly retry: number;
  /** Bytes of the longest message that can be published over HTTP. Default 1 MiB. */
  readonly maxMessageSize: number;
}
