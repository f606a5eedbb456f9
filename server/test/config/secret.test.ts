import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseConfigFile } from '../../src/config/file.ts';
import { loadSettings } from '../../src/config/load.ts';
import { developmentSecret, needsDevelopmentSecret } from '../../src/config/secret.ts';
import { StartError } from '../../src/errors.ts';
import { problemOf, problemsOf, rsaKeys, strongSecret } from './support.ts';

function emptyDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'fanwire-'));
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

test('production needs a key, and any kind will do', () => {
  assert.match(
    problemOf({ NODE_ENV: 'production' }),
    /^JWT_SECRET is not set, and production makes none up;/,
  );
  for (const key of [
    { JWT_SECRET: strongSecret },
    { WS_JWT_SECRET_KEY: strongSecret },
    { JWT_PUBLIC_KEY: rsaKeys.publicKey },
    { JWKS_URL: 'https://issuer.example.com/jwks' },
  ]) {
    assert.equal(loadSettings({ NODE_ENV: 'production', ...key }).production, true);
  }
  assert.match(
    problemOf({ NODE_ENV: 'production', JWT_PREVIOUS_SECRET: strongSecret }),
    /^JWT_SECRET is not set/,
  );
});

const weak: [secret: string, problem: RegExp][] = [
  ['x', /has 1 bytes/],
  ['k3Jf9sQ0zLw8Xv2Bn5Mt7Rc1Yp4Hd6G', /has 31 bytes/],
  ['a'.repeat(40), /can be guessed.*openssl rand -base64 32/],
  ['change-me'.repeat(4), /can be guessed.*openssl rand -base64 32/],
  ['abcdefghijklmnopqrstuvwxyz0123456789', /can be guessed/],
  ['change-me', /placeholder.*openssl rand -base64 32/],
  ['CHANGE-ME', /placeholder/],
  ['Change_Me', /placeholder/],
  ['your-256-bit-secret', /placeholder/],
  ['a-string-secret-at-least-256-bits-long', /placeholder/],
  ['your-super-secret-jwt-token-with-at-least-32-characters-long', /placeholder/],
  ['09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7', /placeholder/],
];

for (const [secret, expected] of weak) {
  test(`production refuses the secret ${secret.slice(0, 40)}, development takes it`, () => {
    for (const name of ['JWT_SECRET', 'WS_JWT_SECRET_KEY', 'JWT_PREVIOUS_SECRET']) {
      const key = name === 'JWT_PREVIOUS_SECRET' ? { JWT_SECRET: strongSecret } : {};
      const problem = problemOf({ NODE_ENV: 'production', ...key, [name]: secret });
      assert.ok(problem.startsWith(`${name} `));
      assert.match(problem, expected);
      if (secret.length > 8) assert.ok(!problem.includes(secret));
    }
    assert.equal(loadSettings({ JWT_SECRET: secret }).jwt.secret, secret);
  });
}

test('the length of a secret is counted in bytes', () => {
  const secret = 'äöüßéèêëñõãâçîïœ';
  assert.equal(Buffer.byteLength(secret), 32);
  assert.equal(loadSettings({ NODE_ENV: 'production', JWT_SECRET: secret }).jwt.secret, secret);
});

test('production refuses an API key that can be guessed, by its number; development takes it', () => {
  const env = { NODE_ENV: 'production', JWT_SECRET: strongSecret };
  for (const key of ['k'.repeat(20), 'changemechangeme', 'password12345678', '0123456789abcdef']) {
    for (const entry of [key, `shop:publish:${key}`]) {
      const problem = problemOf({ ...env, WS_API_KEYS: `ops:manage:4c1f0a7e9b52d8e6,${entry}` });
      assert.match(problem, /^WS_API_KEYS: entry 2 has a key that can be guessed.*openssl rand/);
      assert.ok(!problem.includes(key));
    }
    assert.equal(loadSettings({ WS_API_KEYS: key }).apiKeys.keys.length, 1);
  }
});

test('white space, line ends and quotes around a secret are cut off, with a warning that does not show it', () => {
  for (const [name, given] of [
    ['JWT_SECRET', `${strongSecret}\n`],
    ['WS_JWT_SECRET_KEY', `"${strongSecret}"`],
    ['JWT_SECRET', ` '${strongSecret}'\r\n`],
  ] as const) {
    const { jwt, warnings } = loadSettings({ NODE_ENV: 'production', [name]: given });
    assert.equal(jwt.secret, strongSecret);
    assert.equal(warnings.length, 1);
    assert.match(String(warnings), new RegExp(`^${name} has white space, a line end or quotes`));
    assert.ok(!String(warnings).includes(strongSecret));
  }
  const keys = loadSettings({ WS_API_KEYS: '"ops:manage:4c1f0a7e9b52d8e6"\n' });
  assert.equal(keys.apiKeys.keys[0]?.name, 'ops');
  assert.equal(keys.warnings.length, 1);
  const file = parseConfigFile('fanwire.yaml', `jwt:\n  secret: |\n    ${strongSecret}\n`);
  assert.equal(loadSettings({}, file).jwt.secret, strongSecret);
  assert.match(String(loadSettings({}, file).warnings), /^fanwire.yaml:2: jwt.secret has/);
  assert.deepEqual(loadSettings({ JWT_SECRET: strongSecret }).warnings, []);
});

