import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { Notice } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { testServer } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';

const mebibyte = 1024 * 1024;
const content = 'x'.repeat(10_000);

/** A file system of three mebibytes, of which one is taken by something else. */
class SmallDisk implements Disposable {
  readonly path: string;
  readonly #directory = new Directory();

  constructor() {
    this.path = this.#directory.join('disk');
    mkdirSync(this.path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', this.path]);
    writeFileSync(join(this.path, 'else'), Buffer.alloc(mebibyte));
  }

  makeRoom(): void {
    rmSync(join(this.path, 'else'));
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.path]);
    this.#directory[Symbol.dispose]();
  }
}

/** Whether this process may mount one. */
function mountable(): boolean {
  if (platform() !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    new SmallDisk()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

const skip = mountable() ? false : 'only root may mount a small disk';

describe('a disk of three mebibytes', { skip, timeout: 60_000 }, () => {
  it('that fills: a warning before, one line when it is full, and one when it has room again', async () => {
    using disk = new SmallDisk();
    const path = join(disk.path, 'chat.db');
    const clock = new FakeClock();
    const notices: Notice[] = [];
    const engine = new SqliteEngine({
      path,
      durability: 'process',
      freeSpaceWarning: 1.5 * mebibyte,
      retention: { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 },
      clock,
      report: (thrown) => notices.push(thrown instanceof Notice ? thrown : assert.fail(String(thrown))),
    });
    await engine.open({ deliver() {}, unsure() {}, presence() {} });
    const draft = {
      channel: 'c',
      id: 'x',
      keyed: false,
      space: '',
      type: 'text',
      data: JSON.stringify(content),
      sender: null,
    };
    const append = () => engine.append([{ ...draft, persist: true }]);
    let stored = 0;
    const fill = async () => {
      for (;;) {
        await append();
        stored++;
        if (stored === 40) clock.advance(30_000);
      }
    };
    await assert.rejects(fill(), { code: 'unavailable' });
    await eventually(async () => notices.some(({ level }) => level === 'warn'), 'a warning');
    for (let n = 0; n < 50; n++) await assert.rejects(append(), { code: 'unavailable' });
    const { ok, told } = await engine.health();
    assert.deepEqual([ok, told], [false, 'the disk with the database is full; free space on it']);
    assert.deepEqual(notices.map(({ level }) => level).sort(), ['error', 'warn']);
    for (const { message } of notices) assert.ok(message.includes(path), message);
    disk.makeRoom();
    const [receipt] = await append();
    assert.equal(receipt?.offset, stored + 1, 'what failed left no trace');
    assert.deepEqual(await engine.health(), { ok: true });
    assert.match(notices.at(-1)?.message ?? '', /can be written again/);
    await engine.close();
  });

  it('that is full: /ready is 503 until something can be stored, and everything else goes on', async () => {
    using disk = new SmallDisk();
    await using fw = await testServer({ directory: disk.path });
    const publish = () => fw.call('POST', '/api/publish', { channel: 'c', data: content, persist: true });
    const client = await fw.socket('/ws/connect');
    await client.ask({ action: 'subscribe', data: { channel: 'c' } }, { type: 'subscribed' });
    for (let status = 200; status === 200; ) ({ status } = await publish());
    const refused = await publish();
    assert.deepEqual([refused.status, refused.body.error.code], [503, 'unavailable']);
    for (const _ of [1, 2]) {
      const { status, body } = await fw.call('GET', '/ready');
      assert.equal(status, 503);
      assert.match(body.error.message, /the disk with the database is full; free space on it/);
    }
    assert.equal((await fw.call('GET', '/health')).status, 200);
    await client.ask({ action: 'ping' }, { type: 'pong' });
    const { body } = await fw.call('GET', '/api/channels/c/messages?limit=1');
    assert.equal(body.messages.length, 1);
    disk.makeRoom();
    assert.equal(
      (await fw.call('GET', '/ready')).status,
      200,
      'a probe as large as what was missed went through',
    );
    assert.equal((await publish()).status, 200);
  });
});

describe('a file that may not get any larger', { timeout: 60_000 }, () => {
  it('one line in the log names it, /ready is 503, and the server lives', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    const env = { DATABASE_PATH: path, JWT_SECRET: 'a-secret-of-the-tests-32-bytes-long' };
    await using server = await ServerProcess.start({ env, fileBlocks: 2048 });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ channel: 'c', data: content, persist: true });
    const publish = async () =>
      (await fetch(`${server.url}/api/publish`, { method: 'POST', headers, body })).status;
    for (let status = 200; status === 200; ) status = await publish();
    for (let n = 0; n < 20; n++) assert.equal(await publish(), 503);
    const ready = await fetch(`${server.url}/ready`);
    assert.equal(ready.status, 503);
    assert.match(
      await ready.text(),
      /the database cannot be written; the reason is in the log|the disk .* is full/,
    );
    const lines = server.stderr.split('\n').filter((line) => line.includes('nothing can be stored'));
    assert.ok(lines.length <= 2, 'what the engine says, and what the check for readiness does');
    for (const line of lines) assert.ok(line.includes(path), line);
    assert.doesNotMatch(server.stderr, /internal fault/);
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });
});
