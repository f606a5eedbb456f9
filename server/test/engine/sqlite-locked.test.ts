import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { draftOf } from '../../src/engine/conformance/kit.ts';
import type { Draft, Message } from '../../src/engine/engine.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { Notice, StartError } from '../../src/errors.ts';
import { ForeignLock } from '../support/foreign-lock.ts';
import { Directory } from '../support/server-process.ts';

const unavailable = { code: 'unavailable' };

/** An engine on a file of its own, whose sink keeps what it is given. */
class Store implements AsyncDisposable {
  readonly delivered: Message[] = [];
  readonly notices: string[] = [];
  readonly engine: SqliteEngine;
  readonly path: string;
  readonly #directory = new Directory();

  constructor({ windowTtl = 600_000 } = {}) {
    this.path = this.#directory.join('chat.db');
    this.engine = new SqliteEngine({
      path: this.path,
      durability: 'process',
      retention: { windowSize: 1000, windowTtl, historyTtl: 0, idempotencyWindow: 300_000 },
      clock: systemClock,
      report: (thrown) =>
        this.notices.push(thrown instanceof Notice ? thrown.message : assert.fail(String(thrown))),
    });
  }

  static async open(options: { windowTtl?: number } = {}): Promise<Store> {
    const store = new Store(options);
    await store.start();
    return store;
  }

  start(): Promise<void> {
    const deliver = (messages: readonly Message[]) => this.delivered.push(...messages);
    return this.engine.open({ deliver, unsure() {}, presence() {} });
  }

  append(...ids: string[]): Promise<number[]> {
    const drafts = ids.map(
      (id): Draft => ({
        channel: 'c',
        id,
        keyed: true,
        space: '',
        type: 'text',
        data: '1',
        sender: null,
        persist: true,
      }),
    );
    return this.engine.append(drafts).then((receipts) => receipts.map(({ offset }) => offset));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    this.#directory[Symbol.dispose]();
  }
}

/** The longest that the event loop stood still until `stop`, in milliseconds. */
function watchLoop(): () => number {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  return () => {
    clearInterval(timer);
    return Math.max(longest, performance.now() - last);
  };
}

describe('while another program holds the file', { timeout: 60_000 }, () => {
  it('what writes waits in order, nothing is delivered, and all of it is done when the lock is gone', async () => {
    await using store = await Store.open();
    await store.engine.follow('c');
    await store.append('a');
    await using lock = await ForeignLock.take(store.path);
    const stop = watchLoop();
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    const room = { channel: 'vip', owner: 'u', private: true, members: ['u'] };
    const waiting = [
      store.append('b', 'c').then(note('append')),
      store.engine.rooms.create(room).then(note('create')),
      store.engine.rooms.admit('vip', 'v').then(note('admit')),
      store.engine.rooms.expel('vip', 'u').then(note('expel')),
      store.engine.revocations.add({ kind: 'token', id: 't' }).then(note('revoke')),
      store.engine.remove('c', 'a').then(note('remove')),
      store.append('d').then(note('append again')),
    ];
    await delay(1_000);
    assert.deepEqual([order, store.delivered.map(({ id }) => id)], [[], ['a']]);
    assert.equal((await store.engine.read('c', { limit: 9 })).messages.length, 1, 'reading goes on');
    await lock.release();
    await Promise.all(waiting);
    assert.ok(stop() < 500);
    assert.equal(order.length, waiting.length);
    const rooms = order.filter((name) => ['create', 'admit', 'expel', 'revoke'].includes(name));
    assert.deepEqual(rooms, ['create', 'admit', 'expel', 'revoke']);
    assert.deepEqual(
      store.delivered.map(({ id, offset }) => [id, offset]),
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
        ['d', 4],
      ],
    );
    assert.deepEqual(await store.engine.rooms.all(), [{ ...room, members: ['v'] }]);
    assert.deepEqual(store.notices, [], 'a lock that goes in time is nobody’s business');
  });

  it('after two seconds all that waits is refused, and nothing of it was kept or delivered', async () => {
    await using store = await Store.open();
    await store.engine.follow('c');
    await using lock = await ForeignLock.take(store.path);
    const begun = performance.now();
    const stop = watchLoop();
    const refused = await Promise.allSettled([store.append('a'), store.engine.clear('c'), store.append('b')]);
    const took = performance.now() - begun;
    assert.ok(took > 1_900 && took < 3_000, `${took} ms`);
    for (const result of refused)
      assert.equal(result.status === 'rejected' && result.reason.code, 'unavailable');
    const later = performance.now();
    await assert.rejects(store.append('c'), unavailable);
    assert.ok(performance.now() - later < 500, 'from now on at once');
    const { ok, detail = '', told = '' } = await store.engine.health();
    assert.equal(ok, false);
    assert.ok(detail.includes(`another program holds a lock on ${store.path}`), detail);
    assert.ok(told.includes('another program holds a lock') && !told.includes(store.path), told);
    assert.ok(stop() < 1_000);
    await lock.release();
    assert.deepEqual([await store.append('a'), store.delivered.length], [[1], 1]);
    assert.deepEqual(await store.engine.health(), { ok: true });
    assert.match(
      store.notices.join('\n'),
      /^another program holds a lock on .*fuser.*\n.* can be written again$/,
    );
  });

  it('what has expired is gone for readers all the same', async () => {
    await using store = await Store.open({ windowTtl: 50 });
    await store.engine.append([draftOf('w')]);
    await using _lock = await ForeignLock.take(store.path);
    await delay(60);
    const { kept, completeFrom, offset } = await store.engine.state('w');
    assert.deepEqual([kept, completeFrom, offset], [0, 2, 1]);
    assert.deepEqual((await store.engine.read('w', { limit: 9 })).messages, []);
  });

  it('the engine closes', async () => {
    await using store = await Store.open();
    await store.append('a');
    await using _lock = await ForeignLock.take(store.path);
    const waiting = assert.rejects(store.append('b'), unavailable);
    const stop = watchLoop();
    const begun = performance.now();
    await store.engine.close();
    assert.ok(performance.now() - begun < 4_000);
    assert.ok(stop() < 1_000);
    await waiting;
  });
});

describe('a start while another program holds the file', { timeout: 60_000 }, () => {
  for (const sql of ['BEGIN IMMEDIATE', 'PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE']) {
    it(`waits for it, and holds up nothing else (${sql})`, async () => {
      await using store = await Store.open();
      await store.append('a');
      await store.engine.close();
      await using lock = await ForeignLock.take(store.path, sql);
      const stop = watchLoop();
      const starting = store.start();
      await delay(2_000);
      await lock.release();
      await starting;
      assert.ok(stop() < 1_000);
      assert.deepEqual(await store.append('b'), [2]);
    });
  }

  it('ends after five seconds with a text that says what to do', async () => {
    await using store = await Store.open();
    await store.engine.close();
    await using _lock = await ForeignLock.take(store.path);
    await assert.rejects(
      store.start(),
      (thrown) =>
        thrown instanceof StartError &&
        /another program holds a lock on .*Close .*fuser/.test(thrown.message),
    );
  });
});
