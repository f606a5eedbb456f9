import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigFile } from '../../src/config/file.ts';
import { reportSettings, type SettingReport } from '../../src/config/report.ts';
import { rows } from '../../src/config/schema.ts';
import type { Environment } from '../../src/config/sources.ts';
import { rsaKeys, strongSecret } from './support.ts';

function reportOf(name: string, env: Environment, text = ''): SettingReport {
  const found = reportSettings(env, parseConfigFile('fanwire.yaml', text)).find(
    (report) => report.name === name,
  );
  assert.ok(found);
  return found;
}

test('every setting is reported, in the order of the schema', () => {
  const reports = reportSettings({}, null);
  assert.deepEqual(
    reports.map(({ name, key }) => [name, key]),
    rows.map(({ group, key, setting }) => [setting.env, `${group}.${key}`]),
  );
  for (const { from, meaning } of reports) {
    assert.equal(from, 'default');
    assert.ok(!meaning.includes('`'));
  }
});

test('a value is told in its unit, with its default and where it came from', () => {
  const text = 'sse:\n  retry: 500\nrelay:\n  pingInterval: 1.5';
  assert.partialDeepStrictEqual(reportOf('SSE_RETRY_TIMEOUT', {}, text), {
    unit: 'ms',
    default: 3000,
    value: 500,
    from: 'file fanwire.yaml:2',
  });
  assert.partialDeepStrictEqual(reportOf('PING_INTERVAL_SEC', { PING_INTERVAL_SEC: '2' }, text), {
    unit: 's',
    default: 20,
    value: 2,
    from: 'environment PING_INTERVAL_SEC',
  });
  assert.partialDeepStrictEqual(reportOf('MAX_CONNECTIONS_TOTAL', {}), { unit: 'connections', value: 1000 });
  assert.partialDeepStrictEqual(reportOf('PORT', {}), { unit: null, value: 8000, from: 'default' });
});

test('every kind of value is told as what it is', () => {
  const env = {
    SSE_ENABLED: '0',
    LOG_LEVEL: 'WARN',
    ALLOWED_ORIGINS: 'https://a.example.com, https://b.example.com',
    JWT_ISSUER: 'me',
  };
  assert.equal(reportOf('SSE_ENABLED', env).value, false);
  assert.equal(reportOf('LOG_LEVEL', env).value, 'warn');
  assert.deepEqual(reportOf('ALLOWED_ORIGINS', env).value, [
    'https://a.example.com',
    'https://b.example.com',
  ]);
  assert.equal(reportOf('JWT_ISSUER', env).value, 'me');
  assert.equal(reportOf('JWT_AUDIENCE', env).value, 'any');
  assert.equal(reportOf('JWKS_URL', env).value, null);
});

test('algorithms are told as they are in force', () => {
  assert.deepEqual(reportOf('JWT_ALG', {}).value, ['HS256']);
  const written = reportOf('JWT_ALG', { WS_JWT_ALGORITHM: 'hs512' });
  assert.deepEqual([written.value, written.from], [['HS512'], 'environment WS_JWT_ALGORITHM']);
  assert.match(
    String(reportOf('JWT_ALG', { JWT_PUBLIC_KEY: rsaKeys.publicKey }).value),
    /by type of the key/,
  );
});

test('a secret is set or not set, wherever it came from', () => {
  assert.equal(reportOf('JWT_SECRET', {}).value, 'not set');
  assert.equal(reportOf('JWT_SECRET', { WS_JWT_SECRET_KEY: strongSecret }).value, 'set');
  const text = `jwt: { secret: ${strongSecret}, previousSecret: ${strongSecret} }\napiKeys: { keys: [${strongSecret}] }`;
  const reports = reportSettings({}, parseConfigFile('fanwire.yaml', text));
  assert.ok(!JSON.stringify(reports).includes(strongSecret));
  assert.equal(reports.filter(({ value }) => value === 'set').length, 3);
});

test('settings that are wrong are not reported', () => {
  assert.throws(() => reportSettings({ PORT: 'x' }, null), /PORT is "x"/);
});
