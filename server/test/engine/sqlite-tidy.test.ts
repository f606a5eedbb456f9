import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { draftOf } from '../../src/engine/conformance/kit.ts';
import type { Retention } from '../../src/engine/engine.ts';
import { SqliteEngine } from '../../src/engine/sqlite/engine.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** An engine on a file of its own, and another reader of that file who counts rows. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  engine: SqliteEngine;
  readonly #directory = mkdtempSync(join(tmpdir(), 'fanwire-tidy-'));
  readonly #retention: Retention;

  private constructor(retention: Partial<Retention>) {
    const all = { windowSize: 50_000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 1000 };
    this.#retention = { ...all, ...retention };
    this.engine = this.#make();
  }

  static async open(retention: Partial<Retention> = {}): Promise<Bench> {
    const bench = new Bench(retention);
    await bench.engine.open({ deliver() {}, unsure() {}, presence() {} });
    return bench;
  }

  async reopen(): Promise<void> {
    await this.engine.close();
    this.engine = this.#make();
    await this.engine.open({ deliver() {}, unsure() {}, presence() {} });
  }

  async publish(channel: string, count: number, persist: boolean): Promise<void> {
    const draft = draftOf(channel, { data: '1', persist });
    // Each by a commit of its own, and so a row of its own.
    for (let n = 0; n < count; n++) await this.engine.append([draft]);
  }

  /** The rows of the channel as they are in the file. */
  all(channel: string): Record<string, unknown>[] {
    const file = new DatabaseSync(join(this.#directory, 'chat.db'));
    const rows = file.prepare('SELECT * FROM messages WHERE channel = ?').all(channel);
    file.close();
    return rows;
  }

  rows(channel: string): number {
    const file = new DatabaseSync(join(this.#directory, 'chat.db'));
    const row = file.prepare('SELECT count(*) AS rows FROM messages WHERE channel = ?').get(channel);
    file.close();
    return Number(row?.rows);
  }

  /** Rows of the table of channels. */
  channels(): number {
    const file = new DatabaseSync(join(this.#directory, 'chat.db'));
    const row = file.prepare('SELECT count(*) AS rows FROM channels').get();
    file.close();
    return Number(row?.rows);
  }

  /** Sweeps, each with a few turns of the event loop behind it, until no row of the channel is left. */
  async sweepAway(channel: string): Promise<void> {
    for (let sweeps = 0; this.rows(channel) > 0; sweeps += 1) {
      assert.ok(sweeps < 1000, `${this.rows(channel)} rows of ${channel} stay`);
      this.clock.advance(1000);
      await nextTurn();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    rmSync(this.#directory, { recursive: true });
  }

  #make(): SqliteEngine {
    return new SqliteEngine({
      path: join(this.#directory, 'chat.db'),
      durability: 'process',
      retention: this.#retention,
      clock: this.clock,
      report: (thrown) => {
        throw thrown;
      },
    });
  }
}

describe('tidying a SQLite file', () => {
  it('cleared rows go away with sweeps, and nothing else does', async () => {
    await using bench = await Bench.open();
    for (const persist of [true, false, true, false]) await bench.publish('a', 5000, persist);
    await bench.publish('b', 10, true);
    await bench.engine.clear('a');
    assert.ok(bench.rows('a') > 10_000, 'the call itself deletes few of them');
    await bench.publish('a', 3, true);
    for (let sweeps = 0; bench.rows('a') > 3; sweeps += 1) {
      assert.ok(sweeps < 1000);
      bench.clock.advance(1000);
      await nextTurn();
    }
    bench.clock.advance(10_000);
    assert.deepEqual([bench.rows('a'), bench.rows('b')], [3, 10]);
    assert.equal((await bench.engine.state('a')).kept, 3);
  });

  it('goes on in the next turns of the event loop, without waiting for the next sweep', async () => {
    await using bench = await Bench.open();
    for (const _ of [1, 2, 3, 4]) await bench.publish('a', 5000, true);
    await bench.engine.clear('a');
    bench.clock.advance(1000);
    for (let turns = 0; bench.rows('a') > 0; turns += 1) {
      assert.ok(turns < 10_000);
      await nextTurn();
    }
  });

  it('rows of cleared channels go away after a restart, too', async () => {
    await using bench = await Bench.open();
    for (const channel of ['a', 'b']) {
      await bench.publish(channel, 3000, true);
      await bench.engine.clear(channel);
    }
    await bench.reopen();
    assert.ok(bench.rows('a') > 0);
    await bench.sweepAway('a');
    await bench.sweepAway('b');
    assert.deepEqual(await bench.engine.channels({ prefix: '', limit: 9 }), ['a', 'b']);
    assert.equal((await bench.engine.state('b')).offset, 3000);
  });

  it('a big window that expired is empty for readers at once, and its rows go away with sweeps', async () => {
    await using bench = await Bench.open({ windowTtl: 5000 });
    await bench.publish('a', 1, true);
    for (const _ of [1, 2, 3, 4]) await bench.publish('a', 5000, false);
    await bench.publish('a', 1, true);
    bench.clock.advance(4999);
    assert.equal((await bench.engine.state('a')).kept, 20_002);
    // Without a sweep: the clock of a server that was asleep.
    await bench.engine.close();
    bench.clock.advance(1);
    await bench.reopen();
    const state = await bench.engine.state('a');
    assert.deepEqual([state.kept, state.completeFrom], [2, 20_002]);
    assert.ok(bench.rows('a') > 10_000, 'reading deletes few of them');
    for (const _ of [1, 2]) {
      const { messages } = await bench.engine.read('a', { limit: 10, after: 0 });
      assert.deepEqual(
        messages.map(({ offset }) => offset),
        [1, 20_002],
      );
      await bench.reopen();
    }
    for (let sweeps = 0; bench.rows('a') > 2; sweeps += 1) {
      assert.ok(sweeps < 1000);
      bench.clock.advance(1000);
      await nextTurn();
    }
    bench.clock.advance(10_000);
    assert.equal((await bench.engine.state('a')).kept, 2);
    assert.equal((await bench.engine.state('a')).completeFrom, 20_002);
  });

  it('a history that expired goes away with sweeps', async () => {
    await using bench = await Bench.open({ windowSize: 10, historyTtl: 5000, windowTtl: 5000 });
    for (const _ of [1, 2]) await bench.publish('a', 5000, true);
    bench.clock.advance(5000);
    assert.equal((await bench.engine.state('a')).kept, 0);
    await bench.sweepAway('a');
  });

  it('nothing of a removed message stays in its row', async () => {
    await using bench = await Bench.open();
    const sender = { user: 'secret', connection: 'secret', client: 'secret' };
    const draft = {
      channel: 'a',
      id: 'k',
      keyed: true,
      space: '',
      type: 'secret',
      data: '"secret"',
      sender,
      persist: true,
    };
    await bench.engine.append([draft]);
    await bench.engine.remove('a', 'k');
    const [row] = bench.all('a');
    assert.ok(row);
    assert.ok(!JSON.stringify(row).includes('secret'), JSON.stringify(row));
  });

  it('a removal that is overtaken by clearing finds nothing', async () => {
    await using bench = await Bench.open();
    for (const _ of [1, 2, 3, 4]) await bench.publish('a', 5000, true);
    const id = '018bcfe5-6800-7000-8000-000000000000';
    const draft = {
      channel: 'a',
      id,
      keyed: false,
      space: '',
      type: 'text',
      data: '1',
      sender: null,
      persist: true,
    };
    await bench.engine.append([draft]);
    const removing = bench.engine.remove('a', id);
    await bench.engine.clear('a');
    assert.equal(await removing, null);
  });

  it('a removal that is overtaken by close is refused', async () => {
    await using bench = await Bench.open();
    for (const _ of [1, 2, 3, 4]) await bench.publish('a', 5000, true);
    const removing = bench.engine.remove('a', '018bcfe5-6800-7000-8000-000000000000');
    const refused = assert.rejects(removing, { code: 'unavailable' });
    await bench.engine.close();
    await refused;
  });

  it('close ends it', async () => {
    await using bench = await Bench.open();
    for (const _ of [1, 2, 3, 4]) await bench.publish('a', 5000, true);
    await bench.engine.clear('a');
    bench.clock.advance(1000);
    await bench.engine.close();
    const rows = bench.rows('a');
    for (let turns = 0; turns < 5; turns += 1) await nextTurn();
    assert.equal(bench.rows('a'), rows);
  });

  it('fifty thousand channels of one message are forgotten, a few milliseconds at a time', async (test) => {
    await using bench = await Bench.open({ windowTtl: 1000, channelTtl: 5000 });
    for (let n = 0; n < 50; n++) {
      await bench.engine.append(Array.from({ length: 1000 }, (_, m) => draftOf(`${n}-${m}`, { data: '1' })));
    }
    assert.equal(bench.channels(), 0, 'a channel with messages needs no row of its own');
    // Of this thread's own time, whatever else the machine does.
    let longest = 0;
    let most = 0;
    for (let n = 0; n < 20; n++) {
      bench.clock.advance(1000);
      for (let turn = 0; turn < 200; turn++) {
        const begun = process.threadCpuUsage();
        await nextTurn();
        const { user, system } = process.threadCpuUsage(begun);
        longest = Math.max(longest, (user + system) / 1000);
      }
      most = Math.max(most, bench.channels());
    }
    test.diagnostic(
      `${most} rows at the most; no turn of the event loop took more than ${longest.toFixed(1)} ms`,
    );
    assert.equal(bench.channels(), 0);
    assert.deepEqual(await bench.engine.channels({ prefix: '', limit: 9 }), []);
    assert.ok(longest < 40, `${longest} ms`);
  });
});
