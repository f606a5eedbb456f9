import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { ChannelState, Draft, HistoryPage, HistoryQuery } from '../../src/engine/engine.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { openFile } from '../../src/engine/sqlite/file.ts';
import { schemaVersion } from '../../src/engine/sqlite/schema.ts';
import { StartError } from '../../src/errors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { lacks } from '../support/needs.ts';
import { testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';

/** What the system's own `sqlite3` answers, as JSON. */
function sqlite3(path: string, sql: string): Record<string, unknown>[] {
  const answer = execFileSync('sqlite3', ['-json', path, sql], { encoding: 'utf8' });
  return answer === '' ? [] : JSON.parse(answer);
}

describe('the file, read with the sqlite3 program while the server runs', { skip: lacks('sqlite3') }, () => {
  it('shows the messages in readable columns', async () => {
    using directory = new Directory();
    await using fw = await testServer({ directory: directory.path });
    const room = await fw.room('general', 'u1');
    await room.ask({ type: 'chat.message', text: 'hällo "you"', ref: 1 }, { type: 'chat.ack' });
    const publish = (content: unknown, type?: string) =>
      fw.call('POST', '/ws/send-to-channel', {
        channel: 'general',
        persist: true,
        message: { content, type },
      });
    await publish({ text: 'in an object', more: [1] }, 'note');
    await publish({ answer: 42 });
    await publish([1, 2]);
    await publish(17);
    await publish(null);

    const path = directory.join('chat.db');
    const columns = 'channel, offset, id, type, user, text, data, created_at';
    const rows = sqlite3(path, `SELECT ${columns} FROM messages ORDER BY offset`);
    assert.deepEqual(
      rows.map(({ id: _id, created_at: _time, ...row }) => row),
      [
        {
          channel: 'general',
          offset: 1,
          type: 'text',
          user: 'u1',
          text: 'hällo "you"',
          data: '"hällo \\"you\\""',
        },
        {
          channel: 'general',
          offset: 2,
          type: 'note',
          user: null,
          text: 'in an object',
          data: '{"text":"in an object","more":[1]}',
        },
        {
          channel: 'general',
          offset: 3,
          type: 'text',
          user: null,
          text: '{"answer":42}',
          data: '{"answer":42}',
        },
        { channel: 'general', offset: 4, type: 'text', user: null, text: '[1,2]', data: '[1,2]' },
        { channel: 'general', offset: 5, type: 'text', user: null, text: '17', data: '17' },
        { channel: 'general', offset: 6, type: 'text', user: null, text: 'null', data: 'null' },
      ],
    );
    for (const { id, created_at } of rows) {
      assert.match(String(id), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const age = Date.now() - Date.parse(String(created_at));
      assert.ok(age >= 0 && age < 60_000, String(created_at));
    }
    const [all = {}] = sqlite3(path, 'SELECT * FROM messages LIMIT 1');
    assert.equal(Object.keys(all).slice(0, 8).join(', '), columns);
  });

  it('shows every message of a batch, as the server gives it', async () => {
    using directory = new Directory();
    await using fw = await testServer({ directory: directory.path });
    const contents = [
      'plain',
      'with , and "😀"',
      { text: 'in an object' },
      [1, ['2']],
      null,
      1.5,
      true,
      'last',
    ];
    const texts = ['plain', 'with , and "😀"', 'in an object', '[1,["2"]]', 'null', '1.5', 'true', 'last'];
    const messages = contents.map((data) => ({ channel: 'general', data }));
    const { body } = await fw.call('POST', '/api/batch', { messages });
    const { results } = body;
    const rows = sqlite3(directory.join('chat.db'), 'SELECT offset, id, text, data FROM messages');
    assert.deepEqual(
      rows,
      contents.map((data, at) => ({
        offset: at + 1,
        id: results[at].id,
        text: texts[at],
        data: JSON.stringify(data),
      })),
    );
    const [{ rows: runs } = {}] = sqlite3(directory.join('chat.db'), 'SELECT count(*) AS rows FROM runs');
    assert.equal(runs, 1);
  });

  it('does not disturb the server: reading goes on beside publishing', async () => {
    using directory = new Directory();
    await using fw = await testServer({ directory: directory.path });
    const client = await fw.socket('/ws/connect');
    for (let n = 1; n <= 20; n++) {
      const data = { channel: 'c', content: n };
      await client.ask({ action: 'send_to_channel', data, request_id: n }, { type: 'ack', request_id: n });
      const [{ count } = {}] = sqlite3(directory.join('chat.db'), 'SELECT count(*) AS count FROM messages');
      assert.equal(count, n, 'what is acknowledged is there');
    }
  });

  it('another program that holds the file makes publishing unavailable, and loses nothing', async () => {
    using directory = new Directory();
    await using fw = await testServer({ directory: directory.path });
    const publish = (id: string) =>
      fw.call('POST', '/ws/send-to-channel', { channel: 'c', message: { id, content: id } });
    assert.equal((await publish('a')).status, 200);
    const holder = spawn('sqlite3', ['-batch', directory.join('chat.db')]);
    const closed = once(holder, 'close');
    holder.stdin.write("BEGIN IMMEDIATE; SELECT 'held';\n");
    await once(holder.stdout, 'data');
    const refused = await publish('b');
    assert.deepEqual([refused.status, refused.body.error.code], [503, 'unavailable']);
    assert.equal((await fw.call('GET', '/ready')).status, 503);
    holder.stdin.end('ROLLBACK;\n');
    await closed;
    const { status, body } = await publish('b');
    assert.deepEqual([status, body.offset, body.duplicate], [200, 2, false]);
    assert.equal((await fw.call('GET', '/ready')).status, 200);
  });
});

describe('the file itself', () => {
  it('says whose it is and of which version, and is sound', () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    openFile(path, 'process').close();
    const head = readFileSync(path);
    assert.equal(head.subarray(68, 72).toString(), 'Fanw', 'application_id');
    assert.equal(head.readUInt32BE(60), schemaVersion, 'user_version');
    const database = new DatabaseSync(path);
    assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    database.close();
  });

  it('is brought to the newest version once, and not touched by a second start', () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    openFile(path, 'process').close();
    const first = readFileSync(path);
    openFile(path, 'process').close();
    assert.ok(readFileSync(path).equals(first));
  });

  it('is in WAL mode, and synchronous as DURABILITY says', () => {
    using directory = new Directory();
    for (const [durability, synchronous] of [
      ['process', 1],
      ['disk', 2],
    ] as const) {
      const file = openFile(directory.join(`${durability}.db`), durability);
      const pragma = (name: string): unknown => file.database.prepare(`PRAGMA ${name}`).get()?.[name];
      assert.deepEqual([pragma('journal_mode'), pragma('synchronous')], ['wal', synchronous]);
      file.close();
    }
  });

  for (const [durability, synchronous] of [
    ['process', 1],
    ['disk', 2],
  ] as const) {
    it(`is ${durability === 'disk' ? '' : 'not '}synced at every commit of a server with DURABILITY=${durability}`, async (test) => {
      const used = databasesOf(test);
      using directory = new Directory();
      await using fw = await testServer({ directory: directory.path, env: { DURABILITY: durability } });
      const message = { channel: 'c', message: { content: 1 } };
      assert.equal((await fw.call('POST', '/ws/send-to-channel', message)).status, 200);
      const database = [...used()].find(
        (each) => each.location() === realpathSync(directory.join('chat.db')),
      );
      const pragma = (name: string): unknown => database?.prepare(`PRAGMA ${name}`).get()?.[name];
      assert.deepEqual([pragma('journal_mode'), pragma('synchronous')], ['wal', synchronous]);
    });
  }

  it('is locked from its opening to its closing', () => {
    using directory = new Directory();
    const path = directory.join('chat.db');
    const first = openFile(path, 'process');
    assert.throws(
      () => openFile(path, 'process'),
      (thrown) => thrown instanceof StartError && /another Fanwire is using/.test(thrown.message),
    );
    first.close();
    openFile(path, 'process').close();
  });
});

