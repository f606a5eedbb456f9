import type { Setting, ValueOf } from './setting.ts';

const minute = 60;
const day = 86_400;
const mebibyte = 1_048_576;

/**
 * Every setting, by group and key. The environment names and defaults are a contract with the users; the documentation
 * (`npm run docs`), the error messages and the types of the values are made from this table.
 */
export const schema = {
  node: {
    environment: {
      env: 'NODE_ENV',
      kind: 'text',
      default: null,
      takes: 'production, or any other name for a development server',
      meaning: '`production` turns the production rules on; anything else is development.',
    },
  },
  listen: {
    host: {
      env: 'HOST',
      kind: 'text',
      default: '127.0.0.1',
      pattern: /^[^\s/]+$/,
      takes: 'a host name or an IP address',
      meaning: 'Address to listen on; `0.0.0.0` or `::` is every interface.',
    },
    port: {
      env: 'PORT',
      kind: 'integer',
      default: 8000,
      min: 0,
      max: 65_535,
      meaning: 'Port to listen on; 0 is any free one.',
    },
    workers: {
      env: 'WORKERS',
      kind: 'text',
      default: '1',
      pattern: /^(auto|[1-9]\d?)$/,
      numbers: true,
      takes: 'a whole number from 1 to 99, or auto',
      meaning:
        'Threads that serve connections, beside the one that keeps messages; `auto` is one for each core, and 1 is everything on one thread. Of `fanwire serve` only.',
    },
  },
  engine: {
    kind: {
      env: 'ENGINE',
      kind: 'choice',
      default: 'sqlite',
      choices: ['memory', 'sqlite'],
      meaning: 'Where messages are ordered and kept; `memory` forgets everything at the end of the process.',
      hint: 'This version has the engines memory and sqlite only.',
    },
    databasePath: {
      env: 'DATABASE_PATH',
      kind: 'text',
      default: 'data/chat.db',
      pattern: /^(?!:memory:$)(?=.*\S)/s,
      takes: 'the path of a file (for a store in memory: ENGINE=memory)',
      meaning: 'File of the sqlite engine; its folder also holds the development secret.',
    },
    durability: {
      env: 'DURABILITY',
      kind: 'choice',
      default: 'process',
      choices: ['process', 'disk'],
      meaning:
        'What an acknowledged message survives: `process` the end of the process, `disk` also a power cut (one fsync before every ack).',
    },
    keyPrefix: {
      env: 'KEY_PREFIX',
      kind: 'text',
      default: 'fanwire',
      pattern: /^[A-Za-z0-9_.:-]{1,64}$/,
      takes: '1 to 64 letters, digits and _ . : -',
      meaning:
        'First part of every key and subject in a store shared with others; the embedded engines have none.',
    },
  },
  log: {
    level: {
      env: 'LOG_LEVEL',
      kind: 'choice',
      default: 'info',
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      meaning: 'The least severe line that is logged; `silent` logs nothing.',
    },
  },
  limits: {
    connections: {
      env: 'MAX_CONNECTIONS_TOTAL',
      kind: 'integer',
      unit: 'connections',
      default: 1000,
      min: 1,
      max: 10_000_000,
      meaning:
        'Connections of the whole server, every dialect and SSE; one more is refused with 503 `server_full`.',
    },
    connectionsPerRoom: {
      env: 'MAX_CONNECTIONS_PER_ROOM',
      kind: 'integer',
      unit: 'connections',
      default: 100,
      min: 1,
      max: 10_000_000,
      meaning:
        'Connections in one room; one more is refused with 503 `room_full`, or when joining with `limit_reached`.',
    },
    backlogBytes: {
      env: 'MAX_BACKLOG_BYTES',
      kind: 'bytes',
      default: mebibyte,
      min: 1024,
      max: 1024 * mebibyte,
      meaning:
        'Bytes waiting for one connection beyond what the kernel took; over it the connection is closed with 4413.',
    },
    backlogLatest: {
      env: 'BACKLOG_LATEST',
      kind: 'list',
      default: null,
      takes: 'channel names, separated by commas, in which `*` stands for any characters',
      meaning:
        'Channels whose state matters more than its steps: of what waits for a slow reader, only the newest message is kept.',
    },
    backlogDrop: {
      env: 'BACKLOG_DROP',
      kind: 'list',
      default: null,
      takes: 'channel names, separated by commas, in which `*` stands for any characters',
      meaning:
        'Channels whose oldest waiting messages a slow reader loses, instead of its connection; it is told of the gap.',
    },
    channelsPerConnection: {
      env: 'MAX_CHANNELS_PER_CONNECTION',
      kind: 'integer',
      unit: 'channels',
      default: 128,
      min: 1,
      max: 100_000,
      meaning: 'Channels that one connection may be subscribed to; one more is refused with `limit_reached`.',
    },
    messageRate: {
      env: 'MESSAGE_RATE_LIMIT',
      kind: 'integer',
      unit: 'messages per second',
      default: 0,
      min: 0,
      max: 1_000_000,
      meaning: 'Messages per second that one connection may send; 0 is no limit.',
    },
  },
  relay: {
    authRequired: {
      env: 'RELAY_AUTH_REQUIRED',
      kind: 'boolean',
      default: false,
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
  },
  room: {
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
  },
  presence: {
    ttl: {
      env: 'PRESENCE_TTL',
      kind: 'seconds',
      default: 60,
      min: 0.05,
      max: day,
      meaning:
        'For how long at most a user stays online after the node of their connection died without a word.',
    },
  },
  websocket: {
    enabled: {
      env: 'WEBSOCKET_ENABLED',
      kind: 'boolean',
      default: true,
      meaning: 'Whether WebSocket connections of any dialect are accepted.',
    },
    authRequired: {
      env: 'WEBSOCKET_AUTH_REQUIRED',
      kind: 'boolean',
      default: false,
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
    compression: {
      env: 'WEBSOCKET_COMPRESSION',
      kind: 'boolean',
      default: false,
      meaning:
        'Offers permessage-deflate: messages of 256 bytes to 256 KiB are compressed, once for all who took the offer.',
    },
  },
  sse: {
    enabled: {
      env: 'SSE_ENABLED',
      kind: 'boolean',
      default: true,
      meaning: 'Whether Server-Sent Events are served.',
    },
    authRequired: {
      env: 'SSE_AUTH_REQUIRED',
      kind: 'boolean',
      default: false,
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
      meaning:
        'Longest message that can be published over HTTP; a longer one is refused with 413 `too_large`.',
    },
  },
  chat: {
    authRequired: {
      env: 'CHAT_AUTH_REQUIRED',
      kind: 'boolean',
      default: false,
      meaning: 'Whether the chat dialect refuses connections without credentials.',
    },
    historyOnJoin: {
      env: 'CHAT_HISTORY_ON_JOIN',
      kind: 'integer',
      unit: 'messages',
      default: 50,
      min: 0,
      max: 1000,
      meaning: 'Last messages of a chat room that one gets on joining; 0 is none.',
    },
  },
  jwt: {
    secret: {
      env: 'JWT_SECRET',
      aliases: ['WS_JWT_SECRET_KEY'],
      kind: 'secret',
      default: null,
      takes: 'a text, in production of at least 32 bytes',
      shownDefault: 'development: made and kept',
      meaning: 'Key that signs and verifies HS tokens.',
    },
    previousSecret: {
      env: 'JWT_PREVIOUS_SECRET',
      kind: 'secret',
      default: null,
      takes: 'a text, in production of at least 32 bytes',
      meaning: 'Older key whose HS tokens are still accepted, while keys are changed.',
    },
    algorithms: {
      env: 'JWT_ALG',
      aliases: ['WS_JWT_ALGORITHM'],
      kind: 'list',
      default: null,
      takes:
        'one or several, separated by commas, of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519',
      shownDefault: '`HS256`; with a public key or JWKS by type of the key',
      meaning: 'Algorithms that a token may be signed with; one that fits no configured key is an error.',
    },
    publicKey: {
      env: 'JWT_PUBLIC_KEY',
      kind: 'text',
      default: null,
      takes: 'a public key as PEM text (line ends may be written \\n) or the path of a PEM file',
      meaning: 'Key that verifies RS, PS, ES and EdDSA tokens made elsewhere.',
    },
    jwksUrl: {
      env: 'JWKS_URL',
      kind: 'text',
      default: null,
      takes: 'an http or https address without a user name or password',
      meaning: 'Where the public keys of the token issuer are fetched.',
    },
    issuer: {
      env: 'JWT_ISSUER',
      kind: 'text',
      default: null,
      takes: 'a text',
      shownDefault: 'any',
      meaning: 'The `iss` that a token must have.',
    },
    audience: {
      env: 'JWT_AUDIENCE',
      kind: 'text',
      default: null,
      takes: 'a text',
      shownDefault: 'any',
      meaning: 'The `aud` that a token must have.',
    },
    expiry: {
      env: 'WS_JWT_EXPIRE_MINUTES',
      kind: 'minutes',
      default: 60,
      min: 1,
      max: 525_600,
      meaning: 'For how long tokens that the server makes are valid.',
    },
  },
  apiKeys: {
    header: {
      env: 'WS_API_KEY_HEADER',
      kind: 'text',
      default: 'X-API-Key',
      pattern:
        /^(?!(?:authorization|cookie|host|origin|connection|upgrade|sec-.*|content-.*)$)[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/i,
      takes: 'the name of an HTTP header that has no other use',
      meaning: 'Request header that carries an API key; upper and lower case are the same.',
    },
    keys: {
      env: 'WS_API_KEYS',
      kind: 'secret',
      default: null,
      several: true,
      takes:
        'keys of at least 16 characters separated by commas, each alone or as name:scopes:key, with scopes of publish, read and manage joined by +',
      meaning:
        'API keys that are accepted; a key alone has every scope, and without any key only tokens are accepted.',
    },
  },
  origins: {
    allowed: {
      env: 'ALLOWED_ORIGINS',
      kind: 'list',
      default: null,
      takes: 'origins such as https://app.example.com, separated by commas, or *',
      shownDefault: 'the own origin; in development also any loopback origin',
      meaning: 'Origins of other pages that may connect, compared exactly; `*` is all.',
    },
  },
  history: {
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
  },
  shutdown: {
    timeout: {
      env: 'SHUTDOWN_TIMEOUT',
      kind: 'seconds',
      default: 10,
      min: 0,
      max: 3600,
      meaning: 'How long the end of the server waits for connections to be closed; 0 drops them at once.',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>;

type Schema = typeof schema;

/** The values as they are read, by group and key: durations in milliseconds, lists and secrets still one text. */
export type RawSettings = {
  [Group in keyof Schema]: {
    -readonly [Key in keyof Schema[Group]]: Schema[Group][Key] extends Setting
      ? ValueOf<Schema[Group][Key]>
      : never;
  };
};

export interface Row {
  readonly group: string;
  readonly key: string;
  readonly setting: Setting;
}

/** The schema as a list, in its order. */
export const rows: readonly Row[] = Object.entries(schema).flatMap(([group, settings]) =>
  Object.entries<Setting>(settings).map(([key, setting]) => ({ group, key, setting })),
);

/** Settings of the design that this version cannot honour: better no start than a server that ignores them. */
export const unsupported: readonly string[] = ['REDIS_URL', 'NATS_URL'];

/** All the environment names of a setting, its own first. */
export function namesOf(setting: Setting): string[] {
  return [setting.env, ...(setting.aliases ?? [])];
}
