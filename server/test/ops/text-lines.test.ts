import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog, faultReporter } from '../../src/ops/log.ts';
import { textLine } from '../../src/ops/text-lines.ts';

/** What a log of lines for people has of this. */
function written(act: (log: ReturnType<typeof createLog>) => void, coloured = false): string {
  const lines: string[] = [];
  act(createLog('trace', { write: (line) => void lines.push(textLine(line, coloured)) }));
  return lines.join('');
}

describe('a log line for people', () => {
  it('is the time, the level, the text, and the fields by name', () => {
    const line = written((log) =>
      log.info({ url: 'http://127.0.0.1:8000', managementOpen: true, n: 3 }, 'listening'),
    );
    assert.match(
      line,
      /^\d\d:\d\d:\d\d\.\d{3} info {2}listening url=http:\/\/127\.0\.0\.1:8000 managementOpen=true n=3\n$/,
    );
  });

  it('is without colour but where asked for, and the same then', () => {
    const act = (log: ReturnType<typeof createLog>) => log.warn({ a: 'b c' }, 'careful');
    const bare = written(act).slice(12);
    const painted = written(act, true);
    assert.ok(!bare.includes('\x1b') && painted.includes('\x1b[33mwarn \x1b[0m'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it takes the colours out
    assert.equal(painted.replaceAll(/\x1b\[\d+m/g, '').slice(12), bare);
    assert.equal(bare, ' warn  careful a="b c"\n');
  });

  it('shows a fault with its stack', () => {
    const text = written((log) => faultReporter(log, () => {})(new Error('it broke'), { request: 'r1' }));
    assert.match(text, /error internal fault request=r1\n {2}Error: it broke\n {6}at /);
  });

  it('is one line, and moves no terminal, whatever a client put into it', () => {
    const nasty = '\x1b[2J\r\n\u009b31m\u202e\u2028\x07';
    const text = written((log) => log.info({ user: nasty, [nasty]: nasty, list: [nasty] }, nasty));
    assert.equal(text.split('\n').length, 2);
    assert.doesNotMatch(text.trimEnd(), /[\p{Cc}\u2028\u202e]/u);
  });

  it('has no credential that JSON would not have', () => {
    const text = written((log) => log.info({ token: 'hush', inner: { password: 'hush' } }, 'x'));
    assert.ok(!text.includes('hush'));
  });
});