/** Statements that are prepared from here on, and on which databases. */
function preparedOf(test: TestContext): () => { sql: string; database: DatabaseSync }[] {
  const { mock } = test.mock.method(DatabaseSync.prototype, 'prepare');
  return () => mock.calls.map((call) => ({ sql: call.arguments[0], database: call.this as DatabaseSync }));
}

function databasesOf(test: TestContext): () => Set<DatabaseSync> {
  const prepared = preparedOf(test);
  return () => new Set(prepared().map(({ database }) => database));
}

/** How SQLite goes about a statement. */
function planOf(database: DatabaseSync, sql: string): string {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  return steps.map(({ detail }) => String(detail)).join('; ');
}

/** Of each statement that reads the table of messages, how SQLite goes about it in this file. */
async function plansOf(test: TestContext, path: string, historyTtl: number): Promise<Map<string, string>> {
  const prepared = preparedOf(test);
  const engine = new SqliteEngine({
    path,
    durability: 'process',
    retention: { windowSize: 1000, windowTtl: 600_000, historyTtl, idempotencyWindow: 300_000 },
    clock: new FakeClock(),
    report: (thrown) => assert.fail(String(thrown)),
  });
  await opened(engine);
  const reads = prepared().filter(({ sql }) => /\b(FROM|UPDATE) runs\b/.test(sql));
  // Prepared always, run only where something expires.
  const statements = reads.filter(({ sql }) => historyTtl > 0 || !/persist = 1 AND time <= \?/.test(sql));
  const plans = new Map(statements.map(({ sql, database }) => [sql, planOf(database, sql)]));
  await engine.close();
  test.mock.restoreAll();
  return plans;
}

