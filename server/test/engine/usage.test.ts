import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Draft, Engine, Retention } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { accountOfUser, type StorageLimits } from '../../src/engine/usage.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Directory } from '../support/server-process.ts';

const mebibyte = 1024 * 1024;
const limits: StorageLimits = { total: 100 * mebibyte, channel: 100_000, account: 150_000 };
const ann = accountOfUser('ann');

/** 10,000 bytes that are to be kept, of ann unless `change` says otherwise. */
function draft(channel: string, change: Partial<Draft> = {}): Draft {
  const sender = { user: 'ann', connection: 'c1', client: null };
  const data = JSON.stringify('x'.repeat(9_898));
  const account = ann;
  return {
    channel,
    id: crypto.randomUUID(),
    keyed: false,
    space: '',
    type: 'text',
    data,
    sender,
    persist: true,
    account,
    ...change,
  };
}

type Make = (clock: FakeClock, retention: Retention, storage: StorageLimits, path: string) => Engine;

const engines: Record<string, Make> = {
  memory: (clock, retention, storage) => new MemoryEngine({ clock, retention, storage }),
  sqlite: (clock, retention, storage, path) =>
    new SqliteEngine({
      path,
      durability: 'process',
      retention,
      storage,
      clock,
      report: (thrown) => assert.fail(String(thrown)),
    }),
};

class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly retention: Retention;
  engine: Engine;
  readonly #directory = new Directory();
  readonly #make: () => Engine;

  constructor(make: Make, historyTtl = 0, storage = limits) {
    this.retention = { windowSize: 10, windowTtl: 1000, historyTtl, idempotencyWindow: 1000 };
    this.#make = () => make(this.clock, this.retention, storage, this.#directory.join('chat.db'));
    this.engine = this.#make();
  }

  async open(): Promise<void> {
    await this.engine.open({ deliver() {}, unsure() {}, presence() {} });
  }

  async reopen(): Promise<void> {
    await this.engine.close();
    this.engine = this.#make();
    await this.open();
  }

  async append(count: number, channel: string, change: Partial<Draft> = {}): Promise<void> {
    for (let n = 0; n < count; n++) await this.engine.append([draft(channel, change)]);
  }

  limit(channel: string, account = ann, persist = true): string | null {
    return this.engine.exhausted.limit(channel, account, persist);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    this.#directory[Symbol.dispose]();
  }
}

for (const [name, make] of Object.entries(engines)) {
  describe(`${name}: what is kept counts`, () => {
    it('for its channel and for its account, and nothing else does', async () => {
      await using bench = new Bench(make);
      await bench.open();
      await bench.append(9, 'a');
      await bench.append(50, 'a', { persist: false });
      assert.equal(bench.limit('a'), null);
      await bench.append(1, 'a');
      assert.deepEqual(
        [bench.limit('a'), bench.limit('a', ann, false), bench.limit('b')],
        ['channel', null, null],
      );
      await bench.append(5, 'b');
      assert.deepEqual([bench.limit('b'), bench.limit('b', accountOfUser('bob'))], ['account', null]);
      await bench.append(20, 'c', { account: undefined });
      assert.equal(bench.limit('d', 'guests'), null);
    });

    it('until it is cleared', async () => {
      await using bench = new Bench(make);
      await bench.open();
      await bench.append(15, 'a');
      await bench.append(15, 'guests', {
        account: 'guests',
        sender: { user: 'ann', connection: 'c2', client: null },
      });
      assert.deepEqual(
        [bench.limit('a'), bench.limit('b'), bench.limit('b', 'guests')],
        ['channel', 'account', 'account'],
      );
      await bench.engine.clear('guests');
      bench.clock.advance(1000);
      assert.deepEqual(
        [bench.limit('b'), bench.limit('b', 'guests')],
        ['account', null],
        'a guest of her name is not ann',
      );
      await bench.engine.clear('a');
      bench.clock.advance(1000);
      assert.deepEqual([bench.limit('a'), bench.limit('b')], [null, null]);
    });

    it('until it has expired', async () => {
      await using bench = new Bench(make, 5000);
      await bench.open();
      await bench.append(15, 'a');
      assert.equal(bench.limit('b'), 'account');
      bench.clock.advance(10_000);
      assert.deepEqual([bench.limit('a'), bench.limit('b')], [null, null]);
    });

    it('for everything, of which the last tenth is for what is not kept', async () => {
      const storage = { total: mebibyte, channel: 10 * mebibyte, account: 10 * mebibyte };
      await using bench = new Bench(make, 0, storage);
      await bench.open();
      while (bench.limit('a') === null) await bench.append(1, 'a');
      assert.deepEqual([bench.limit('b', 'guests'), bench.limit('b', ann, false)], ['total', null]);
      await bench.append(30, 'a');
      assert.equal(bench.limit('b', ann, false), 'total');
      await bench.engine.clear('a');
      bench.clock.advance(2000);
      assert.equal(bench.limit('a'), null);
    });
  });
}

it('sqlite: what counted before a restart counts after it, from the next message on', async () => {
  await using bench = new Bench(engines.sqlite as Make);
  await bench.open();
  await bench.append(10, 'a');
  bench.clock.advance(1000);
  await bench.reopen();
  await bench.append(1, 'a');
  assert.equal(bench.limit('a'), 'channel');
  await bench.append(4, 'b');
  assert.equal(bench.limit('b'), 'account');
});

it('sqlite: a message that is removed counts as little as what is left of it', async () => {
  await using bench = new Bench(engines.sqlite as Make);
  await bench.open();
  await bench.append(9, 'a');
  const [receipt] = await bench.engine.append([draft('a', { id: 'k', keyed: true })]);
  assert.equal(bench.limit('a'), 'channel');
  assert.equal(await bench.engine.remove('a', 'k'), receipt?.offset);
  assert.equal(bench.limit('a'), null);
  await bench.engine.clear('a');
  bench.clock.advance(2000);
  await bench.append(9, 'a');
  assert.equal(bench.limit('a'), null);
  await bench.append(1, 'a');
  assert.equal(bench.limit('a'), 'channel');
});
