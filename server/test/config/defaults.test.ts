import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelSet } from '../../src/access/channel-set.ts';
import { loadSettings } from '../../src/config/load.ts';
import { namesOf, rows, schema } from '../../src/config/schema.ts';

/** DESIGN, "Settings": the contract. A null has no default. */
const designed: Record<string, string | number | boolean | null> = {
  NODE_ENV: null,
  HOST: '127.0.0.1',
  PORT: 8000,
  WORKERS: '1',
  DATABASE_PATH: 'data/chat.db',
  DURABILITY: 'process',
  ENGINE: 'sqlite',
  DISK_FREE_WARNING: 268_435_456,
  KEY_PREFIX: 'fanwire',
  LOG_LEVEL: 'info',
  MAX_CONNECTIONS_TOTAL: 1000,
  MAX_CONNECTIONS_PER_ROOM: 100,
  MAX_BACKLOG_BYTES: 1_048_576,
  BACKLOG_LATEST: null,
  BACKLOG_DROP: null,
  MAX_CHANNELS_PER_CONNECTION: 128,
  MESSAGE_RATE_LIMIT: 0,
  PING_INTERVAL_SEC: 20,
  PONG_TIMEOUT_SEC: 30,
  RELAY_AUTH_REQUIRED: null,
  JWT_SECRET: null,
  JWT_ALG: null,
  JWT_PUBLIC_KEY: null,
  JWKS_URL: null,
  JWT_ISSUER: null,
  JWT_AUDIENCE: null,
  JWT_PREVIOUS_SECRET: null,
  ALLOWED_ORIGINS: null,
  PRESENCE_TTL: 60,
  HEARTBEAT_INTERVAL: 25,
  IDLE_TIMEOUT: 70,
  WEBSOCKET_ENABLED: true,
  SSE_ENABLED: true,
  WEBSOCKET_AUTH_REQUIRED: null,
  SSE_AUTH_REQUIRED: null,
  WEBSOCKET_HEARTBEAT_INTERVAL: 30,
  WEBSOCKET_MAX_CONNECTIONS: 1000,
  WEBSOCKET_MESSAGE_QUEUE_SIZE: 100,
  WEBSOCKET_DISCONNECT_TIMEOUT: 60,
  WEBSOCKET_COMPRESSION: false,
  WEBSOCKET_MAX_MESSAGE_SIZE: 65_536,
  SSE_HEARTBEAT_INTERVAL: 30,
  SSE_MAX_CONNECTIONS: 500,
  SSE_RETRY_TIMEOUT: 3000,
  SSE_MAX_MESSAGE_SIZE: 1_048_576,
  WS_JWT_EXPIRE_MINUTES: 60,
  WS_API_KEY_HEADER: 'X-API-Key',
  WS_API_KEYS: null,
  CHAT_AUTH_REQUIRED: null,
  CHAT_HISTORY_ON_JOIN: 50,
  ANONYMOUS: null,
  RECOVERY_WINDOW_SIZE: 1000,
  RECOVERY_WINDOW_TTL: 600,
  HISTORY_TTL: 0,
  IDEMPOTENCY_WINDOW: 300,
  CHANNEL_TTL: 604_800,
  MAX_ROOMS_PER_USER: 100,
  MAX_MEMBERS_PER_ROOM: 1000,
  SHUTDOWN_TIMEOUT: 10,
};

test('the schema has the designed names and defaults, and no others', () => {
  const actual = Object.fromEntries(rows.map(({ setting }) => [setting.env, setting.default]));
  assert.deepEqual(actual, designed);
});

test('the aliases are the designed ones, and no name means two settings', () => {
  const aliases = rows.flatMap(({ setting }) => (setting.aliases ?? []).map((alias) => [alias, setting.env]));
  assert.deepEqual(aliases, [
    ['WS_JWT_SECRET_KEY', 'JWT_SECRET'],
    ['WS_JWT_ALGORITHM', 'JWT_ALG'],
  ]);
  const names = rows.flatMap(({ setting }) => namesOf(setting));
  assert.equal(new Set(names).size, names.length);
});

test('an empty environment gives every default, durations in milliseconds', () => {
  assert.deepEqual(loadSettings({}), {
    production: false,
    listen: { host: '127.0.0.1', port: 8000, workers: 1 },
    engine: {
      kind: 'sqlite',
      databasePath: 'data/chat.db',
      durability: 'process',
      freeSpaceWarning: 268_435_456,
      keyPrefix: 'fanwire',
    },
    log: { level: 'info' },
    limits: {
      connections: 1000,
      connectionsPerRoom: 100,
      backlogBytes: 1_048_576,
      backlogLatest: channelSet([]),
      backlogDrop: channelSet([]),
      channelsPerConnection: 128,
      messageRate: 0,
    },
    relay: { authRequired: false, pingInterval: 20_000, pongTimeout: 30_000 },
    room: { heartbeatInterval: 25_000, idleTimeout: 70_000 },
    presence: { ttl: 60_000 },
    websocket: {
      enabled: true,
      authRequired: false,
      heartbeatInterval: 30_000,
      disconnectTimeout: 60_000,
      maxConnections: 1000,
      queueSize: 100,
      maxMessageSize: 65_536,
      compression: false,
    },
    sse: {
      enabled: true,
      authRequired: false,
      heartbeatInterval: 30_000,
      maxConnections: 500,
      retry: 3000,
      maxMessageSize: 1_048_576,
    },
    chat: { authRequired: false, historyOnJoin: 50 },
    guests: { may: 'all' },
    jwt: {
      secret: null,
      previousSecret: null,
      algorithms: ['HS256'],
      publicKey: null,
      jwksUrl: null,
      issuer: null,
      audience: null,
      expiry: 3_600_000,
    },
    apiKeys: { header: 'x-api-key', keys: [] },
    origins: { allowed: [] },
    history: {
      windowSize: 1000,
      windowTtl: 600_000,
      ttl: 0,
      idempotencyWindow: 300_000,
      channelTtl: 604_800_000,
    },
    quotas: { roomsPerOwner: 100, membersPerRoom: 1000 },
    shutdown: { timeout: 10_000 },
  });
});

test('a variable that is empty counts as not set', () => {
  const empty = Object.fromEntries(rows.flatMap(({ setting }) => namesOf(setting)).map((name) => [name, '']));
  assert.deepEqual(loadSettings({ ...empty, REDIS_URL: '', WEBSOKET_ENABLED: '' }), loadSettings({}));
});

test('every meaning is a sentence, and every default of a number is in its range', () => {
  for (const { setting } of rows) {
    assert.match(setting.meaning, /\.$/, setting.env);
    if (!('min' in setting)) continue;
    assert.ok(setting.min <= setting.default && setting.default <= setting.max, setting.env);
  }
});

test('the groups and keys of the schema are those of the settings', () => {
  const { node: _, ...groups } = schema;
  const settings: Record<string, unknown> = { ...loadSettings({}) };
  for (const [group, keys] of Object.entries(groups)) {
    assert.deepEqual(Object.keys(settings[group] ?? {}).sort(), Object.keys(keys).sort(), group);
  }
});
