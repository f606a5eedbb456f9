import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/sources.ts';
import {
  agreementKeys,
  bitcoinKeys,
  edKeys,
  p256Keys,
  problemOf,
  problemsOf,
  rsaKeys,
  strongSecret,
  weakRsaKeys,
} from './support.ts';

const jwks = 'https://issuer.example.com/.well-known/jwks.json';

function algorithmsOf(env: Environment): string[] {
  return loadSettings(env).jwt.algorithms;
}

test('an alias is the setting', () => {
  assert.equal(loadSettings({ WS_JWT_SECRET_KEY: 's' }).jwt.secret, 's');
  assert.deepEqual(algorithmsOf({ WS_JWT_ALGORITHM: 'HS384' }), ['HS384']);
  assert.equal(loadSettings({ WS_JWT_SECRET_KEY: 's', JWT_SECRET: 's' }).jwt.secret, 's');
  assert.equal(loadSettings({ WS_JWT_SECRET_KEY: 's', JWT_SECRET: '' }).jwt.secret, 's');
  assert.match(problemOf({ WS_JWT_ALGORITHM: 'none' }), /^WS_JWT_ALGORITHM names "none"; it takes /);
});

test('a setting and its alias with different values stop the start, without showing a secret', () => {
  const secrets = problemOf({ WS_JWT_SECRET_KEY: 'first-hidden', JWT_SECRET: 'second-hidden' });
  assert.match(secrets, /^JWT_SECRET and WS_JWT_SECRET_KEY are set differently/);
  assert.ok(!secrets.includes('hidden'));
  const algorithms = problemOf({ WS_JWT_ALGORITHM: 'HS256', JWT_ALG: 'HS512' });
  assert.match(algorithms, /^JWT_ALG and WS_JWT_ALGORITHM are set differently/);
});

test('without JWT_ALG it is HS256 for secrets only, else derived from the keys', () => {
  assert.deepEqual(algorithmsOf({ JWT_SECRET: 's' }), ['HS256']);
  assert.deepEqual(algorithmsOf({ JWT_PREVIOUS_SECRET: 's' }), ['HS256']);
  assert.deepEqual(algorithmsOf({ JWKS_URL: jwks }), []);
  assert.deepEqual(algorithmsOf({ JWT_PUBLIC_KEY: rsaKeys.publicKey }), []);
  assert.deepEqual(algorithmsOf({ JWT_PUBLIC_KEY: rsaKeys.publicKey, JWT_SECRET: 's' }), []);
});

test('JWT_ALG is a list, in any case, each name once', () => {
  assert.deepEqual(algorithmsOf({ JWT_ALG: 'hs256, HS512,HS256' }), ['HS256', 'HS512']);
  assert.deepEqual(algorithmsOf({ JWT_ALG: 'eddsa,es256,HS256', JWT_SECRET: 's', JWKS_URL: jwks }), [
    'EdDSA',
    'ES256',
    'HS256',
  ]);
  for (const text of ['none', 'NONE', 'HS256,', 'HS1', 'HS256;RS256', 'constructor']) {
    assert.match(problemOf({ JWT_ALG: text }), /^JWT_ALG names ".*"; it takes one or several/, text);
  }
});

test('an algorithm that fits no configured key stops the start', () => {
  const { publicKey } = rsaKeys;
  const cases: [Environment, string][] = [
    [{ JWT_ALG: 'RS256' }, 'RS256'],
    [{ JWT_ALG: 'HS256,ES256', JWT_SECRET: 's' }, 'ES256'],
    [{ JWT_ALG: 'HS256', JWT_PUBLIC_KEY: publicKey }, 'HS256'],
    [{ JWT_ALG: 'RS256,HS256', JWT_PUBLIC_KEY: publicKey }, 'HS256'],
    [{ JWT_ALG: 'ES256', JWT_PUBLIC_KEY: publicKey }, 'ES256'],
    [{ JWT_ALG: 'ES384', JWT_PUBLIC_KEY: p256Keys.publicKey }, 'ES384'],
    [{ JWT_ALG: 'RS256', JWT_PUBLIC_KEY: edKeys.publicKey }, 'RS256'],
    [{ JWT_ALG: 'HS256', JWKS_URL: jwks }, 'HS256'],
  ];
  for (const [env, name] of cases) {
    assert.match(
      problemOf(env),
      new RegExp(`^JWT_ALG names ${name}, which fits no configured key; the keys allow `),
    );
  }
});

