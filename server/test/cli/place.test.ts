import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { Directory, Program, ServerProcess } from '../support/server-process.ts';

/*
 * Whether the server can have its port and its file. When it cannot, it says so in a line that names the setting, ends
 * with exit code 2 and leaves everything as it was.
 */

const secret = { JWT_SECRET: '0123456789abcdef0123456789abcdef' };

/** What macOS and Windows say when a port is to be shared. */
const cannotShare = `
import { Server } from 'node:net';
const { listen } = Server.prototype;
Server.prototype.listen = function (options, ...more) {
  if (!options.reusePort) return listen.call(this, options, ...more);
  const error = Object.assign(new Error('listen ENOTSUP: operation not supported'), { code: 'ENOTSUP' });
  process.nextTick(() => this.emit('error', error));
  return this;
};
`;

/** Returns what it said. */
async function refuses(path: string, expected: RegExp, uid?: number): Promise<string> {
  await using server = new Program({
    env: { PORT: '0', DATABASE_PATH: path, ...secret },
    ...(uid === undefined ? {} : { uid }),
  });
  const { code } = await server.ended();
  assert.deepEqual([code, server.stdout], [2, ''], server.output);
  assert.match(server.stderr, expected);
  assert.match(server.stderr, /DATABASE_PATH/);
  assert.doesNotMatch(server.stderr, /\n\s+at /, 'no stack');
  return server.stderr;
}

/** A file of ours with some thousand messages in it. */
async function makeFile(directory: Directory): Promise<string> {
  const path = directory.join('chat.db');
  await using server = await ServerProcess.start({ env: { DATABASE_PATH: path, ...secret } });
  const content = 'x'.repeat(500);
  for (let n = 0; n < 20; n++) {
    const calls = Array.from({ length: 50 }, () =>
      fetch(`${server.url}/ws/send-to-channel`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ channel: 'c', message: { content } }),
      }),
    );
    for (const answer of await Promise.all(calls)) assert.equal(answer.status, 200);
  }
  await server.kill('SIGTERM');
  return path;
}

describe('the port', () => {
  it('that is in use: the message names it and what to do', async () => {
    using directory = new Directory();
    await using first = await ServerProcess.start({
      env: { DATABASE_PATH: directory.join('a.db'), ...secret },
    });
    const { port } = new URL(first.url);
    await using second = new Program({
      env: { PORT: port, DATABASE_PATH: directory.join('b.db'), ...secret },
    });
    assert.deepEqual(await second.ended(), { code: 2, signal: null });
    assert.match(second.stderr, new RegExp(`PORT: 127\\.0\\.0\\.1:${port} is in use\\. .*another PORT`));
    assert.equal((await fetch(`${first.url}/health`)).status, 200);
  });

  it('on an address that this machine does not have', async () => {
    using directory = new Directory();
    await using server = new Program({
      env: { PORT: '0', HOST: '192.0.2.1', DATABASE_PATH: directory.join('a.db'), ...secret },
    });
    assert.deepEqual(await server.ended(), { code: 2, signal: null });
    assert.match(server.stderr, /HOST: 192\.0\.2\.1 is not an address of this machine/);
  });

  it('that threads cannot share on this system: the message says to do with one', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('system.mjs'), cannotShare);
    await using server = new Program({
      env: {
        PORT: '0',
        WORKERS: '2',
        DATABASE_PATH: directory.join('a.db'),
        NODE_OPTIONS: `--import=${directory.join('system.mjs')}`,
        ...secret,
      },
    });
    assert.deepEqual(await server.ended(), { code: 2, signal: null });
    assert.match(server.stderr, /WORKERS: threads cannot share a port .* Set WORKERS to 1\./);
    assert.doesNotMatch(server.stderr, /a worker failed/);
  });

  it('of the IPv6 loopback is listened on, and named in the banner as browsers take it', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      env: { HOST: '::1', DATABASE_PATH: directory.join('a.db') },
    });
    assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });
});

