import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { eventually } from '../support/eventually.ts';
import { Directory } from '../support/server-process.ts';

const mebibyte = 1024 * 1024;

/** An engine on a file of its own, and what it reported. */
class Store implements AsyncDisposable {
  readonly faults: unknown[] = [];
  readonly engine: SqliteEngine;
  readonly path: string;
  readonly #directory = new Directory();

  private constructor() {
    this.path = this.#directory.join('chat.db');
    this.engine = new SqliteEngine({
      path: this.path,
      durability: 'process',
      retention: { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 },
      clock: systemClock,
      report: (thrown) => this.faults.push(thrown),
    });
  }

  static async open(): Promise<Store> {
    const store = new Store();
    await store.engine.open({ deliver: () => {}, unsure: () => {}, presence: () => {} });
    return store;
  }

  /** A batch with one message for each of so many channels. */
  async append(channels: number): Promise<void> {
    await this.engine.append(
      Array.from({ length: channels }, (_, n) => ({
        channel: `channel ${n}`,
        id: crypto.randomUUID(),
        keyed: false,
        space: '',
        type: 'text',
        data: '"0123456789"',
        sender: null,
        persist: true,
      })),
    );
    await setImmediate();
  }

  size(suffix = ''): number {
    return existsSync(this.path + suffix) ? statSync(this.path + suffix).size : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    assert.deepEqual(this.faults, []);
    this.#directory[Symbol.dispose]();
  }
}

describe('the log of a sqlite file', { timeout: 60_000 }, () => {
  it('is moved into the file while the engine is open, and is gone when it has been closed', async () => {
    await using store = await Store.open();
    const before = store.size();
    for (let n = 0; n < 9; n++) await store.append(1000);
    await eventually(async () => store.size() > before + mebibyte / 2, 'the file has grown');
    await store.engine.close();
    assert.equal(store.size('-wal'), 0);
    assert.ok(store.size() > mebibyte);
  });

  it('does not grow for ever under writing that never stops', async () => {
    await using store = await Store.open();
    let largest = 0;
    for (let n = 0; n < 150; n++) {
      await store.append(1000);
      largest = Math.max(largest, store.size('-wal'));
    }
    // Each of these batches writes some 3 MB to the log.
    assert.ok(largest > 20 * mebibyte && largest < 200 * mebibyte, `${largest / mebibyte} MiB`);
    const { offset } = await store.engine.read('channel 999', { after: 0, limit: 1 });
    assert.equal(offset, 150);
  });

  it('takes no more than its share of the disk once a long reader has gone', async () => {
    await using store = await Store.open();
    await store.append(1);
    const reader = new DatabaseSync(store.path, { readOnly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM runs').get();
    for (let n = 0; n < 300 && store.size('-wal') < 70 * mebibyte; n++) await store.append(1000);
    assert.ok(store.size('-wal') >= 70 * mebibyte, `${store.size('-wal') / mebibyte} MiB while it reads`);
    reader.close();
    await eventually(async () => {
      for (let n = 0; n < 9; n++) await store.append(1000);
      return store.size('-wal') <= 64 * mebibyte;
    }, 'the log has shrunk');
  });

  it('lets the engine close right after it was asked to be moved', async () => {
    await using store = await Store.open();
    for (let n = 0; n < 9; n++) await store.append(1000);
    await store.engine.close();
    assert.equal(store.size('-wal'), 0);
  });
});