test('a public key that no algorithm of the list uses stops the start', () => {
  const env = { JWT_ALG: 'HS256', JWT_SECRET: 's', JWT_PUBLIC_KEY: rsaKeys.publicKey };
  assert.match(problemOf(env), /^JWT_ALG names no algorithm of a public key.*RS256/);
  const both = { JWT_ALG: 'ES256', JWKS_URL: jwks, JWT_PUBLIC_KEY: rsaKeys.publicKey };
  assert.match(problemOf(both), /^JWT_ALG names no algorithm of a public key.*RS256/);
});

test('a public key is PEM text, with line ends as they are or written \\n, or the path of a file', () => {
  const pem = p256Keys.publicKey;
  const path = join(mkdtempSync(join(tmpdir(), 'fanwire-')), 'public.pem');
  writeFileSync(path, pem);
  for (const text of [pem, pem.replaceAll('\n', '\\n'), pem.replaceAll('\n', '\r\n'), path]) {
    assert.equal(loadSettings({ JWT_PUBLIC_KEY: text }).jwt.publicKey, pem);
  }
  assert.deepEqual(algorithmsOf({ JWT_PUBLIC_KEY: edKeys.publicKey, JWT_ALG: 'EdDSA' }), ['EdDSA']);
});

test('what is no usable public key stops the start and shows no key', () => {
  const body = edKeys.privateKey.replaceAll(/-----.*-----|\n/g, '');
  const cases: [string, RegExp][] = [
    [edKeys.privateKey, /holds a private key/],
    [body, /is neither PEM text nor the path of a file that can be read;/],
    ['/nowhere/public.pem', /is neither PEM text.*\("\/nowhere\/public\.pem"\);/],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /holds no public key;/],
    [import.meta.filename, /holds no public key \(".*access\.test\.ts/],
    [weakRsaKeys.publicKey, /less than 2048 bits/],
    [bitcoinKeys.publicKey, /type that tokens are not signed with/],
    [agreementKeys.publicKey, /type that tokens are not signed with/],
  ];
  for (const [text, expected] of cases) {
    const problem = problemOf({ JWT_PUBLIC_KEY: text, NODE_ENV: 'production' });
    assert.match(problem, /^JWT_PUBLIC_KEY /);
    assert.match(problem, expected);
    assert.ok(!problem.includes(body) && !problem.includes('AAAA'), problem);
  }
});

test('JWKS_URL is an http or https address without credentials', () => {
  assert.equal(loadSettings({ JWKS_URL: jwks }).jwt.jwksUrl, jwks);
  assert.equal(loadSettings({ JWKS_URL: 'http://127.0.0.1:9/jwks' }).jwt.jwksUrl, 'http://127.0.0.1:9/jwks');
  for (const text of ['issuer.example.com', 'file:///etc/passwd', 'https://']) {
    assert.match(problemOf({ JWKS_URL: text }), /^JWKS_URL is ".*"; it takes an http or https address/);
  }
  const problem = problemOf({ JWKS_URL: 'https://me:hidden@issuer.example.com/' });
  assert.match(problem, /^JWKS_URL is not usable;/);
  assert.ok(!problem.includes('hidden'));
});

test('API keys and origins are read by their own rules, whose problems join the list', () => {
  const settings = loadSettings({
    WS_API_KEYS: 'backend:publish+read:0123456789abcdef',
    ALLOWED_ORIGINS: 'https://App.example.com:443, http://localhost:5173',
  });
  assert.deepEqual(
    settings.apiKeys.keys.map(({ name }) => name),
    ['backend'],
  );
  assert.deepEqual(settings.origins.allowed, ['https://app.example.com', 'http://localhost:5173']);
  const problems = problemsOf({
    WS_API_KEYS: `backend:write:${strongSecret}`,
    ALLOWED_ORIGINS: 'app.example.com\nx',
    PORT: 'x',
  });
  assert.equal(problems.length, 3);
  assert.ok(problems.some((line) => line.startsWith('WS_API_KEYS: entry 1 ')));
  assert.ok(problems.some((line) => line.startsWith('ALLOWED_ORIGINS: entry 1, "app.example.com x"')));
  assert.ok(!problems.join().includes(strongSecret));
});

test('no problem shows a secret', () => {
  const secrets = {
    JWT_SECRET: 'hidden-1',
    WS_JWT_SECRET_KEY: 'hidden-2',
    JWT_PREVIOUS_SECRET: 'hidden-3',
    WS_API_KEYS: 'hidden-4,,hidden:5',
    JWT_SECRTE: 'hidden-6',
    REDIS_URL: 'redis://:hidden-7@localhost',
    JWT_PUBLIC_KEY: 'hidden-8',
  };
  const problems = problemsOf({ ...secrets, NODE_ENV: 'production', PORT: 'x' });
  assert.ok(problems.length >= 7, problems.join('\n'));
  assert.ok(!problems.join().includes('hidden'), problems.join('\n'));
});
