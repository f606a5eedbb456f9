import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelSet } from '../../src/access/channel-set.ts';
import type { ClientRules } from '../../src/access/limits/rules.ts';
import { privateNetworks } from '../../src/access/networks.ts';
import { loadSettings } from '../../src/config/load.ts';
import { namesOf, rows, schema } from '../../src/config/schema.ts';
import { strongSecret } from './support.ts';

/** DESIGN, "Settings": the contract. A null has no default. */
const designed: Record<string, string | number | boolean | null> = {
  NODE_ENV: null,
  HOST: '127.0.0.1',
  PORT: 8000,
  BASE_PATH: '/',
  WORKERS: '1',
  DATABASE_PATH: 'data/chat.db',
  DURABILITY: 'process',
  ENGINE: 'sqlite',
  DISK_FREE_WARNING: 268_435_456,
  KEY_PREFIX: 'fanwire',
  LOG_LEVEL: 'info',
  LOG_FORMAT: 'auto',
  LOG_CONNECTIONS: false,
  MAX_CONNECTIONS_TOTAL: 1000,
  MAX_CONNECTIONS_PER_ROOM: 100,
  MAX_BACKLOG_BYTES: 1_048_576,
  BACKLOG_LATEST: null,
  BACKLOG_DROP: null,
  MAX_CHANNELS_PER_CONNECTION: 128,
  MESSAGE_RATE_LIMIT: 1000,
  MESSAGE_RATE_BURST: 5000,
  MAX_CONNECTIONS_PER_ADDRESS: 500,
  MAX_CONNECTIONS_PER_USER: 100,
  CONNECT_RATE_PER_ADDRESS: 50,
  CONNECT_RATE_PER_USER: 10,
  FAILED_CREDENTIALS_PER_MINUTE: 100,
  MESSAGE_RATE_PER_ADDRESS: 5000,
  MESSAGE_RATE_PER_USER: 5000,
  RESERVED_PLACES_PERCENT: 10,
  TRUSTED_PROXIES: null,
  ALLOWED_NETWORKS: null,
  DENIED_NETWORKS: null,
  MAX_HTTP_CONNECTIONS: 0,
  MAX_HTTP_REQUESTS: 10_000,
  MAX_HTTP_UNREAD_BYTES: 67_108_864,
  HTTP_SEND_TIMEOUT: 30,
  HTTP_KEEP_ALIVE_TIMEOUT: 76,
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
  PONG_REQUIRED: true,
  WEBSOCKET_MAX_CONNECTIONS: 1000,
  WEBSOCKET_MESSAGE_QUEUE_SIZE: 100,
  WEBSOCKET_DISCONNECT_TIMEOUT: 60,
  WEBSOCKET_COMPRESSION: false,
  WEBSOCKET_MAX_FRAGMENTS: 1024,
  WEBSOCKET_MAX_MESSAGE_SIZE: 65_536,
  WEBSOCKET_MESSAGE_TIMEOUT: 30,
  SSE_HEARTBEAT_INTERVAL: 30,
  SSE_MAX_CONNECTIONS: 500,
  SSE_RETRY_TIMEOUT: 3000,
  SSE_MAX_MESSAGE_SIZE: 1_048_576,
  JWT_EXP_REQUIRED: null,
  WS_JWT_EXPIRE_MINUTES: 60,
  WS_API_KEY_HEADER: 'X-API-Key',
  WS_API_KEYS: null,
  CHAT_AUTH_REQUIRED: null,
  CHAT_HISTORY_ON_JOIN: 50,
  ANONYMOUS: null,
  PUBLIC_URL: null,
  ALLOWED_HOSTS: null,
  RECOVERY_WINDOW_SIZE: 1000,
  RECOVERY_WINDOW_TTL: 600,
  HISTORY_TTL: 0,
  IDEMPOTENCY_WINDOW: 300,
  CHANNEL_TTL: 604_800,
  MAX_DATABASE_BYTES: 10_737_418_240,
  MAX_CHANNEL_BYTES: 1_073_741_824,
  MAX_USER_BYTES: 1_073_741_824,
  MAX_CHANNELS_CREATED_PER_MINUTE: 600,
  MAX_ROOMS_PER_USER: 100,
  MAX_MEMBERS_PER_ROOM: 1000,
  SHUTDOWN_TIMEOUT: 10,
  PAGES_ENABLED: null,
  CONSOLE_ENABLED: null,
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

const frames = { perSecond: 1000, burst: 5000 };
const manyFrames = { perSecond: 5000, burst: 25_000 };

const defaultRules: ClientRules = {
  frames,
  address: {
    frames: manyFrames,
    connects: { perSecond: 50, burst: 500 },
    connections: { all: 500, websocket: 500, sse: 250 },
  },
  user: {
    frames: manyFrames,
    connects: { perSecond: 10, burst: 100 },
    connections: { all: 100, websocket: 100, sse: 100 },
  },
  failures: { perSecond: 100 / 60, burst: 100 },
  reserved: 0.1,
};

/** In development a client on this machine is not counted by address, and may have all places. */
const localRules: ClientRules = {
  ...defaultRules,
  address: { frames: null, connects: null, connections: null },
  user: { frames: manyFrames, connects: null, connections: null },
  reserved: 0,
};

test('an empty environment gives every default, durations in milliseconds', () => {
  assert.deepEqual(loadSettings({}), {
    production: false,
    rules: { everybody: defaultRules, local: localRules },
    listen: { host: '127.0.0.1', port: 8000, basePath: '', workers: 1 },
    engine: {
      kind: 'sqlite',
      databasePath: 'data/chat.db',
      durability: 'process',
      freeSpaceWarning: 268_435_456,
      keyPrefix: 'fanwire',
    },
    log: { level: 'info', format: 'auto', connections: false },
    limits: {
      connections: 1000,
      connectionsPerRoom: 100,
      backlogBytes: 1_048_576,
      backlogLatest: channelSet([]),
      backlogDrop: channelSet([]),
      channelsPerConnection: 128,
      messageRate: 1000,
      messageBurst: 5000,
    },
    clients: {
      connectionsPerAddress: 500,
      connectionsPerUser: 100,
      connectRatePerAddress: 50,
      connectRatePerUser: 10,
      failedCredentials: 100,
      messageRatePerAddress: 5000,
      messageRatePerUser: 5000,
      reservedPlaces: 10,
    },
    networks: { trustedProxies: [...privateNetworks], allowed: [], denied: [] },
    http: {
      connections: 0,
      requests: 10_000,
      unreadBytes: 67_108_864,
      sendTimeout: 30_000,
      keepAliveTimeout: 76_000,
    },
    relay: { authRequired: false, pingInterval: 20_000, pongTimeout: 30_000 },
    room: { heartbeatInterval: 25_000, idleTimeout: 70_000 },
    presence: { ttl: 60_000 },
    websocket: {
      enabled: true,
      authRequired: false,
      heartbeatInterval: 30_000,
      disconnectTimeout: 60_000,
      pongRequired: true,
      maxConnections: 1000,
      queueSize: 100,
      maxMessageSize: 65_536,
      messageTimeout: 30_000,
      maxFragments: 1024,
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
    guestsInvited: false,
    warnings: [],
    hosts: { publicUrl: null, allowed: [] },
    jwt: {
      secret: null,
      previousSecret: null,
      algorithms: ['HS256'],
      publicKey: null,
      jwksUrl: null,
      issuer: null,
      audience: null,
      expRequired: false,
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
    quotas: {
      databaseBytes: 10_737_418_240,
      channelBytes: 1_073_741_824,
      userBytes: 1_073_741_824,
      channelsPerMinute: 600,
      roomsPerOwner: 100,
      membersPerRoom: 1000,
    },
    shutdown: { timeout: 10_000 },
    pages: { enabled: true, console: true },
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

test('the limits of clients follow those that they are shares and multiples of', () => {
  const { clients, limits, rules } = loadSettings({
    MESSAGE_RATE_LIMIT: '10',
    MAX_CONNECTIONS_TOTAL: '7',
    WEBSOCKET_MAX_CONNECTIONS: '4',
    SSE_MAX_CONNECTIONS: '1',
  });
  assert.equal(limits.messageBurst, 10);
  assert.deepEqual([clients.messageRatePerAddress, clients.messageRatePerUser], [50, 50]);
  assert.equal(clients.connectionsPerAddress, 3);
  assert.deepEqual(rules.everybody.frames, { perSecond: 10, burst: 10 });
  assert.deepEqual(rules.everybody.user.frames, { perSecond: 50, burst: 50 });
  assert.deepEqual(rules.everybody.address.connections, { all: 3, websocket: 2, sse: 1 });
});

test('a limit that is set holds for this machine too, and in production every one does', () => {
  const set = loadSettings({ MAX_CONNECTIONS_PER_ADDRESS: '9', RESERVED_PLACES_PERCENT: '20' }).rules.local;
  assert.deepEqual(set.address.connections, { all: 9, websocket: 9, sse: 9 });
  assert.equal(set.reserved, 0.2);
  assert.equal(set.address.connects, null);
  const production = loadSettings({ NODE_ENV: 'production', JWT_SECRET: strongSecret }).rules;
  assert.deepEqual(production.local, production.everybody);
});

test('0 is no limit', () => {
  const { everybody } = loadSettings({
    ...{ MESSAGE_RATE_LIMIT: '0', CONNECT_RATE_PER_ADDRESS: '0', CONNECT_RATE_PER_USER: '0' },
    ...{ FAILED_CREDENTIALS_PER_MINUTE: '0', RESERVED_PLACES_PERCENT: '0' },
  }).rules;
  const { frames, failures, reserved, address, user } = everybody;
  assert.deepEqual(
    [frames, address.frames, user.frames, address.connects, user.connects, failures, reserved],
    [null, null, null, null, null, null, 0],
  );
});

test('networks are read, and told of by their setting when they are none', () => {
  const { networks } = loadSettings({
    TRUSTED_PROXIES: 'none',
    DENIED_NETWORKS: '192.0.2.0/24, 2001:db8::/32',
  });
  assert.deepEqual(networks, { trustedProxies: [], allowed: [], denied: ['192.0.2.0/24', '2001:db8::/32'] });
  assert.throws(
    () => loadSettings({ TRUSTED_PROXIES: '10.0.0.0/8,proxy' }),
    /TRUSTED_PROXIES: entry 2, "proxy", is no network/,
  );
});
