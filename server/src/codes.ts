/**
 * Every code a client can see, in one table each. `docs/protocols/codes.md` is made from these tables,
 * and a test holds the two together. Source: PROTOCOLS.md, "Common rules".
 */

export interface CloseCode {
  readonly code: number;
  /** Sent as the reason of the WebSocket close frame; at most 123 bytes. */
  readonly reason: string;
  /** What a client should do next. */
  readonly client: string;
  readonly retry: boolean;
}

export const closeCodes = {
  normal: { code: 1000, reason: 'closed by the client', client: 'stay away', retry: false },
  binary: {
    code: 1003,
    reason: 'binary frame: every dialect is JSON text',
    client: 'not retry',
    retry: false,
  },
  restart: {
    code: 1012,
    reason: 'the server restarts',
    client: 'retry after the delay it was told, else with jitter',
    retry: true,
  },
  badFrames: { code: 4400, reason: 'too many bad frames', client: 'not retry', retry: false },
  tokenExpired: {
    code: 4401,
    reason: 'token expired or revoked',
    client: 'retry with a fresh token',
    retry: true,
  },
  permissionLost: { code: 4403, reason: 'permission lost', client: 'not retry', retry: false },
  idle: { code: 4408, reason: 'no pong or idle too long', client: 'retry', retry: true },
  replaced: { code: 4409, reason: 'the same client id connected again', client: 'not retry', retry: false },
  administrator: { code: 4410, reason: 'closed by an administrator', client: 'not retry', retry: false },
  slow: {
    code: 4413,
    reason: 'reads too slowly: its backlog passed the limit',
    client: 'retry and recover',
    retry: true,
  },
  rateLimit: {
    code: 4429,
    reason: 'keeps exceeding its rate limit',
    client: 'retry after back-off',
    retry: true,
  },
  noPlace: {
    code: 4503,
    reason: 'no place',
    client: 'retry after the `retry_after` of the error before it (only with `refusals=frame`)',
    retry: true,
  },
} as const satisfies Record<string, CloseCode>;

export type CloseReason = keyof typeof closeCodes;

/** Close codes that the WebSocket parser itself sends (RFC 6455, 7.4.1). */
export const parserCloseCodes = {
  1002: 'broken framing',
  1007: 'bad UTF-8',
  1008: 'message in too many frames, or in too many pieces for its size',
  1009: 'frame over the size limit',
} as const;

export interface ErrorCode {
  /** May the same request succeed later without a change? */
  readonly retryable: boolean;
  /** The HTTP status that carries this code. */
  readonly status: number;
  readonly meaning: string;
}

export const errorCodes = {
  bad_json: { retryable: false, status: 400, meaning: 'The text is not JSON.' },
  bad_request: {
    retryable: false,
    status: 422,
    meaning: 'The JSON or the parameters have the wrong shape; the message names the field.',
  },
  unknown_action: { retryable: false, status: 422, meaning: 'No such action or frame type in this dialect.' },
  unauthorized: { retryable: false, status: 401, meaning: 'Credentials are missing, invalid or expired.' },
  forbidden: { retryable: false, status: 403, meaning: 'Known, but not allowed to do this.' },
  not_found: { retryable: false, status: 404, meaning: 'No such path, connection or room.' },
  not_subscribed: { retryable: false, status: 409, meaning: 'The connection is not in that channel.' },
  too_large: { retryable: false, status: 413, meaning: 'Over a size limit; the message names the limit.' },
  rate_limited: {
    retryable: true,
    status: 429,
    meaning: 'Too many frames, requests, new connections or wrong credentials; slow down.',
  },
  limit_reached: {
    retryable: true,
    status: 429,
    meaning:
      'A limit is reached: on members, subscriptions, rooms, new channels, what is kept, or connections of an address or user.',
  },
  unrecoverable: { retryable: false, status: 409, meaning: 'The position cannot be resumed.' },
  unavailable: {
    retryable: true,
    status: 503,
    meaning: 'The server cannot do this at the moment; nothing was changed.',
  },
  internal: { retryable: true, status: 500, meaning: 'A fault of the server; it is in its log.' },
} as const satisfies Record<string, ErrorCode>;

/** Refusals that come as HTTP only: before an upgrade or a response. */
export const refusalCodes = {
  room_full: { retryable: true, status: 503, meaning: 'The room has its maximum of connections.' },
  misdirected: {
    retryable: false,
    status: 421,
    meaning: 'The server does not go by this Host (ALLOWED_HOSTS), and no valid credential was presented.',
  },
  server_full: { retryable: true, status: 503, meaning: 'The server has its maximum of connections.' },
  upgrade_required: {
    retryable: false,
    status: 426,
    meaning: 'At this address there is a WebSocket: the request has to ask for the upgrade.',
  },
} as const satisfies Record<string, ErrorCode>;

export type ErrorName = keyof typeof errorCodes;
export type HttpErrorName = ErrorName | keyof typeof refusalCodes;

/** The table row of any error code. */
export function errorCode(name: HttpErrorName): ErrorCode {
  return Object.hasOwn(errorCodes, name)
    ? errorCodes[name as ErrorName]
    : refusalCodes[name as keyof typeof refusalCodes];
}
