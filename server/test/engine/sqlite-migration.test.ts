import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import type { HistoryQuery } from '../../src/engine/engine.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { migrations, schemaVersion } from '../../src/engine/sqlite/schema.ts';
import { testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';

/** A file of this version, without a message. */
function makeFile(path: string, version: number): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  for (const migration of migrations.slice(0, version)) database.exec(migration);
  database.exec(`PRAGMA application_id = ${0x46616e77}; PRAGMA user_version = ${version}`);
  database.exec("INSERT INTO meta (key, value) VALUES ('epoch', 'the-epoch')");
  return database;
}

/** A file of the first version with three messages of the channel "news", the second one removed. */
function writeVersion1(path: string): void {
  const database = makeFile(path, 1);
  const insert = database.prepare(
    'INSERT INTO messages (channel, offset, id, type, user, data, time, persist, rank, keyed, connection, client) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, 0, ?, NULL)',
  );
  insert.run('news', 1, 'id-1', 'text', 'u1', '"one"', 1_700_000_000_000, 1, 'c1');
  insert.run('news', 2, 'id-2', 'deleted', null, 'null', 1_700_000_000_001, 2, null);
  insert.run('news', 3, 'id-3', 'text', 'u1', '{"text":"three"}', 1_700_000_000_002, 3, 'c1');
  database.close();
}

describe('a file of version 1', () => {
  it('is brought to the newest version with everything that is in it', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    writeVersion1(path);
    await using fw = await testServer({ directory: directory.path });
    const { body } = await fw.call('GET', '/api/channels/news/messages');
    assert.deepEqual(
      body.messages.map(({ id, content }: { id: string; content: unknown }) => [id, content]),
      [
        ['id-1', 'one'],
        ['id-2', null],
        ['id-3', { text: 'three' }],
      ],
    );
    assert.deepEqual([body.epoch, body.offset], ['the-epoch', 3]);
    const published = await fw.call('POST', '/api/publish', { channel: 'news', data: 'four' });
    assert.deepEqual([published.body.offset, published.body.epoch], [4, 'the-epoch']);
    const file = new DatabaseSync(path, { readOnly: true });
    assert.equal(file.prepare('PRAGMA user_version').get()?.user_version, schemaVersion);
    const rows = file.prepare('SELECT offset, text, created_at FROM messages ORDER BY offset LIMIT 3').all();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [
        { offset: 1, text: 'one', created_at: '2023-11-14T22:13:20.000Z' },
        { offset: 2, text: 'null', created_at: '2023-11-14T22:13:20.001Z' },
        { offset: 3, text: 'three', created_at: '2023-11-14T22:13:20.002Z' },
      ],
    );
    file.close();
  });
});

describe('a file of version 3', () => {
  it('remembers the ids of publishers, as ids of the back ends', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    const database = makeFile(path, 3);
    const now = Date.now();
    const insert = (table: string, id: string, offset: number): void => {
      database.prepare(`INSERT INTO ${table} VALUES ('news', ?, ?, ?)`).run(id, offset, now - 9);
    };
    insert('ids_0', 'newer', 2);
    insert('ids_1', 'older', 1);
    database.exec(
      `INSERT INTO channels VALUES ('news', 2, ${now}, 0, 2, 2, 2);
       INSERT INTO meta VALUES ('ids_current', '0'), ('ids_since', '${now - 99}');`,
    );
    database.close();
    await using fw = await testServer({ directory: directory.path });
    const publish = async (id: string) =>
      (await fw.call('POST', '/api/publish', { channel: 'news', data: 1, id })).body;
    assert.deepEqual([(await publish('newer')).duplicate, (await publish('older')).offset], [true, 1]);
    assert.deepEqual([(await publish('fresh')).duplicate, (await publish('fresh')).duplicate], [false, true]);
  });
});

/** A file of the second version: of the channel "news" three messages, the last by a publisher's own id. */
function writeVersion2(path: string): void {
  const database = makeFile(path, 2);
  const insert = database.prepare(
    'INSERT INTO message_log (channel, offset, id, type, user, data, time, persist, rank, keyed, connection, client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const now = Date.now();
  insert.run('news', 1, 'id-1', 'text', null, '{"a": "😀,"}', now - 9, 1, 1, 0, null, null);
  insert.run('news', 2, 'id-2', 'text', null, '"passing"', now - 8, 0, 1, 0, null, null);
  insert.run(
    'news',
    3,
    'chosen',
    'note',
    'u1',
    '12345678901234567890.10',
    now - 7,
    1,
    2,
    1,
    'c1',
    'client-1',
  );
  database.close();
}

describe('a file of version 2', () => {
  it('keeps every message as it was, and the ids that publishers chose', async () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    writeVersion2(path);
    const engine = new SqliteEngine({
      path,
      durability: 'process',
      retention: { windowSize: 100, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 },
      clock: systemClock,
      report: (thrown) => assert.fail(String(thrown)),
    });
    await engine.open({ deliver() {}, unsure() {}, presence() {} });
    const texts = async (query: Partial<HistoryQuery> = {}) => {
      const { messages } = await engine.read('news', { limit: 10, ...query });
      return messages.map(({ offset, id, data }) => `${offset} ${id} ${data}`);
    };
    const kept = ['1 id-1 {"a": "😀,"}', '3 chosen 12345678901234567890.10'];
    assert.deepEqual(await texts(), [kept[0], '2 id-2 "passing"', kept[1]]);
    assert.deepEqual(await texts({ persisted: true }), kept);
    const { messages } = await engine.read('news', { limit: 1 });
    assert.deepEqual(messages[0]?.sender, { user: 'u1', connection: 'c1', client: 'client-1' });
    assert.deepEqual(await engine.state('news', 1), {
      epoch: 'the-epoch',
      offset: 3,
      completeFrom: 1,
      kept: 2,
    });
    assert.equal(await engine.remove('news', 'chosen'), 3);
    assert.deepEqual(await texts(), [kept[0], '2 id-2 "passing"', '3 chosen null']);
    await engine.close();
  });
});
