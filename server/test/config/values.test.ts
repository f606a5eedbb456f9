import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSettings } from '../../src/config/load.ts';
import { rows, schema } from '../../src/config/schema.ts';
import { durationScale, type NumberSetting, takesDecimals } from '../../src/config/setting.ts';
import { parseValue } from '../../src/config/values.ts';
import { problemOf, problemsOf } from './support.ts';

const numbers = rows.flatMap(({ group, key, setting }) =>
  'min' in setting ? [{ group, key, setting }] : [],
);

function scaleOf(setting: NumberSetting): number {
  const { kind } = setting;
  return kind === 'integer' || kind === 'bytes' ? 1 : durationScale[kind];
}

function valueAt(env: Record<string, string>, group: string, key: string): unknown {
  const settings = loadSettings(env) as unknown as Record<string, Record<string, unknown>>;
  return settings[group]?.[key];
}

for (const { group, key, setting } of numbers) {
  test(`${setting.env} takes numbers of its range, and nothing else`, () => {
    const { env, min, max } = setting;
    for (const value of [min, max]) {
      assert.equal(valueAt({ [env]: String(value) }, group, key), value * scaleOf(setting));
    }
    const decimals = takesDecimals(setting);
    if (decimals) assert.equal(valueAt({ [env]: '1.5' }, group, key), 1.5 * scaleOf(setting));
    for (const text of [
      String(min - 1),
      String(max + 1),
      decimals ? '1.2345' : '1.5',
      '1e3',
      '0x10',
      'NaN',
      '12abc',
      ' 12',
      '007',
    ]) {
      const problem = problemOf({ [env]: text });
      assert.ok(
        problem.startsWith(
          `${env} is ${JSON.stringify(text)}; it takes a ${decimals ? 'number' : 'whole number'}`,
        ),
        problem,
      );
      assert.ok(problem.endsWith(`from ${min} to ${max}.`), problem);
    }
  });
}

test('any text is a number as written, or a problem that names the variable', () => {
  const text = fc.oneof(fc.string({ minLength: 1 }), fc.integer().map(String), fc.double().map(String));
  fc.assert(
    fc.property(text, (value) => {
      const parsed = parseValue(schema.listen.port, value);
      if (parsed === undefined) {
        assert.ok(problemOf({ PORT: value }).startsWith('PORT is '));
        return;
      }
      assert.equal(String(parsed), value);
      assert.ok(Number(parsed) >= 0 && Number(parsed) <= 65_535);
    }),
  );
});

for (const { group, key, setting } of rows.filter(({ setting }) => setting.kind === 'boolean')) {
  test(`${setting.env} takes true, false, 1 and 0`, () => {
    for (const text of ['true', 'TRUE', 'True', '1'])
      assert.equal(valueAt({ [setting.env]: text }, group, key), true);
    for (const text of ['false', 'FALSE', 'False', '0'])
      assert.equal(valueAt({ [setting.env]: text }, group, key), false);
    for (const text of ['yes', 'on', '2', 'true ', 'enabled']) {
      const expected = `${setting.env} is ${JSON.stringify(text)}; it takes true or false (or 1 or 0).`;
      assert.equal(problemOf({ [setting.env]: text }), expected);
    }
  });
}

for (const { group, key, setting } of rows.filter(({ setting }) => setting.kind === 'choice')) {
  test(`${setting.env} takes its choices only`, () => {
    assert.ok('choices' in setting);
    for (const choice of setting.choices) {
      assert.equal(valueAt({ [setting.env]: choice }, group, key), choice);
      assert.equal(valueAt({ [setting.env]: choice.toUpperCase() }, group, key), choice);
    }
    const problem = problemOf({ [setting.env]: 'nonsense' });
    assert.ok(
      problem.includes(`${setting.env} is "nonsense"; it takes one of ${setting.choices.join(', ')}.`),
    );
  });
}

const texts: [name: string, group: string, key: string, good: string[], bad: string[]][] = [
  ['HOST', 'listen', 'host', ['0.0.0.0', '::', 'realtime.example.com'], [' ', 'a b', 'http://localhost']],
  ['DATABASE_PATH', 'engine', 'databasePath', ['chat.db', '/var/lib/fan wire/chat.db'], [' ', ':memory:']],
  ['KEY_PREFIX', 'engine', 'keyPrefix', ['a', 'team-1:fanwire_2.x'], ['a b', '{slot}', 'a*', 'x'.repeat(65)]],
  ['JWT_ISSUER', 'jwt', 'issuer', ['https://issuer.example.com/'], [' ']],
  ['JWT_AUDIENCE', 'jwt', 'audience', ['fanwire'], ['\t']],
];

for (const [name, group, key, good, bad] of texts) {
  test(`${name} takes what fits it`, () => {
    for (const text of good) assert.equal(valueAt({ [name]: text }, group, key), text);
    for (const text of bad) {
      assert.ok(problemOf({ [name]: text }).startsWith(`${name} is ${JSON.stringify(text)}; it takes `));
    }
  });
}

test('WS_API_KEY_HEADER is read in lower case, and headers with another use are refused', () => {
  assert.equal(loadSettings({ WS_API_KEY_HEADER: 'X-My-Key' }).apiKeys.header, 'x-my-key');
  for (const text of ['Authorization', 'cookie', 'Sec-WebSocket-Key', 'X Key', 'X:Key', 'é']) {
    assert.match(problemOf({ WS_API_KEY_HEADER: text }), /^WS_API_KEY_HEADER is .*name of an HTTP header/);
  }
});

test('the engines of other versions stop the start, and say which there are', () => {
  const only = /This version has the engines memory and sqlite only\.$/;
  assert.match(problemOf({ ENGINE: 'redis' }), only);
  assert.match(problemOf({ ENGINE: 'nats' }), only);
  for (const name of ['REDIS_URL', 'NATS_URL']) {
    const problem = problemOf({ [name]: 'redis://:hunter2@cache:6379' });
    assert.match(problem, only);
    assert.ok(problem.startsWith(name));
    assert.ok(!problem.includes('hunter2'), problem);
  }
});

test('several problems are listed at once, each on its line', () => {
  const env = {
    PORT: '80a',
    SSE_ENABLED: 'maybe',
    ENGINE: 'redis',
    WEBSOKET_ENABLED: 'true',
    NATS_URL: 'nats://localhost',
    JWT_ALG: 'none',
  };
  const problems = problemsOf(env);
  assert.equal(problems.length, 6);
  for (const name of Object.keys(env)) {
    assert.equal(problems.filter((line) => line.includes(name)).length, 1, name);
  }
  assert.throws(() => loadSettings(env), /^StartError: 6 settings are wrong:\n/);
  assert.throws(() => loadSettings({ PORT: 'x' }), /^StartError: A setting is wrong:\n/);
});

test('a value stays on one line and is cut when it is long', () => {
  const problem = problemOf({ PORT: `8000\nPORT is fine${'x'.repeat(500)}` });
  assert.ok(problem.startsWith('PORT is "8000\\nPORT is fine'));
  assert.ok(problem.length < 200);
});
