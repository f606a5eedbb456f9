import type { Setting } from '../setting.ts';

const perSecond = 'per second';

export const clients = {
  connectionsPerAddress: {
    env: 'MAX_CONNECTIONS_PER_ADDRESS',
    kind: 'integer',
    unit: 'connections',
    default: 500,
    min: 1,
    max: 10_000_000,
    shownDefault: 'half of `MAX_CONNECTIONS_TOTAL`, and of those of each transport',
    meaning:
      'Connections from one address (IPv6: one network of 64 bits); one more is refused with 429 `limit_reached`.',
  },
  connectionsPerUser: {
    env: 'MAX_CONNECTIONS_PER_USER',
    kind: 'integer',
    unit: 'connections',
    default: 100,
    min: 1,
    max: 10_000_000,
    meaning: 'Connections of one signed-in user; one more is refused with 429 `limit_reached`.',
  },
  connectRatePerAddress: {
    env: 'CONNECT_RATE_PER_ADDRESS',
    kind: 'integer',
    unit: perSecond,
    default: 50,
    min: 0,
    max: 1_000_000,
    meaning:
      'Connections that one address may open in a second, refused ones too, and at once as many as it may have; more are refused with 429 `rate_limited`. 0 is no limit.',
  },
  connectRatePerUser: {
    env: 'CONNECT_RATE_PER_USER',
    kind: 'integer',
    unit: perSecond,
    default: 10,
    min: 0,
    max: 1_000_000,
    meaning: 'The same for one signed-in user.',
  },
  failedCredentials: {
    env: 'FAILED_CREDENTIALS_PER_MINUTE',
    kind: 'integer',
    unit: 'per minute',
    default: 100,
    min: 0,
    max: 1_000_000,
    meaning:
      'Wrong tokens, API keys and tickets from one address; more, and right ones then, are refused with 429 `rate_limited`. 0 is no limit.',
  },
  messageRatePerAddress: {
    env: 'MESSAGE_RATE_PER_ADDRESS',
    kind: 'integer',
    unit: 'frames and requests per second',
    default: 5000,
    min: 0,
    max: 10_000_000,
    shownDefault: 'five times `MESSAGE_RATE_LIMIT`',
    meaning:
      'Frames of all connections from one address, and its HTTP requests, per second, and at once five times as many as `MESSAGE_RATE_BURST`. 0 is no limit.',
  },
  messageRatePerUser: {
    env: 'MESSAGE_RATE_PER_USER',
    kind: 'integer',
    unit: 'frames and requests per second',
    default: 5000,
    min: 0,
    max: 10_000_000,
    shownDefault: 'five times `MESSAGE_RATE_LIMIT`',
    meaning: 'The same for one signed-in user.',
  },
  reservedPlaces: {
    env: 'RESERVED_PLACES_PERCENT',
    kind: 'integer',
    unit: 'percent',
    default: 10,
    min: 0,
    max: 100,
    meaning:
      'The last places of the server, and of each transport, that only those with a credential may take; others are refused with 503 `server_full`.',
  },
} as const satisfies Record<string, Setting>;

export interface ClientSettings {
  /** Connections from one address, at least 1. Default half of `limits.connections`. */
  readonly connectionsPerAddress: number;
  /** Connections of one signed-in user, at least 1. Default 100. */
  readonly connectionsPerUser: number;
  /** Connections that one address may open in a second. Default 50; 0 is no limit. */
  readonly connectRatePerAddress: number;
  /** The same for one signed-in user. Default 10; 0 is no limit. */
  readonly connectRatePerUser: number;
  /** Wrong credentials from one address in a minute. Default 100; 0 is no limit. */
  readonly failedCredentials: number;
  /** Frames and HTTP requests of one address in a second. Default five times `limits.messageRate`; 0 is no limit. */
  readonly messageRatePerAddress: number;
  /** The same for one signed-in user. */
  readonly messageRatePerUser: number;
  /** Percent of all places that guests cannot take. Default 10. */
  readonly reservedPlaces: number;
}
