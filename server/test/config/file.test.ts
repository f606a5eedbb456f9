import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { parseConfigFile, readConfigFile } from '../../src/config/file.ts';
import { loadSettings } from '../../src/config/load.ts';
import { type Row, rows } from '../../src/config/schema.ts';
import { Directory } from '../support/server-process.ts';
import { fileProblems, rsaKeys } from './support.ts';

/** A value that is not the default, as the environment and as a file have it. */
function sample({ group, key, setting }: Row): { text: string; value: unknown } {
  switch (setting.kind) {
    case 'boolean': {
      const settings: Readonly<Record<string, unknown>> = { ...loadSettings({}) };
      const inForce = (settings[group] as Readonly<Record<string, unknown>>)[key];
      return { text: String(!inForce), value: !inForce };
    }
    case 'choice': {
      const other = setting.choices.find((choice) => choice !== setting.default) ?? '';
      return { text: other, value: other };
    }
    case 'text':
    case 'list':
    case 'secret': {
      const text = samples[setting.env] ?? 'sample';
      return { text, value: text };
    }
    default:
      return { text: String(setting.max), value: setting.max };
  }
}

const samples: Readonly<Record<string, string>> = {
  NODE_ENV: 'staging',
  BASE_PATH: '/realtime',
  WORKERS: '3',
  JWT_ALG: 'HS512',
  JWT_PUBLIC_KEY: rsaKeys.publicKey,
  PUBLIC_URL: 'https://fan.example.com',
  JWKS_URL: 'https://issuer.example.com/jwks.json',
  WS_API_KEY_HEADER: 'X-My-Key',
  WS_API_KEYS: 'reader:read:a-key-of-20-characters',
  TRUSTED_PROXIES: '192.0.2.0/24',
  ALLOWED_NETWORKS: '192.0.2.0/24,2001:db8::/32',
  DENIED_NETWORKS: '192.0.2.0/24,2001:db8::/32',
  ALLOWED_ORIGINS: 'https://a.example.com,https://b.example.com',
};

for (const row of rows) {
  const { group, key, setting } = row;
  test(`${group}.${key} means the same in a file as ${setting.env} in the environment`, () => {
    const { text, value } = sample(row);
    const file = parseConfigFile('fanwire.yaml', stringify({ [group]: { [key]: value } }));
    assert.deepEqual(file.problems, []);
    const settings = loadSettings({}, file);
    assert.deepEqual(settings, loadSettings({ [setting.env]: text }));
    assert.notDeepEqual(settings, setting.env === 'NODE_ENV' ? null : loadSettings({}));
  });
}

test('the environment wins over the file, the file over the default', () => {
  const file = parseConfigFile('fanwire.yaml', 'listen:\n  port: 9000\n  host: 0.0.0.0\n');
  const { listen, sse } = loadSettings({ PORT: '9001' }, file);
  assert.deepEqual(listen, { host: '0.0.0.0', port: 9001, basePath: '', workers: 1 });
  assert.equal(sse.retry, 3000);
  assert.deepEqual(loadSettings({ PORT: '' }, file).listen.port, 9000, 'an empty variable is not set');
});

test('the number of workers is a number or a word', () => {
  for (const [written, workers] of [
    ['3', 3],
    ['"3"', 3],
    ['auto', availableParallelism()],
  ] as const) {
    const file = parseConfigFile('fanwire.yaml', `listen: { workers: ${written} }`);
    assert.equal(loadSettings({}, file).listen.workers, workers);
  }
  for (const written of ['0', '1.5', '100', 'many', 'true']) {
    const file = parseConfigFile('fanwire.yaml', `listen: { workers: ${written} }`);
    assert.throws(
      () => loadSettings({}, file),
      /listen\.workers is .*; it takes a whole number from 1 to 99, or auto/,
    );
  }
});

test('an alias in the environment wins, too, and is no contradiction to the file', () => {
  const file = parseConfigFile('fanwire.yaml', 'jwt: { secret: of-the-file }');
  assert.equal(
    loadSettings({ WS_JWT_SECRET_KEY: 'of-the-environment' }, file).jwt.secret,
    'of-the-environment',
  );
  assert.equal(loadSettings({}, file).jwt.secret, 'of-the-file');
});

test('durations are in the unit of the variable', () => {
  const text = 'relay: { pingInterval: 0.5 }\nsse: { retry: 500 }\njwt: { expiry: 1.5 }';
  const settings = loadSettings({}, parseConfigFile('fanwire.yaml', text));
  assert.equal(settings.relay.pingInterval, 500);
  assert.equal(settings.sse.retry, 500);
  assert.equal(settings.jwt.expiry, 90_000);
});

test('lists are lists or texts with commas', () => {
  const origins = ['https://a.example.com', 'https://b.example.com'];
  for (const written of [origins, origins.join(', ')]) {
    const file = parseConfigFile('fanwire.yaml', stringify({ origins: { allowed: written } }));
    assert.deepEqual(loadSettings({}, file).origins.allowed, origins);
  }
  const keys = 'apiKeys:\n  keys:\n    - reader:read:a-key-of-20-characters\n    - another-key-of-24-letters';
  const { apiKeys } = loadSettings({}, parseConfigFile('fanwire.yaml', keys));
  assert.deepEqual(
    apiKeys.keys.map(({ name }) => name),
    ['reader', 'key2'],
  );
  assert.match(
    fileProblems('jwt:\n  secret: [a, b]').join(),
    /^fanwire\.yaml:2: jwt\.secret is a list; it takes a text/,
  );
});

test('what is empty counts as not set', () => {
  const empty = [
    '',
    '# nothing\n',
    '---\n',
    'listen:\n',
    'listen:\n  port:\n  host: ""\n',
    'origins: {allowed: []}',
  ];
  for (const text of empty) {
    assert.deepEqual(loadSettings({}, parseConfigFile('fanwire.yaml', text)), loadSettings({}), text);
  }
});

test('anchors and a mark of the byte order are YAML, too', () => {
  const text = '\ufeffwebsocket: { heartbeatInterval: &beat 5 }\nsse: { heartbeatInterval: *beat }';
  assert.equal(loadSettings({}, parseConfigFile('fanwire.yaml', text)).sse.heartbeatInterval, 5000);
});

test('a file that cannot be read is a problem like any other', () => {
  using directory = new Directory();
  const path = directory.join('fanwire.yaml');
  const problemsAt = () => readConfigFile(path).problems.map(({ text }) => text);
  assert.deepEqual(problemsAt(), [`${path} cannot be read: there is no such file.`]);
  assert.deepEqual(
    readConfigFile(directory.path).problems.map(({ text }) => text),
    [`${directory.path} cannot be read: it is a directory.`],
  );
  writeFileSync(path, Uint8Array.of(0x61, 0x3a, 0xff));
  assert.deepEqual(problemsAt(), [`${path} is not UTF-8 text.`]);
  chmodSync(path, 0);
  if (process.getuid?.() !== 0) assert.deepEqual(problemsAt(), [`${path} cannot be read: no permission.`]);
});
