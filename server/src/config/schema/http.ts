import type { Setting } from '../setting.ts';
import { day, mebibyte } from '../units.ts';

export const http = {
  connections: {
    env: 'MAX_HTTP_CONNECTIONS',
    kind: 'integer',
    unit: 'connections',
    default: 0,
    min: 0,
    max: 10_000_000,
    meaning:
      'Connections that are neither a WebSocket nor an event stream, also those that are about to become one; for one more the one that has been idle longest is closed. 0 is what the descriptors of the process (`ulimit -n`) leave beside MAX_CONNECTIONS_TOTAL, from 64 to 10000.',
  },
  requests: {
    env: 'MAX_HTTP_REQUESTS',
    kind: 'integer',
    unit: 'requests',
    default: 10_000,
    min: 1,
    max: 10_000_000,
    meaning:
      'Requests of all connections together that have no answer yet; beyond it a connection that asks more without waiting for its answers is cut.',
  },
  unreadBytes: {
    env: 'MAX_HTTP_UNREAD_BYTES',
    kind: 'bytes',
    default: 64 * mebibyte,
    min: mebibyte,
    max: 65_536 * mebibyte,
    meaning:
      'Bytes of answers that clients do not read, beyond what the kernel took, of all together; over it the client that has taken nothing for longest is cut.',
  },
  sendTimeout: {
    env: 'HTTP_SEND_TIMEOUT',
    kind: 'seconds',
    default: 30,
    min: 0.1,
    max: day,
    meaning: 'A client that takes nothing of an answer for so long is cut.',
  },
  keepAliveTimeout: {
    env: 'HTTP_KEEP_ALIVE_TIMEOUT',
    kind: 'seconds',
    default: 76,
    min: 1,
    max: day,
    meaning:
      'A connection without a request is closed after so long; longer than the proxy in front keeps its own (60 s and 75 s are common), so that it is the proxy that closes.',
  },
} as const satisfies Record<string, Setting>;

export interface HttpSettings {
  /** Connections that speak HTTP. Default 0: what the descriptors of the process leave, from 64 to 10000. */
  readonly connections: number;
  /** Requests without an answer, of all connections together. Default 10000. */
  readonly requests: number;
  /** Bytes of answers that are not read, of all connections together. Default 64 MiB. */
  readonly unreadBytes: number;
  /** Milliseconds in which a client has to take something of an answer. Default 30 s. */
  readonly sendTimeout: number;
  /** Milliseconds that a connection may be without a request. Default 76 s. */
  readonly keepAliveTimeout: number;
}
