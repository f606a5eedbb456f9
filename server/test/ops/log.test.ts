import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog, faultReporter, type LogLevel } from '../../src/ops/log.ts';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl';

type Line = ReturnType<typeof JSON.parse>;

function logInto(lines: Line[], level: LogLevel = 'trace') {
  return createLog(level, { write: (line) => void lines.push(JSON.parse(line)) });
}

describe('a log line', () => {
  it('is JSON with a level, a time and a text', () => {
    const lines: Line[] = [];
    logInto(lines).warn({ connection: 'c1' }, 'something');
    const [{ time, ...line }] = lines as [Line];
    assert.deepEqual(line, { level: 40, connection: 'c1', msg: 'something' });
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('is not written below the level', () => {
    const lines: Line[] = [];
    const log = logInto(lines, 'warn');
    log.info({}, 'a');
    log.debug({}, 'b');
    log.error({}, 'c');
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['c'],
    );
  });

  for (const name of ['token', 'secret', 'password', 'apiKey', 'ticket', 'authorization', 'cookie', 'jwt']) {
    it(`has no field ${name} in clear`, () => {
      const lines: Line[] = [];
      logInto(lines).info({ [name]: 'hush', inner: { [name]: 'hush' } }, 'x');
      assert.ok(!JSON.stringify(lines).includes('hush'));
    });
  }

  const texts: [string, string][] = [
    [`/ws?access_token=${jwt}`, '/ws?access_token=[redacted]'],
    [`/ws/${jwt}/x`, '/ws/[redacted]/x'],
    [`%3D${jwt}`, '%[redacted]'],
    [`the header was "Bearer ${jwt}".`, 'the header was "Bearer [redacted]".'],
    [`${jwt} and ${jwt}`, '[redacted] and [redacted]'],
    ['redis://user:hush@host:6379/0', 'redis://[redacted]@host:6379/0'],
    ['https://keys.example.com/jwks.json', 'https://keys.example.com/jwks.json'],
    ['eyJ is no token', 'eyJ is no token'],
    ['fanwire.test.example.com', 'fanwire.test.example.com'],
  ];
  for (const [text, written] of texts) {
    it(`${text.slice(0, 40)} is written as ${written}`, () => {
      const lines: Line[] = [];
      logInto(lines).info({ text, deep: [{ inner: { text } }] }, 'x');
      const [{ text: flat, deep }] = lines as [Line];
      assert.equal(flat, written);
      assert.equal(deep[0].inner.text, written);
    });
  }

  it('takes linear time, whatever the text', () => {
    const lines: Line[] = [];
    const log = logInto(lines);
    for (const piece of ['eyJ', 'eyJ.', 'eyJ-', '//', '//a', '//@', 'a.', '@']) {
      const began = performance.now();
      log.info({ text: `${piece.repeat(200_000)} @ eyJ` }, 'x');
      assert.ok(performance.now() - began < 1_000, piece);
    }
  });
});

describe('a fault', () => {
  it('is counted and logged with its stack and where it came from', () => {
    const lines: Line[] = [];
    let count = 0;
    const report = faultReporter(logInto(lines), () => count++);
    report(new Error(`no key for ${jwt}`), { connection: 'c1' });
    report('a text', { request: 'r1' });
    report(null);
    assert.equal(count, 3);
    const [first, second, third] = lines;
    assert.equal(first.msg, 'internal fault');
    assert.equal(first.level, 50);
    assert.equal(first.connection, 'c1');
    assert.equal(first.error.message, 'no key for [redacted]');
    assert.match(first.error.stack, /^Error: no key for \[redacted\]\n {4}at /);
    assert.equal(second.request, 'r1');
    assert.equal(second.error.message, 'a text');
    assert.equal(third.error.message, 'null');
  });
});
