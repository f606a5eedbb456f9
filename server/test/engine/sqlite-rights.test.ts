import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

async function filesOf(directory: Directory): Promise<Record<string, string>> {
  const env = { JWT_SECRET: '', NODE_ENV: 'development' };
  await using fw = await testServer({ directory: directory.path, env });
  await fw.call('POST', '/ws/send-to-channel', { channel: 'r', message: { content: 'hi' } });
  const files = readdirSync(directory.path);
  return Object.fromEntries(files.map((file) => [file, modeOf(directory.join(file))]));
}

const all = {
  'chat.db': '600',
  'chat.db-lock': '600',
  'chat.db-shm': '600',
  'chat.db-wal': '600',
  'jwt-secret': '600',
};

describe('what is on the disk', () => {
  it('is for its owner only, whatever the umask lets', async () => {
    using directory = new Directory();
    const before = process.umask(0);
    try {
      assert.deepEqual(await filesOf(directory), all);
    } finally {
      process.umask(before);
    }
  });

  it('becomes so when others could read it', async () => {
    using directory = new Directory();
    await filesOf(directory);
    for (const file of readdirSync(directory.path)) chmodSync(directory.join(file), 0o644);
    assert.deepEqual(await filesOf(directory), all);
  });

  it('of an empty file that somebody made before is ours all the same', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('chat.db'), '', { mode: 0o666 });
    assert.deepEqual(await filesOf(directory), all);
    assert.ok(existsSync(directory.join('chat.db')));
  });
});
