import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { schemaVersion } from '../../src/engine/sqlite/schema.ts';
import { eventually } from '../support/eventually.ts';
import { lacks } from '../support/needs.ts';
import type { TestServer } from '../support/server.ts';
import { root } from './document.ts';
import { Installation, page } from './installation.ts';
import { prints, Running } from './shell.ts';

const snippet = (start: string): string => {
  const [block, ...others] = page.blocks.filter(({ code }) => code.includes(start));
  assert.ok(block && others.length === 0, start);
  return block.code;
};
const backup = snippet('VACUUM INTO');
const restore = snippet('before-restore');

/** Publishes so many messages in `news`. Resolves to the last position. */
async function publish(place: Installation, fw: TestServer, count: number): Promise<Position> {
  const headers = { 'x-api-key': place.pasted('PASTE_A_KEY') };
  const messages = Array.from({ length: count }, (_, n) => ({
    channel: 'news',
    data: `n${n}`,
    persist: true,
  }));
  const { body } = await fw.call('POST', '/api/batch', { messages }, headers);
  const { epoch, offset } = body.results.at(-1);
  return { epoch, offset };
}

interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** What a client with this position is told. */
async function comeBack(fw: TestServer, position: Position): Promise<Record<string, unknown>> {
  const socket = await fw.socket(`/ws/connect?token=${await fw.token('ann')}`);
  const answer = await socket.ask(
    { action: 'subscribe', data: { channel: 'news', position } },
    { type: 'subscribed' },
  );
  return answer.content;
}

/** Messages in a copy of the file. */
async function count(place: Installation, file: string): Promise<number> {
  return Number(await place.output(`sqlite3 '${file}' 'SELECT count(*) FROM messages'`));
}

function backupOf(place: Installation): string {
  const folder = place.directory.join('backups');
  const [name = ''] = readdirSync(folder);
  return join(folder, name);
}

describe('docs/operating.md: backup', { skip: lacks('sqlite3') }, () => {
  it('has everything, while the server runs and publishes', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    await publish(place, fw, 100);
    assert.equal((await place.output(backup)).trim(), 'ok');
    assert.equal(await count(place, backupOf(place)), 100);
    assert.equal(statSync(backupOf(place)).mode & 0o077, 0);
    await publish(place, fw, 1);
  });

  it('of the file alone lacks what is in the -wal', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    await publish(place, fw, 10);
    const copy = place.directory.join('copy.db');
    copyFileSync(place.database, copy);
    assert.equal(await count(place, copy), 0);
  });
});

describe('docs/operating.md: restore', { skip: lacks('sqlite3') }, () => {
  /** 10 messages, a backup, 5 more, and the backup put in place. */
  async function restored(place: Installation, how: string): Promise<[TestServer, Position]> {
    const before = await place.start();
    await publish(place, before, 10);
    await place.output(backup);
    const last = await publish(place, before, 5);
    await place.stop();
    await place.output(how);
    return [await place.start(), last];
  }

  it('tells clients that came further than the backup of a gap', async () => {
    await using place = new Installation();
    const [fw, last] = await restored(place, restore);
    const early = await comeBack(fw, last);
    assert.deepEqual(early.gap, { from: 1, to: null });
    assert.equal(early.replayed, 10);
    await publish(place, fw, 20);
    const late = await comeBack(fw, last);
    assert.deepEqual(late.gap, { from: 1, to: null });
    assert.equal(late.recovered, false);
    assert.equal(late.replayed, 30);
    assert.notEqual(late.epoch, last.epoch);
  });

  it('goes on counting where the backup stood', async () => {
    await using place = new Installation();
    const [fw] = await restored(place, restore);
    assert.equal((await publish(place, fw, 1)).offset, 11);
  });
});

describe('docs/operating.md: upgrade', { skip: lacks('sqlite3') }, () => {
  it('the format of a file can be asked for', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    await publish(place, fw, 1);
    const [block] = page.blocks.filter(({ code }) => code.includes("'PRAGMA user_version'"));
    const printed = await place.output(block?.code ?? 'false');
    assert.equal(Number(printed.trim()), schemaVersion);
  });

  it('a restart of the same version keeps positions', async () => {
    await using place = new Installation();
    const before = await place.start();
    const last = await publish(place, before, 3);
    await place.stop();
    await using fw = await place.start();
    assert.deepEqual(await comeBack(fw, last), { ...last, recovered: true, replayed: 0 });
  });

  it('a file of a newer version is left alone, with exit code 2', async () => {
    await using place = new Installation();
    await place.start();
    await place.stop();
    await place.output(`sqlite3 '${place.database}' 'PRAGMA user_version = ${schemaVersion + 1}'`);
    const file = readFileSync(place.database);
    await using older = new Running(process.execPath, ['server/src/main.ts', 'serve'], {
      cwd: root,
      env: { ...place.env, PORT: '0' },
    });
    const told = 'was written by a newer Fanwire';
    assert.ok(page.text.includes(`\`${told}\``));
    await prints(older.printed, [told]);
    assert.equal(await older.ended, 2);
    assert.deepEqual(readFileSync(place.database), file);
  });
});

describe('docs/operating.md: disk', { skip: lacks('sqlite3') }, () => {
  it('a message of 128 bytes takes no more than some 240 bytes when many come at once', async () => {
    await using place = new Installation();
    const fw = await place.start();
    const headers = { 'x-api-key': place.pasted('PASTE_A_KEY') };
    const message = { channel: 'news', data: 'x'.repeat(126), persist: true };
    const size = async (): Promise<number> => {
      const pages =
        'PRAGMA wal_checkpoint; SELECT page_count * page_size FROM pragma_page_count, pragma_page_size';
      return Number((await place.output(`sqlite3 '${place.database}' '${pages}'`)).trim().split('\n').at(-1));
    };
    const empty = await size();
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const { status } = await fw.call(
        'POST',
        '/api/batch',
        { messages: Array(1000).fill(message) },
        headers,
      );
      assert.equal(status, 200);
    }
    const each = ((await size()) - empty) / (rounds * 1000);
    assert.ok(each > 190 && each < 260, `${each} bytes`);
    await place.stop();
  });

  it('VACUUM with the server stopped gives room back, and takes removed texts out of the file', async () => {
    await using place = new Installation();
    const fw = await place.start();
    const headers = { 'x-api-key': place.pasted('PASTE_ANOTHER_KEY') };
    const messages = Array.from({ length: 500 }, () => ({
      channel: 'news',
      data: `a-leaked-password ${'x'.repeat(500)}`,
      persist: true,
    }));
    await fw.call('POST', '/api/batch', { messages }, headers);
    const { body } = await fw.call('DELETE', '/api/channels/news/messages', undefined, headers);
    assert.deepEqual(body, { ok: true, offset: 500 });
    // What is left is the message that tells subscribers.
    await eventually(async () => (await count(place, place.database)) === 1, 'the rows are deleted');
    await place.stop();
    const before = statSync(place.database).size;
    await place.output(snippet('chat.db VACUUM'));
    assert.ok(statSync(place.database).size < before / 2);
    assert.ok(!readFileSync(place.database).includes('a-leaked-password'));
  });
});
