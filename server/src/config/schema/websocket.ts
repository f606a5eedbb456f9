import type { Setting } from '../setting.ts';
import { day, mebibyte } from '../units.ts';

export const websocket = {
  enabled: {
    env: 'WEBSOCKET_ENABLED',
    kind: 'boolean',
    default: true,
    meaning: 'Whether WebSocket connections of any dialect are accepted.',
  },
  authRequired: {
    env: 'WEBSOCKET_AUTH_REQUIRED',
    kind: 'boolean',
    default: null,
    shownDefault: '`true` in production, else `false`',
    meaning: 'Whether the channel dialect (`/ws/connect`) refuses connections without credentials.',
  },
  heartbeatInterval: {
    env: 'WEBSOCKET_HEARTBEAT_INTERVAL',
    kind: 'seconds',
    default: 30,
    min: 0.05,
    max: day,
    meaning: 'Time between two heartbeats (a WebSocket ping and a frame) of the channel dialect.',
  },
  disconnectTimeout: {
    env: 'WEBSOCKET_DISCONNECT_TIMEOUT',
    kind: 'seconds',
    default: 60,
    min: 0.05,
    max: day,
    meaning: 'A channel client without a sign of life for this long is closed with 4408.',
  },
  pongRequired: {
    env: 'PONG_REQUIRED',
    kind: 'boolean',
    default: true,
    meaning:
      'Whether a WebSocket client that never answers a ping counts as one that reads nothing once 256 KiB are on their way; `false` is for clients that break the protocol.',
  },
  maxConnections: {
    env: 'WEBSOCKET_MAX_CONNECTIONS',
    kind: 'integer',
    unit: 'connections',
    default: 1000,
    min: 1,
    max: 10_000_000,
    meaning: 'WebSocket connections of this server; one more is refused with 503 `server_full`.',
  },
  queueSize: {
    env: 'WEBSOCKET_MESSAGE_QUEUE_SIZE',
    kind: 'integer',
    unit: 'messages',
    default: 100,
    min: 1,
    max: 1_000_000,
    meaning:
      'Messages waiting for one connection beyond what the kernel took; over it the connection is closed with 4413.',
  },
  maxMessageSize: {
    env: 'WEBSOCKET_MAX_MESSAGE_SIZE',
    kind: 'bytes',
    default: 65_536,
    min: 1,
    max: 64 * mebibyte,
    meaning:
      'Longest message that a WebSocket client may send; a longer one closes the connection with 1009.',
  },
  maxFragments: {
    env: 'WEBSOCKET_MAX_FRAGMENTS',
    kind: 'integer',
    unit: 'frames',
    default: 1024,
    min: 1,
    max: 1_000_000,
    meaning:
      'Frames that a client may split one message into; more close the connection with 1008. Each frame that is held costs memory however short it is.',
  },
  messageTimeout: {
    env: 'WEBSOCKET_MESSAGE_TIMEOUT',
    kind: 'seconds',
    default: 30,
    min: 0.05,
    max: day,
    meaning:
      'Time that one message of a WebSocket client may take from its first byte to its last, however many fragments it has; over it the connection is closed with 4408.',
  },
  compression: {
    env: 'WEBSOCKET_COMPRESSION',
    kind: 'boolean',
    default: false,
    meaning:
      'Offers permessage-deflate: messages of 256 bytes to 256 KiB are compressed, once for all who took the offer.',
  },
} as const satisfies Record<string, Setting>;

export interface WebSocketSettings {
  /** Default true; false refuses the upgrade in every dialect. */
  readonly enabled: boolean;
  /** Of the channel dialect. Default: in production. */
  readonly authRequired: boolean;
  /** Milliseconds between two heartbeats of the channel dialect. Default 30 s. */
  readonly heartbeatInterval: number;
  /** Milliseconds without a sign of life after which a client is closed. Default 60 s. */
  readonly disconnectTimeout: number;
  /** Whether clients that never answer pings count as reading nothing. Default true. */
  readonly pongRequired: boolean;
  /** At least 1. Default 1000. */
  readonly maxConnections: number;
  /** Messages waiting for one connection beyond what the kernel took, at least 1. Default 100. */
  readonly queueSize: number;
  /** Bytes of the longest message a client may send. Default 64 KiB. */
  readonly maxMessageSize: number;
  /** Frames that one message from a client may be split into, at least 1. Default 1024. */
  readonly maxFragments: number;
  /** Milliseconds from the first byte of a client's message to its last. Default 30 s. */
  readonly messageTimeout: number;
  /** Whether permessage-deflate is offered. Default false. */
  readonly compression: boolean;
}