test('a PEM key is never taken for a secret', () => {
  assert.match(problemOf({ JWT_SECRET: rsaKeys.publicKey }), /^JWT_SECRET holds a PEM key.*JWT_PUBLIC_KEY/);
});

test('only production is production, and what is nearly that stops the start', () => {
  for (const name of ['development', 'test', 'staging', 'ci']) {
    assert.equal(loadSettings({ NODE_ENV: name }).production, false);
  }
  assert.equal(loadSettings({ NODE_ENV: 'PRODUCTION', JWT_SECRET: strongSecret }).production, true);
  for (const name of ['prod', 'Prod', 'produciton', 'productions']) {
    assert.deepEqual(problemsOf({ NODE_ENV: name }), [`NODE_ENV is "${name}"; did you mean production.`]);
  }
});

test('only a development server without any key needs a development secret', () => {
  assert.equal(needsDevelopmentSecret(loadSettings({})), true);
  assert.equal(needsDevelopmentSecret(loadSettings({ JWT_PREVIOUS_SECRET: 's' })), true);
  assert.equal(needsDevelopmentSecret(loadSettings({ JWT_SECRET: 's' })), false);
  assert.equal(needsDevelopmentSecret(loadSettings({ JWT_PUBLIC_KEY: rsaKeys.publicKey })), false);
  const env = { NODE_ENV: 'production', JWT_SECRET: strongSecret };
  assert.equal(needsDevelopmentSecret(loadSettings(env)), false);
});

test('the development secret is made once, for its owner only', () => {
  const directory = join(emptyDirectory(), 'a', 'data');
  const secret = developmentSecret(directory);
  assert.match(secret, /^[0-9a-f]{64}$/);
  assert.equal(developmentSecret(directory), secret);
  assert.notEqual(developmentSecret(emptyDirectory()), secret);
  assert.deepEqual(readdirSync(directory), ['jwt-secret']);
  assert.equal(modeOf(join(directory, 'jwt-secret')), 0o600);
  assert.equal(readFileSync(join(directory, 'jwt-secret'), 'utf8').trim(), secret);
});

test('loose permissions of the development secret are fixed', () => {
  const directory = emptyDirectory();
  const secret = developmentSecret(directory);
  chmodSync(join(directory, 'jwt-secret'), 0o644);
  assert.equal(developmentSecret(directory), secret);
  assert.equal(modeOf(join(directory, 'jwt-secret')), 0o600);
});

test('processes that start at the same time get the same development secret', async () => {
  const directory = emptyDirectory();
  const module = new URL('../../src/config/secret.ts', import.meta.url).href;
  const script = `import { developmentSecret, needsDevelopmentSecret } from ${JSON.stringify(module)};
    while (Date.now() < Number(process.argv[2]));
    console.log(developmentSecret(process.argv[1]));`;
  const start = String(Date.now() + 1000);
  const outputs = await Promise.all(
    Array.from({ length: 8 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, directory, start]),
    ),
  );
  assert.equal(new Set(outputs.map(({ stdout }) => stdout)).size, 1);
  assert.match(outputs[0]?.stdout ?? '', /^[0-9a-f]{64}\n$/);
  assert.deepEqual(readdirSync(directory), ['jwt-secret']);
});

test('a development secret that is no plain file, or holds something else, stops the start', () => {
  const make: Record<string, (path: string) => void> = {
    folder: (path) => mkdirSync(path),
    link: (path) => {
      writeFileSync(`${path}.target`, 'a'.repeat(64));
      symlinkSync(`${path}.target`, path);
    },
    pipe: (path) => execFileSync('mkfifo', [path]),
    empty: (path) => writeFileSync(path, ''),
    short: (path) => writeFileSync(path, 'abc'),
    'no hex': (path) => writeFileSync(path, 'g'.repeat(64)),
  };
  for (const [name, makeFile] of Object.entries(make)) {
    const directory = emptyDirectory();
    makeFile(join(directory, 'jwt-secret'));
    const isStartError = (thrown: unknown) =>
      thrown instanceof StartError && thrown.message.includes(directory);
    assert.throws(() => developmentSecret(directory), isStartError, name);
  }
});

test('a directory that cannot be made stops the start', () => {
  const file = join(emptyDirectory(), 'file');
  writeFileSync(file, '');
  assert.throws(() => developmentSecret(join(file, 'data')), StartError);
});
