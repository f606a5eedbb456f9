import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testOrigin } from '../support/server.ts';
import { Directory, Program, ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const env = { JWT_SECRET: '0123456789abcdef0123456789abcdef' };

/** Prints a token; the command ends with 0 and says nothing else. */
async function token(args: readonly string[], more: Readonly<Record<string, string>> = env): Promise<string> {
  await using command = new Program({ args: ['token', ...args], env: more });
  const { code } = await command.ended();
  assert.deepEqual([code, command.stderr], [0, '']);
  assert.match(command.stdout, /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return command.stdout.trim();
}

function claims(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}

function start(more: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  return ServerProcess.start({ env: { ...env, ENGINE: 'memory', ...more } });
}

/** The status with which a room lets this token in: 101, or why not. */
async function enter(server: ServerProcess, room: string, jwt: string): Promise<number> {
  const headers = { origin: testOrigin };
  const client = new SocketClient(`${server.webSocketUrl}/ws/${room}?token=${jwt}`, { headers });
  const status = await client.opened.then(
    () => 101,
    (refusal: { status: number }) => refusal.status,
  );
  client.close();
  return status;
}

describe('fanwire token', () => {
  it('makes a token that the server with the same settings takes, for the user it names', async () => {
    const jwt = await token(['--sub', 'u1']);
    await using server = await start();
    const client = new SocketClient(`${server.webSocketUrl}/ws/connect?token=${jwt}`, {});
    assert.equal((await client.next({ type: 'connected' })).content.user_id, 'u1');
    client.close();
    const { iat, exp } = claims(jwt);
    assert.equal(Number(exp) - Number(iat), 3600);
    await using other = await start({ JWT_SECRET: 'fedcba9876543210fedcba9876543210' });
    assert.equal(await enter(other, 'r', jwt), 401);
  });

  it('--ttl is how long it holds', async () => {
    for (const [ttl, seconds] of Object.entries({
      '90': 90,
      '90s': 90,
      '15m': 900,
      '1h': 3600,
      '7d': 604_800,
    })) {
      const { iat, exp } = claims(await token(['--sub', 'u1', '--ttl', ttl]));
      assert.equal(Number(exp) - Number(iat), seconds, ttl);
    }
    const expiry = { ...env, WS_JWT_EXPIRE_MINUTES: '5' };
    const { iat, exp } = claims(await token(['--sub', 'u1'], expiry));
    assert.equal(Number(exp) - Number(iat), 300);
  });

  it('--channels is what it is good for', async () => {
    const jwt = await token(['--sub', 'u1', '--channels', 'news-*, lobby']);
    await using server = await start();
    assert.deepEqual(
      await Promise.all(['news-1', 'lobby', 'other'].map((room) => enter(server, room, jwt))),
      [101, 101, 403],
    );
  });

  it('--scopes is what it may do over HTTP', async () => {
    await using server = await start({ WS_API_KEYS: 'some-key-of-the-tests' });
    const get = async (...args: string[]): Promise<number> => {
      const authorization = `Bearer ${await token(['--sub', 'u1', ...args])}`;
      return (await fetch(`${server.url}/ws/stats`, { headers: { authorization } })).status;
    };
    assert.equal(await get(), 403);
    assert.equal(await get('--scopes', 'publish'), 403);
    assert.equal(await get('--scopes', 'publish,read'), 200);
    assert.equal(await get('--scopes', 'manage'), 200);
  });

  it('works beside a running development server, with the secret that it keeps', async () => {
    using directory = new Directory();
    const path = { DATABASE_PATH: directory.join('chat.db') };
    await using server = await ServerProcess.start({ env: path });
    assert.equal(await enter(server, 'r', await token(['--sub', 'u1'], path)), 101);
  });

  it('has the issuer and audience of the settings', async () => {
    const settings = { JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'fanwire' };
    const jwt = await token(['--sub', 'u1'], { ...env, ...settings });
    const { iss, aud } = claims(jwt);
    assert.deepEqual([iss, aud], ['https://issuer.example', 'fanwire']);
    await using server = await start(settings);
    assert.equal(await enter(server, 'r', jwt), 101);
    assert.equal(await enter(server, 'r', await token(['--sub', 'u1'])), 401);
  });
});

describe('fanwire token with something wrong is exit code 2, and prints no token', () => {
  const wrong: Readonly<Record<string, [string[], RegExp]>> = {
    'a --ttl without a number': [['--sub', 'u', '--ttl', 'soon'], /--ttl/],
    'a --ttl of 0': [['--sub', 'u', '--ttl', '0'], /--ttl/],
    'a negative --ttl': [['--sub', 'u', '--ttl=-5m'], /--ttl/],
    'a --ttl in weeks': [['--sub', 'u', '--ttl', '2w'], /--ttl/],
    'an unknown scope': [['--sub', 'u', '--scopes', 'read,admin'], /"admin"/],
    'an empty --sub': [['--sub', ''], /sub|user/],
    'a --sub of 251 bytes': [['--sub', 'u'.repeat(251)], /sub|user/],
    'a --sub with a control character': [['--sub', 'a\u0007'], /sub|user/],
    'a channel of 256 bytes': [['--sub', 'u', '--channels', 'c'.repeat(256)], /channels/],
  };
  for (const [title, [args, expected]] of Object.entries(wrong)) {
    it(title, async () => {
      await using command = new Program({ args: ['token', ...args], env });
      const { code } = await command.ended();
      assert.deepEqual([code, command.stdout], [2, ''], command.output);
      assert.match(command.stderr, expected);
      assert.doesNotMatch(command.stderr, /\n\s+at /, 'no stack');
    });
  }

  it('a server that only checks a public key', async () => {
    const jwks = { JWKS_URL: 'https://issuer.example/keys' };
    await using command = new Program({ args: ['token', '--sub', 'u'], env: jwks });
    assert.deepEqual(await command.ended(), { code: 2, signal: null });
    assert.match(command.stderr, /JWT_SECRET/);
  });
});