describe('how the messages are found', () => {
  for (const historyTtl of [0, 3_600_000]) {
    it(`by a search in an index, never by a scan, when the history is kept ${historyTtl || 'for ever'}`, async (test) => {
      using directory = new Directory();
      const plans = await plansOf(test, directory.join('chat.db'), historyTtl);
      assert.ok(plans.size >= 10, `${plans.size} statements`);
      for (const [sql, plan] of plans) {
        assert.doesNotMatch(plan, /SCAN runs/, sql);
        assert.match(plan, /SEARCH runs (EXISTS )?USING (COVERING )?(INDEX|INTEGER PRIMARY KEY)/, sql);
      }
    });
  }

  it('pages of history begin at their place in the index and come in its order, unsorted', async (test) => {
    using directory = new Directory();
    const plans = await plansOf(test, directory.join('chat.db'), 0);
    const pages = [...plans].filter(([sql]) => /ORDER BY last (ASC|DESC)$/.test(sql));
    assert.equal(pages.length, 3, 'pages in both directions, and how far runs reach');
    for (const [sql, plan] of pages) {
      const search = 'SEARCH runs USING INDEX runs_place (channel=? AND last>? AND last<?)';
      assert.equal(plan, search, sql);
    }
  });
});

/** Nine tenths of them are kept for ever: more than a million. */
const wanted = 1_115_000;
const least = 300_000;
const batch = 5_000;
/** Milliseconds for filling; on a slow machine there are fewer messages then. */
const fillingTime = 10_000;

describe('a channel with a million messages', () => {
  it('is read at any place in the same time', async (test) => {
    using directory = new Directory();
    const clock = new FakeClock();
    const start = clock.now();
    const retention = { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
    const engine = new SqliteEngine({
      path: directory.join('chat.db'),
      durability: 'process',
      retention,
      clock,
      report: (thrown) => assert.fail(String(thrown)),
    });
    const { epoch } = await opened(engine);
    const top = await fill(engine, clock, test);
    const half = Math.floor(top / 2);
    const end = clock.now();
    const middle = start + (end - start) / 2;

    const pages: Readonly<Record<string, HistoryQuery>> = {
      'behind the start': { limit: 50, after: 0 },
      'behind the middle': { limit: 50, after: half },
      'behind nearly all': { limit: 50, after: top - 60 },
      'before the 60th': { limit: 50, before: 60 },
      'before the middle': { limit: 50, before: half },
      'the last': { limit: 50 },
      'behind the top': { limit: 50, after: top + 1000 },
    };
    const times: Readonly<Record<string, HistoryQuery>> = {
      'from the start': { limit: 50, from: start },
      'from the middle': { limit: 50, from: middle },
      'from nearly the end': { limit: 50, from: end - 1 },
      'up to the start': { limit: 50, to: start + 10 },
      'up to the middle': { limit: 50, to: middle },
    };
    const read = (query: HistoryQuery) => (): Promise<HistoryPage> => engine.read('c', query);
    await flat(test, 'pages by offset', pages, read);
    await flat(test, 'pages by time', times, read);
    const positions = {
      start: 0,
      middle: half,
      'nearly the end': top - 5,
      end: top,
      'beyond it': top + 1000,
    };
    const state = (after: number) => (): Promise<ChannelState> => engine.state('c', after);
    await flat(test, 'states', positions, state);

    const answer = await engine.state('c', half);
    assert.deepEqual([answer.epoch, answer.offset], [epoch, top]);
    await engine.close();
  });
});

async function opened(engine: SqliteEngine): Promise<{ epoch: string }> {
  await engine.open({ deliver: () => {}, unsure: () => {}, presence: () => {} });
  return engine.state('c');
}

/** Every tenth message is kept for the recovery window only, so that the history has holes. Returns the last offset. */
async function fill(engine: SqliteEngine, clock: FakeClock, test: TestContext): Promise<number> {
  const begun = performance.now();
  let offset = 0;
  while (offset < wanted && (offset < least || performance.now() - begun < fillingTime)) {
    const drafts = Array.from({ length: batch }, (_, index): Draft => {
      const id = `${offset + index}`;
      const persist = index % 10 > 0;
      return {
        channel: 'c',
        id,
        keyed: false,
        space: '',
        type: 'text',
        data: `"message ${id}"`,
        sender: null,
        persist,
      };
    });
    await engine.append(drafts);
    offset += batch;
    clock.advance(10);
  }
  test.diagnostic(`${offset} messages in ${Math.round(performance.now() - begun)} ms`);
  return offset;
}

/** The median of many calls at each place: each short, and no place much slower than another. */
async function flat<Place>(
  test: TestContext,
  what: string,
  places: Readonly<Record<string, Place>>,
  callOf: (place: Place) => () => Promise<unknown>,
): Promise<void> {
  const medians: Record<string, number> = {};
  for (const [name, place] of Object.entries(places)) medians[name] = await median(callOf(place));
  const shown = Object.entries(medians).map(([name, ms]) => `${name} ${ms.toFixed(3)}`);
  test.diagnostic(`${what} (ms): ${shown.join(', ')}`);
  // Below a tenth of a millisecond a difference is the machine's.
  const all = Object.values(medians).map((ms) => Math.max(ms, 0.1));
  assert.ok(Math.max(...all) < 5, shown.join());
  assert.ok(Math.max(...all) / Math.min(...all) < 5, shown.join());
}

async function median(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 301; n++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[150] ?? Number.POSITIVE_INFINITY;
}