describe('the directory', () => {
  it('is made, with those above it', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      env: { DATABASE_PATH: directory.join('a', 'b', 'c.db'), ...secret },
    });
    assert.ok(readdirSync(directory.join('a', 'b')).includes('c.db'));
    await server.kill('SIGTERM');
  });

  it('that cannot be made, because a file has its name', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('file'), '');
    await refuses(directory.join('file', 'chat.db'), /cannot be/);
  });

  it('that may not be written to', async () => {
    using directory = new Directory();
    mkdirSync(directory.join('closed'));
    chmodSync(directory.path, 0o755);
    chmodSync(directory.join('closed'), 0o555);
    // Rights do not bind root: then the server runs as nobody.
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
    const owner =
      nobody === undefined ? /uid \d+/ : /closed belongs to root \(uid 0\).*runs as \S+ \(uid 65534\).*chown/;
    await refuses(directory.join('closed', 'chat.db'), /cannot be opened for writing/, nobody);
    await refuses(directory.join('closed', 'chat.db'), owner, nobody);
    assert.deepEqual(readdirSync(directory.join('closed')), []);
  });

  it('with a database of somebody else that can only be read: the message names the owner', async () => {
    using directory = new Directory();
    const path = directory.join('closed', 'chat.db');
    const server = await ServerProcess.start({ env: { DATABASE_PATH: path, ...secret } });
    await server.kill('SIGTERM');
    chmodSync(directory.path, 0o755);
    chmodSync(directory.join('closed'), 0o555);
    for (const name of readdirSync(directory.join('closed')))
      chmodSync(directory.join('closed', name), 0o444);
    const isRoot = process.getuid?.() === 0;
    const pattern = isRoot
      ? /chat.db belongs to root \(uid 0\) \(mode 0444\), .*chown/
      : /chat.db belongs to .*chown/;
    await refuses(path, pattern, isRoot ? 65_534 : undefined);
    chmodSync(directory.join('closed'), 0o755);
  });
});

describe('the file', () => {
  it('that is a directory', async () => {
    using directory = new Directory();
    mkdirSync(directory.join('chat.db'));
    await refuses(directory.join('chat.db'), /cannot be opened for writing|is a directory/);
  });

  it('that is empty, is taken', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('chat.db'), '');
    await using server = await ServerProcess.start({
      env: { DATABASE_PATH: directory.join('chat.db'), ...secret },
    });
    await server.kill('SIGTERM');
  });

  it('that begins with rubbish, is named as damaged and left as it is', async () => {
    using directory = new Directory();
    const rubbish = Buffer.alloc(10_000, 'rubbish ');
    writeFileSync(directory.join('chat.db'), rubbish);
    await refuses(directory.join('chat.db'), /is damaged or not a database[\s\S]*backup/);
    assert.ok(readFileSync(directory.join('chat.db')).equals(rubbish));
  });

  it('with damaged pages, is named as damaged and left as it is', async () => {
    using directory = new Directory();
    const path = await makeFile(directory);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 8 * 4096, 40 * 4096);
    writeFileSync(path, bytes);
    const said = await refuses(path, /is damaged or not a database[\s\S]*backup/);
    assert.ok(said.length < 2000, 'short');
    assert.ok(readFileSync(path).equals(bytes));
  });

  it('that was cut short, is named as damaged', async () => {
    using directory = new Directory();
    const path = await makeFile(directory);
    writeFileSync(path, readFileSync(path).subarray(0, 10 * 4096));
    await refuses(path, /is damaged or not a database/);
  });

  it('of a newer version, is left as it is', async () => {
    using directory = new Directory();
    const path = await makeFile(directory);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    const bytes = readFileSync(path);
    await refuses(path, /was written by a newer Fanwire \(its format is 99/);
    assert.ok(readFileSync(path).equals(bytes));
  });

  it('of another program, is left as it is', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE messages (a); INSERT INTO messages VALUES (1)');
    database.close();
    const bytes = readFileSync(path);
    await refuses(path, /is a SQLite file of another program/);
    assert.ok(readFileSync(path).equals(bytes));
  });

  it('that another server uses: the second one goes, the first one stays', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    await using first = await ServerProcess.start({ env: { DATABASE_PATH: path, ...secret } });
    await refuses(path, /another Fanwire is using/);
    assert.equal((await fetch(`${first.url}/ready`)).status, 200);
    await first.kill('SIGKILL');
    await using third = await ServerProcess.start({ env: { DATABASE_PATH: path, ...secret } });
    assert.equal((await fetch(`${third.url}/ready`)).status, 200);
  });

  const aliases = {
    'directory with another name': { alias: 'alias', path: ['alias', 'chat.db'] },
    'file with another name': { alias: 'alias.db', path: ['alias.db'] },
  };
  for (const [title, { alias, path }] of Object.entries(aliases)) {
    it(`that another server uses, by a link to the ${title}: the second one goes`, async () => {
      using directory = new Directory();
      const file = directory.join('chat.db');
      await using first = await ServerProcess.start({ env: { DATABASE_PATH: file, ...secret } });
      symlinkSync(alias === 'alias' ? directory.path : file, directory.join(alias));
      await refuses(directory.join(...path), /another Fanwire is using/);
      assert.equal((await fetch(`${first.url}/ready`)).status, 200);
    });
  }

  it('by a relative path, is below the directory in which the server was started', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({ cwd: directory.path });
    assert.deepEqual(
      readdirSync(directory.join('data')).filter((name) => !/-(?:wal|shm|lock)$/.test(name)),
      ['chat.db', 'jwt-secret'],
    );
    await server.kill('SIGTERM');
  });
});
