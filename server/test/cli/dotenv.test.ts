import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { command, jsonLines } from '../cli-remote/command.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';

const text = `\uFEFF# settings of this folder
export WS_API_KEYS="backend:publish+read:4c1f0a7e9b52d8e6"
DATABASE_PATH=here.db   # beside it
SSE_RETRY_TIMEOUT='700'
PORT=1
HOST=
`;

describe('the file .env', () => {
  it('is read by serve in its folder, beneath the environment', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('.env'), text);
    await using server = await ServerProcess.start({ cwd: directory.path });
    assert.match(server.stdout, /messages {4}here\.db/);
    assert.match(server.stdout, /settings {4}\.env, and the environment, which wins/);
    assert.ok(!server.url.endsWith(':1'), 'PORT of the environment wins');
    const ask = (key: string) => fetch(`${server.url}/ws/stats`, { headers: { 'x-api-key': key } });
    assert.equal((await ask('4c1f0a7e9b52d8e6')).status, 200);
    assert.equal((await ask('other')).status, 401);
  });

  it('is shown by config: where each value came from, and secrets not', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('.env'), text);
    writeFileSync(directory.join('fanwire.yaml'), 'sse:\n  retry: 900\n  maxConnections: 7\n');
    const outcome = await command(['config'], { cwd: directory.path, env: { PORT: '', LOG_LEVEL: 'warn' } });
    const named = (name: string) => jsonLines(outcome).find((setting) => setting.name === name);
    assert.deepEqual(
      [named('SSE_RETRY_TIMEOUT').value, named('SSE_RETRY_TIMEOUT').source],
      [700, '.env SSE_RETRY_TIMEOUT'],
    );
    assert.deepEqual([named('PORT').value, named('PORT').source], [1, '.env PORT']);
    assert.equal(named('SSE_MAX_CONNECTIONS').source, 'file fanwire.yaml:3');
    assert.equal(named('LOG_LEVEL').source, 'environment LOG_LEVEL');
    assert.equal(named('HOST').source, 'default');
    assert.equal(named('WS_API_KEYS').value, 'set');
    assert.doesNotMatch(outcome.stdout + outcome.stderr, /4c1f0a7e/);
  });

  it('has its mistakes told by its name, a misspelt setting included', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('.env'), 'SSE_RETRY_TIMEOUT=soon\nWEBSOKET_ENABLED=false\n');
    const { code, stderr } = await command(['serve'], { cwd: directory.path });
    assert.equal(code, 2);
    assert.match(stderr, /\.env: SSE_RETRY_TIMEOUT is "soon"/);
    assert.match(stderr, /WEBSOKET_ENABLED; did you mean WEBSOCKET_ENABLED/);
  });

  it('that cannot be read stops the start', async () => {
    using directory = new Directory();
    mkdirSync(directory.join('.env'));
    const { code, stderr } = await command(['serve'], { cwd: directory.path });
    assert.equal(code, 2);
    assert.match(stderr, /\.env cannot be read \(EISDIR\)/);
  });

  it('signs tokens that the server takes', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('.env'), 'JWT_SECRET=Qm3vT9xL0pZr7Kd2Hs8Yw5Nc1Bf6Jg4A\nENGINE=memory\n');
    await using server = await ServerProcess.start({ cwd: directory.path });
    const { stdout } = await command(['token', '--sub', 'ann', '--scopes', 'read'], { cwd: directory.path });
    assert.equal((await fetch(`${server.url}/ws/stats?token=${stdout.trim()}`)).status, 200);
  });
});

describe('the banner', () => {
  const bannerOf = async (env: Record<string, string>): Promise<string> => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      env: { ENGINE: 'memory', ...env },
      cwd: directory.path,
    });
    return server.stdout;
  };

  it('says what each dialect asks of who wants in', async () => {
    assert.match(
      await bannerOf({}),
      /sign-in +needed by room\n +guests +may subscribe and publish: relay, channel, chat, events\n/,
    );
    const production = { NODE_ENV: 'production', JWT_SECRET: 'Qm3vT9xL0pZr7Kd2Hs8Yw5Nc1Bf6Jg4A' };
    assert.match(
      await bannerOf(production),
      /sign-in +needed by relay, room, channel, chat, events\n(?! +guests)/,
    );
    const chat = await bannerOf({ ...production, CHAT_AUTH_REQUIRED: 'false' });
    assert.match(chat, /guests +may subscribe, and not publish: chat\n/);
  });

  it('says what of management is open, and to whom', async () => {
    assert.match(
      await bannerOf({}),
      /management +open to programs of this machine, and to nobody whom a proxy/,
    );
    const keys = { WS_API_KEYS: '4c1f0a7e9b52d8e6' };
    assert.doesNotMatch(await bannerOf(keys), /management/);
    const commands = await bannerOf({ ...keys, WEBSOCKET_AUTH_REQUIRED: 'false' });
    assert.match(commands, /management +wants a key, but for \/ws\/broadcast, \/ws\/send-to-\*, \/sse\/\*/);
    assert.doesNotMatch(
      await bannerOf({ ...keys, WEBSOCKET_AUTH_REQUIRED: 'false', HOST: '0.0.0.0' }),
      /management/,
    );
  });
});
