import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { command, jsonLines, type Outcome, terminal } from './command.ts';

const start = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const minute = 60_000;

describe('fanwire history', () => {
  let fw: TestServer;
  let env: Record<string, string>;

  /** Offsets 1 to 10, a minute apart. */
  before(async () => {
    const clock = new FakeClock(start);
    fw = await testServer({ clock, env: { RECOVERY_WINDOW_TTL: '3600', RECOVERY_WINDOW_SIZE: '5000' } });
    env = { FANWIRE_URL: fw.url, TZ: 'UTC' };
    for (let data = 1; data <= 10; data++) {
      await fw.call('POST', '/api/publish', { channel: 'a/b c', data });
      clock.advance(minute);
    }
    const messages = Array.from({ length: 1000 }, (_, at) => ({ channel: 'long', data: at + 1 }));
    for (let batch = 0; batch < 3; batch++) await fw.call('POST', '/api/batch', { messages });
  });

  after(() => fw[Symbol.asyncDispose]());

  const offsets = (outcome: Outcome): number[] => jsonLines(outcome).map(({ offset }) => offset);

  it('prints the frames of the server as JSON lines, oldest first', async () => {
    const outcome = await command(['history', 'a/b c'], { env });
    assert.equal(outcome.code, 0, outcome.stderr);
    const { body } = await fw.call('GET', '/api/channels/a%2Fb%20c/messages');
    assert.deepEqual(jsonLines(outcome), body.messages);
    assert.deepEqual(offsets(outcome), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  const cases: [args: string[], expected: number[]][] = [
    [
      ['--limit', '2'],
      [9, 10],
    ],
    [
      ['--limit', '2', '--before', '5'],
      [3, 4],
    ],
    [
      ['--limit', '2', '--after', '5'],
      [6, 7],
    ],
    [
      ['--after', '5', '--before', '8'],
      [6, 7],
    ],
    [
      ['--from', '2026-01-02 03:09', '--to', '2026-01-02T03:11:00Z'],
      [6, 7],
    ],
    [
      ['--from', String(start + 8 * minute)],
      [9, 10],
    ],
    [['--to', '2026-01-02 03:05'], [1]],
    [['--to', '2026-01-02'], []],
  ];
  for (const [args, expected] of cases) {
    it(`takes ${args.join(' ')}`, async () => {
      assert.deepEqual(offsets(await command(['history', 'a/b c', ...args], { env })), expected);
    });
  }

  it('reads page after page where more are asked for than the server gives at once', async () => {
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
    const last = await command(['history', 'long', '--limit', '2500'], { env });
    assert.deepEqual(offsets(last), range(501, 3000));
    const first = await command(['history', 'long', '--limit', '1500', '--after', '100'], { env });
    assert.deepEqual(offsets(first), range(101, 1600));
    const between = await command(['history', 'long', '--limit', '9000', '--before', '2000'], { env });
    assert.deepEqual(offsets(between), range(1, 1999));
  });

  it('prints nothing into a pipe for a channel without messages', async () => {
    assert.deepEqual(await command(['history', 'empty'], { env }), { code: 0, stdout: '', stderr: '' });
  });

  it('is a table on a terminal', { skip: lacks('python') }, async () => {
    await fw.call('POST', '/api/publish', { channel: 'table', data: { text: 'hi' }, type: 'news' });
    await fw.call('POST', '/api/publish', { channel: 'table', data: 'two\nlines \u001b[31mred' });
    const { code, lines } = await terminal(['history', 'table'], { env });
    assert.equal(code, 0);
    assert.deepEqual(lines, [
      'OFFSET  TIME                     TYPE  SENDER  CONTENT',
      '     1  2026-01-02 03:14:05.678  news          {"text":"hi"}',
      '     2  2026-01-02 03:14:05.678  text          two\\nlines \\u001b[31mred',
    ]);
    assert.deepEqual((await terminal(['history', 'empty'], { env })).lines, ['no messages']);
    const json = await terminal(['history', 'table', '--json'], { env });
    assert.equal(JSON.parse(json.lines[0] ?? '').type, 'news');
  });
});
