import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { Draft, Engine, Receipt } from '../../src/engine/engine.ts';
import { Tick } from '../../src/hub/tick.ts';

/** An engine of which only `append` exists: each call waits until the test ends it. */
class HeldEngine {
  readonly batches: (readonly Draft[])[] = [];
  /** Whether every batch is committed at once. */
  free = false;
  #end: ((failed: boolean) => void) | null = null;
  #offset = 0;

  append(batch: readonly Draft[]): Promise<Receipt[]> {
    assert.equal(this.#end, null, 'one batch at a time');
    this.batches.push(batch);
    if (this.free) return Promise.resolve(this.#receipts(batch));
    return new Promise((resolve, reject) => {
      this.#end = (failed) => {
        this.#end = null;
        if (failed) reject(new Error('no room on the disk'));
        else resolve(this.#receipts(batch));
      };
    });
  }

  /** Ends the batch under way, once there is one. */
  async finish({ failed = false } = {}): Promise<void> {
    while (this.#end === null) await setImmediate();
    this.#end(failed);
    await setImmediate();
  }

  get ids(): string[][] {
    return this.batches.map((batch) => batch.map(({ id }) => id));
  }

  #receipts(batch: readonly Draft[]): Receipt[] {
    return batch.map(({ id, channel }) => {
      return { id, channel, offset: ++this.#offset, epoch: 'e', time: 0, duplicate: false };
    });
  }
}

function draft(id: string, size = 1): Draft {
  const data = size === 1 ? '1' : `"${'x'.repeat(size - 2)}"`;
  return { channel: 'c', id, keyed: false, space: '', type: 'text', data, sender: null, persist: false };
}

/** A tick on a held engine, and what it did in its order. */
class Bench {
  readonly engine = new HeldEngine();
  readonly log: string[] = [];
  readonly faults: unknown[] = [];
  /** Whether those who get messages are behind, and who goes on when they are not any more. */
  behind = false;
  readonly resumes: (() => void)[] = [];
  readonly tick = new Tick(this.engine as unknown as Engine, {
    committed: (drafts) => this.log.push(`committed ${drafts.length}`),
    flush: (written) => {
      this.log.push('flush');
      written();
    },
    behind: (resume) => {
      if (this.behind) this.resumes.push(resume);
      return this.behind;
    },
    ended: ({ messages, committed }) => this.log.push(`ended ${messages} ${committed}`),
    report: (thrown) => this.faults.push(thrown),
  });

  publish(id: string, size?: number): void {
    this.tick.publish(draft(id, size), (error, receipt) =>
      this.log.push(error ? `${id} ${error.code}` : `${id} ${receipt?.offset}`),
    );
  }
}

/** As many turns of the event loop as anything that does not wait would need. */
async function someTurns(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await setImmediate();
}

/** Whether the promise is settled by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await setImmediate();
  return done;
}

describe('Tick', () => {
  it('commits what was published in one turn together, then acknowledges in order, then flushes', async () => {
    const bench = new Bench();
    for (const id of ['a', 'b', 'c']) bench.publish(id);
    assert.deepEqual(bench.log, []);
    await bench.engine.finish();
    assert.deepEqual(bench.engine.ids, [['a', 'b', 'c']]);
    assert.deepEqual(bench.log, ['committed 3', 'a 1', 'b 2', 'c 3', 'flush', 'ended 3 true']);
  });

  it('commits what comes meanwhile in the next batch, never two at once', async () => {
    const bench = new Bench();
    bench.publish('a');
    await setImmediate();
    bench.publish('b');
    await setImmediate();
    bench.publish('c');
    await bench.engine.finish();
    await bench.engine.finish();
    assert.deepEqual(bench.engine.ids, [['a'], ['b', 'c']]);
  });

  it('a batch that fails is unavailable to each of its publishers, and the next one goes on', async () => {
    const bench = new Bench();
    bench.publish('a');
    bench.publish('b');
    await bench.engine.finish({ failed: true });
    bench.publish('c');
    await bench.engine.finish();
    const failure = ['a unavailable', 'b unavailable', 'flush', 'ended 2 false'];
    assert.deepEqual(bench.log, [...failure, 'committed 1', 'c 1', 'flush', 'ended 1 true']);
    assert.match(String(bench.faults[0]), /no room on the disk/);
    assert.equal(bench.faults.length, 1);
  });

  it('a callback that throws is reported, and keeps nothing from the others', async () => {
    const bench = new Bench();
    bench.tick.publish(draft('a'), () => {
      throw new Error('of its own');
    });
    bench.publish('b');
    await bench.engine.finish();
    assert.deepEqual(bench.log, ['committed 2', 'b 2', 'flush', 'ended 2 true']);
    assert.match(String(bench.faults[0]), /of its own/);
  });

  it('a batch holds 2,048 messages at most', async () => {
    const bench = new Bench();
    bench.engine.free = true;
    for (let n = 0; n < 5000; n++) bench.publish(`m${n}`);
    await bench.tick.settled();
    assert.deepEqual(
      bench.engine.batches.map(({ length }) => length),
      [2048, 2048, 904],
    );
    assert.deepEqual(
      bench.engine.ids.flat(),
      Array.from({ length: 5000 }, (_, n) => `m${n}`),
    );
  });

  it('a batch ends with the message that brings it to 8 MiB', async () => {
    const bench = new Bench();
    bench.engine.free = true;
    const mebibyte = 1024 * 1024;
    for (let n = 0; n < 10; n++) bench.publish(`m${n}`, mebibyte);
    bench.publish('huge', 20 * mebibyte);
    bench.publish('last');
    await bench.tick.settled();
    assert.deepEqual(
      bench.engine.ids.map((ids) => ids.at(-1)),
      ['m7', 'huge', 'last'],
    );
  });

  it('calls everybody back once, with the own receipt, whatever is published when and fails', async () => {
    const turn = fc.record({ count: fc.integer({ min: 0, max: 30 }), failed: fc.boolean() });
    const run = fc.asyncProperty(fc.array(turn, { maxLength: 15 }), async (turns) => {
      const bench = new Bench();
      const answers = new Map<string, string[]>();
      let count = 0;
      const publish = (id: string): void => {
        answers.set(id, []);
        bench.tick.publish(draft(id), (error, receipt) =>
          answers.get(id)?.push(error ? error.code : (receipt?.id ?? 'none')),
        );
      };
      for (const { count: more, failed } of turns) {
        for (let n = 0; n < more; n++) publish(`m${++count}`);
        if (more > 0) await bench.engine.finish({ failed });
      }
      for (const [id, answer] of answers) {
        assert.equal(answer.length, 1);
        assert.ok(answer[0] === id || answer[0] === 'unavailable', `${answer[0]}`);
      }
      assert.deepEqual(bench.engine.ids.flat(), [...answers.keys()]);
    });
    await fc.assert(run, { numRuns: 100 });
  });
});

describe('Tick, while those who get messages are behind', () => {
  it('commits nothing, and everything in its order in one batch once it is resumed', async () => {
    const bench = new Bench();
    bench.engine.free = true;
    bench.behind = true;
    for (const id of ['a', 'b', 'c']) {
      bench.publish(id);
      await someTurns();
    }
    assert.deepEqual(bench.engine.batches, []);
    assert.equal(bench.resumes.length, 1, 'it asks once');
    bench.behind = false;
    await someTurns();
    assert.deepEqual(bench.engine.batches, [], 'and waits to be resumed');
    bench.resumes.pop()?.();
    await someTurns();
    assert.deepEqual(bench.engine.ids, [['a', 'b', 'c']]);
    assert.deepEqual(bench.log, ['committed 3', 'a 1', 'b 2', 'c 3', 'flush', 'ended 3 true']);
  });

  it('asks again when it is resumed, and may have to wait again', async () => {
    const bench = new Bench();
    bench.engine.free = true;
    bench.behind = true;
    bench.publish('a');
    for (let times = 0; times < 5; times++) {
      await someTurns();
      assert.equal(bench.resumes.length, 1);
      bench.resumes.pop()?.();
    }
    await someTurns();
    assert.deepEqual(bench.engine.batches, []);
    bench.behind = false;
    bench.resumes.pop()?.();
    await someTurns();
    assert.deepEqual(bench.engine.ids, [['a']]);
  });

  it('finishes the batch under way, and does not begin the next one', async () => {
    const bench = new Bench();
    bench.publish('a');
    await setImmediate();
    bench.publish('b');
    bench.behind = true;
    await bench.engine.finish();
    await someTurns();
    assert.deepEqual(bench.engine.ids, [['a']]);
    assert.deepEqual(bench.log, ['committed 1', 'a 1', 'flush', 'ended 1 true']);
    bench.behind = false;
    bench.resumes.pop()?.();
    await bench.engine.finish();
    assert.deepEqual(bench.engine.ids, [['a'], ['b']]);
  });

  it('is not settled, and says that it is crowded when too much waits', async () => {
    const bench = new Bench();
    bench.engine.free = true;
    bench.behind = true;
    for (let n = 0; n <= 8 * 2048; n++) bench.publish(`m${n}`);
    const settled = bench.tick.settled();
    await someTurns();
    assert.ok(!(await isDone(settled)));
    assert.ok(bench.tick.crowded);
    bench.behind = false;
    bench.resumes.pop()?.();
    await settled;
    assert.ok(!bench.tick.crowded);
    assert.equal(bench.engine.ids.flat().length, 8 * 2048 + 1);
  });

  it('is not ended before all of it is written, and the next batch does not wait for that', async () => {
    const bench = new Bench();
    bench.engine.free = true;
    const written: (() => void)[] = [];
    const ended: number[] = [];
    const tick = new Tick(bench.engine as unknown as Engine, {
      committed: () => {},
      flush: (listener) => written.push(listener),
      behind: () => false,
      ended: ({ messages }) => ended.push(messages),
      report: (thrown) => bench.faults.push(thrown),
    });
    for (const count of [1, 2]) {
      for (let n = 0; n < count; n++) tick.publish(draft(`${count}-${n}`), () => {});
      await tick.settled();
    }
    assert.deepEqual([written.length, ended], [2, []]);
    for (const listener of written) listener();
    assert.deepEqual(ended, [1, 2]);
    assert.deepEqual(bench.faults, []);
  });

  it('loses nothing and keeps the order, whenever it is held up and resumed', async () => {
    const turn = fc.record({ count: fc.nat({ max: 5 }), behind: fc.boolean(), resumed: fc.boolean() });
    const run = fc.asyncProperty(fc.array(turn, { maxLength: 30, size: 'max' }), async (turns) => {
      const bench = new Bench();
      bench.engine.free = true;
      const ids: string[] = [];
      const resume = (): void => {
        for (const goOn of bench.resumes.splice(0)) goOn();
      };
      for (const { count, behind, resumed } of turns) {
        bench.behind = behind;
        for (let n = 0; n < count; n++) {
          const id = `m${ids.length}`;
          ids.push(id);
          bench.publish(id);
        }
        assert.ok(bench.resumes.length <= 1);
        if (resumed) resume();
        await setImmediate();
      }
      bench.behind = false;
      resume();
      await bench.tick.settled();
      assert.deepEqual(bench.engine.ids.flat(), ids);
      assert.deepEqual(
        bench.log.filter((line) => line.startsWith('m')),
        ids.map((id, n) => `${id} ${n + 1}`),
      );
    });
    await fc.assert(run, { numRuns: 200 });
  });
});

describe('Tick.settled', () => {
  it('is at once when nothing is under way', async () => {
    const bench = new Bench();
    assert.ok(await isDone(bench.tick.settled()));
  });

  it('is after what was published before, whether waiting or under way, done or failed', async () => {
    for (const failed of [false, true]) {
      const bench = new Bench();
      bench.publish('a');
      const waiting = bench.tick.settled();
      await setImmediate();
      const underWay = bench.tick.settled();
      assert.ok(!(await isDone(waiting)));
      assert.ok(!(await isDone(underWay)));
      await bench.engine.finish({ failed });
      assert.ok(await isDone(waiting));
      assert.ok(await isDone(underWay));
      assert.match(bench.log[failed ? 0 : 1] ?? '', /^a /);
    }
  });

  it('comes although others go on publishing without end', async () => {
    const bench = new Bench();
    for (let n = 0; n < 3000; n++) bench.publish(`m${n}`);
    const settled = bench.tick.settled();
    for (let turn = 0; turn < 4; turn++) {
      for (let n = 0; n < 3000; n++) bench.publish(`t${turn}-${n}`);
      await bench.engine.finish();
    }
    assert.ok(await isDone(settled));
  });
});
