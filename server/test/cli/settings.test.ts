import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Directory, Program, ServerProcess } from '../support/server-process.ts';

const secret = 'Qm3vT9xL0pZr7Kd2Hs8Yw5Nc1Bf6Jg4A';

/** The server does not start: exit code 2, every line expected on standard error, nothing on standard output. */
async function refuses(env: Readonly<Record<string, string>>, ...expected: RegExp[]): Promise<void> {
  using directory = new Directory();
  await using server = new Program({
    env: { PORT: '0', DATABASE_PATH: directory.join('chat.db'), ...env },
  });
  const { code } = await server.ended();
  assert.deepEqual([code, server.stdout], [2, ''], server.output);
  for (const pattern of expected) assert.match(server.stderr, pattern);
  assert.doesNotMatch(server.stderr, /\n\s+at /, 'no stack');
  assert.throws(() => statSync(directory.join('chat.db')), 'nothing was made');
}

describe('settings that cannot be', () => {
  it('are all listed, each on a line with its name', () =>
    refuses(
      {
        PORT: '80a',
        LOG_LEVEL: 'loud',
        DURABILITY: 'maybe',
        SSE_ENABLED: 'perhaps',
        MAX_CONNECTIONS_TOTAL: '0',
        ALLOWED_ORIGINS: 'https://good.example,evil.example/path',
        CHAT_HISTRY_ON_JOIN: '5',
      },
      /^ .*\bPORT\b.*"80a"/m,
      /^ .*\bLOG_LEVEL\b.*"loud"/m,
      /^ .*\bDURABILITY\b.*"maybe"/m,
      /^ .*\bSSE_ENABLED\b.*"perhaps"/m,
      /^ .*\bMAX_CONNECTIONS_TOTAL\b.*"0"/m,
      /^ .*\bALLOWED_ORIGINS\b.*evil\.example/m,
      /^ .*\bCHAT_HISTRY_ON_JOIN\b.*CHAT_HISTORY_ON_JOIN/m,
    ));

  it('are shown without the values of secrets', async () => {
    using directory = new Directory();
    const hidden = 'short-but-secret';
    const env = {
      NODE_ENV: 'production',
      JWT_SECRET: hidden,
      WS_API_KEYS: `x:nothing:${hidden}${hidden}`,
      DATABASE_PATH: directory.join('chat.db'),
    };
    await using server = new Program({ env });
    assert.deepEqual(await server.ended(), { code: 2, signal: null });
    assert.match(server.stderr, /JWT_SECRET/);
    assert.match(server.stderr, /WS_API_KEYS/);
    assert.ok(!server.output.includes(hidden), server.output);
  });
});

describe('production', () => {
  it('does not start without a secret', () => refuses({ NODE_ENV: 'production' }, /JWT_SECRET.*is not set/));

  it('does not start with a short one', () =>
    refuses({ NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(31) }, /JWT_SECRET.*31 bytes/));

  it('does not start with one that everybody knows', () =>
    refuses({ NODE_ENV: 'production', JWT_SECRET: 'change-me' }, /JWT_SECRET.*placeholder/));

  it('starts with a good one, with management closed and no token in the banner', async () => {
    using directory = new Directory();
    const env = { NODE_ENV: 'production', JWT_SECRET: secret, DATABASE_PATH: directory.join('chat.db') };
    await using server = await ServerProcess.start({ env });
    assert.doesNotMatch(server.stdout, /token|development|open|guests/);
    const stats = await fetch(`${server.url}/ws/stats`);
    assert.equal(stats.status, 401);
    assert.throws(() => statSync(directory.join('jwt-secret')), 'no development secret is made');
  });
});

describe('the banner', () => {
  async function bannerOf(env: Readonly<Record<string, string>>): Promise<string> {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      env: { DATABASE_PATH: directory.join('chat.db'), ...env },
    });
    return server.stdout.replaceAll(directory.path, 'DIR').replaceAll(server.url, 'URL');
  }

  it('of a development server says where it listens, what it keeps, what is open, and gives a token', async () => {
    const banner = await bannerOf({});
    assert.match(banner, /listening on URL\n/);
    assert.match(banner, /DIR\/chat\.db.*sqlite.*process/);
    assert.match(banner, /development/);
    assert.match(banner, /management\s+open/);
    assert.match(banner, /token\s+eyJ[\w-]+\.[\w-]+\.[\w-]+\n/);
  });

  it('says when messages are gone at exit, and what DURABILITY=disk holds against', async () => {
    assert.match(await bannerOf({ ENGINE: 'memory' }), /memory \(gone at exit\)/);
    assert.match(await bannerOf({ DURABILITY: 'disk' }), /sqlite.*disk/);
  });

  it('gives no token for a secret of the operator, and no word of open management with an API key', async () => {
    const banner = await bannerOf({ JWT_SECRET: secret, WS_API_KEYS: 'a-key-of-the-operator' });
    assert.doesNotMatch(banner, /eyJ|management|a-key-of-the-operator/);
    assert.ok(!banner.includes(secret));
  });
});

describe('the secret of a development server', () => {
  const token = ({ stdout }: ServerProcess): string => /token\s+(eyJ\S+)/.exec(stdout)?.[1] ?? '';

  it('is kept for the next start, for its owner only', async () => {
    using directory = new Directory();
    const env = { DATABASE_PATH: directory.join('deep', 'er', 'chat.db') };
    await using first = await ServerProcess.start({ env });
    await first.kill('SIGTERM');
    assert.equal(statSync(directory.join('deep', 'er', 'jwt-secret')).mode & 0o777, 0o600);
    await using second = await ServerProcess.start({ env });
    for (const jwt of [token(first), token(second)]) {
      const answer = await fetch(`${second.url}/ws/stats?token=${jwt}`);
      assert.equal(answer.status, 200, jwt);
    }
    assert.equal((await fetch(`${second.url}/ws/stats?token=${token(first)}x`)).status, 401);
  });

  it('that somebody has damaged is an error, not a new secret', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('jwt-secret'), 'short');
    await using server = new Program({ env: { PORT: '0', DATABASE_PATH: directory.join('chat.db') } });
    assert.deepEqual(await server.ended(), { code: 2, signal: null });
    assert.match(server.stderr, /jwt-secret does not hold 64 hex digits/);
  });
});
