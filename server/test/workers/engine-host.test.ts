import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { draftOf, Recorder, range } from '../../src/engine/conformance/kit.ts';
import type { Draft, Receipt } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import type { EngineHost } from '../../src/workers/engine-host.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hostOf, SeatedEngine } from '../support/hosted-engine.ts';

const retention = { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };

/** Refuses batches that hold a message with this data, and counts how many it was given. */
class PickyEngine extends MemoryEngine {
  batches = 0;

  override async append(batch: readonly Draft[]): Promise<Receipt[]> {
    this.batches++;
    if (batch.some(({ data }) => data === '"refused"')) throw new Error('the disk is full');
    return super.append(batch);
  }
}

/** Throws before it has a promise to reject. */
class RashEngine extends MemoryEngine {
  rash = false;

  override append(batch: readonly Draft[]): Promise<Receipt[]> {
    if (this.rash) throw new Error('rash');
    return super.append(batch);
  }
}

/** A worker: its engine, and everything that it was told in the order of telling. */
class Worker implements Disposable {
  readonly engine: SeatedEngine;
  readonly sink = new Recorder();

  constructor(host: EngineHost, capabilities: MemoryEngine['capabilities']) {
    this.engine = new SeatedEngine(host, capabilities);
  }

  /** Resolves when it has been told everything that was on its way. */
  settled(): Promise<unknown> {
    return this.engine.state('settled');
  }

  [Symbol.dispose](): void {
    this.engine[Symbol.dispose]();
  }
}

/** A host with some workers. */
class House<Inner extends MemoryEngine> implements AsyncDisposable {
  readonly inner: Inner;
  readonly host: EngineHost;
  readonly workers: Worker[] = [];

  private constructor(inner: Inner, clock: FakeClock) {
    this.inner = inner;
    this.host = hostOf(inner, clock);
  }

  static async open<Inner extends MemoryEngine>(
    Kind: new (options: ConstructorParameters<typeof MemoryEngine>[0]) => Inner,
    workers: number,
  ): Promise<House<Inner>> {
    const clock = new FakeClock();
    const house = new House(new Kind({ retention, clock }), clock);
    await house.host.open();
    for (let n = 0; n < workers; n++) {
      const worker = new Worker(house.host, house.inner.capabilities);
      await worker.engine.open(worker.sink);
      house.workers.push(worker);
    }
    return house;
  }

  worker(at: number): Worker {
    const worker = this.workers[at];
    assert.ok(worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) worker[Symbol.dispose]();
    await this.inner.close();
  }
}

/** Until the engine has had so many turns in which it could tell something. */
async function settle({ workers }: House<MemoryEngine>): Promise<void> {
  for (const worker of workers) await worker.settled();
}

describe('one engine served to several workers', { timeout: 60_000 }, () => {
  it('gives every message to all that follow its channel, and to no other', async () => {
    await using house = await House.open(MemoryEngine, 3);
    const [one, two, three] = [house.worker(0), house.worker(1), house.worker(2)];
    await one.engine.follow('a');
    await two.engine.follow('a');
    await two.engine.follow('b');
    await three.engine.append([draftOf('a'), draftOf('b'), draftOf('c'), draftOf('a')]);
    await settle(house);
    const told = house.workers.map(({ sink }) =>
      sink.messages.map(({ channel, offset }) => channel + offset),
    );
    assert.deepEqual(told, [['a1', 'a2'], ['a1', 'b1', 'a2'], []]);
  });

  it('commits together what workers publish in one turn', async () => {
    await using house = await House.open(PickyEngine, 2);
    const receipts = await Promise.all(house.workers.map(({ engine }) => engine.append([draftOf('a')])));
    assert.deepEqual(
      receipts
        .flat()
        .map(({ offset }) => offset)
        .sort(),
      [1, 2],
    );
    assert.equal(house.inner.batches, 1);
  });

  it('delivers a worker its own messages, and those before them, no later than their receipts', async () => {
    await using house = await House.open(MemoryEngine, 2);
    for (const { engine } of house.workers) await engine.follow('a');
    const publish = async ({ engine, sink }: Worker): Promise<void> => {
      for (let n = 0; n < 50; n++) {
        const receipts = await engine.append([draftOf('a'), draftOf('b'), draftOf('a')]);
        const last = receipts.findLast(({ channel }) => channel === 'a')?.offset ?? 0;
        const offsets = sink.offsets('a');
        assert.deepEqual(offsets.slice(0, last), range(1, last));
      }
    };
    await Promise.all(house.workers.flatMap((worker) => [publish(worker), publish(worker)]));
    await settle(house);
    for (const { sink } of house.workers) assert.deepEqual(sink.offsets('a'), range(1, 400));
  });

  it('a commit that fails rejects every batch in it, delivers nothing, and the next one is committed', async () => {
    await using house = await House.open(PickyEngine, 3);
    for (const { engine } of house.workers) await engine.follow('a');
    const drafts = [draftOf('a'), draftOf('a', { data: '"refused"' }), draftOf('a')];
    const results = await Promise.allSettled(
      drafts.map((draft, at) => house.worker(at).engine.append([draft])),
    );
    assert.equal(house.inner.batches, 1);
    for (const result of results) {
      assert.ok(result.status === 'rejected');
      assert.match(String(result.reason), /the disk is full/);
    }
    const [receipt] = await house.worker(0).engine.append([draftOf('a')]);
    assert.equal(receipt?.offset, 1);
    await settle(house);
    for (const { sink } of house.workers) assert.deepEqual(sink.offsets('a'), [1]);
  });

  it('an engine that throws at once is one that rejects', async () => {
    await using house = await House.open(RashEngine, 2);
    const [one, two] = [house.worker(0), house.worker(1)];
    await two.engine.follow('a');
    house.inner.rash = true;
    await assert.rejects(one.engine.append([draftOf('a')]), /rash/);
    house.inner.rash = false;
    await one.engine.append([draftOf('a')]);
    // What another part of this thread publishes is delivered as well.
    await house.inner.append([draftOf('a')]);
    await settle(house);
    assert.deepEqual(two.sink.offsets('a'), [1, 2]);
  });

  it('tells who comes and goes to those that follow the channel', async () => {
    await using house = await House.open(MemoryEngine, 2);
    const [one, two] = [house.worker(0), house.worker(1)];
    await two.engine.follow('a');
    await one.engine.presence.join('a', 'ann');
    await two.engine.presence.join('a', 'ann');
    await one.engine.presence.leave('a', 'ann');
    await two.engine.presence.leave('a', 'ann');
    await settle(house);
    assert.deepEqual(
      two.sink.events.map(({ joined, user, count }) => ({ joined, user, count })),
      [
        { joined: true, user: 'ann', count: 1 },
        { joined: false, user: 'ann', count: 0 },
      ],
    );
    assert.deepEqual(one.sink.events, []);
  });

  it('a worker cannot take out of a channel whom another one brought', async () => {
    await using house = await House.open(MemoryEngine, 2);
    const [one, two] = [house.worker(0), house.worker(1)];
    await one.engine.presence.join('a', 'ann');
    await two.engine.presence.leave('a', 'ann');
    assert.equal(await two.engine.presence.count('a'), 1);
  });

  it('a channel that is followed, on whichever worker, cannot be created as a room', async () => {
    await using house = await House.open(MemoryEngine, 2);
    const [one, two] = [house.worker(0), house.worker(1)];
    const room = { channel: 'a', owner: 'u1', private: true, members: ['u1'] };
    await one.engine.follow('a');
    assert.equal(await two.engine.rooms.create(room), false);
    await one.engine.unfollow('a');
    await one.settled();
    assert.equal(await two.engine.rooms.create(room), true);
  });
});

describe('a worker that is gone', { timeout: 60_000 }, () => {
  it('follows nothing any more, and nobody is present by it', async () => {
    await using house = await House.open(MemoryEngine, 2);
    const [one, two] = [house.worker(0), house.worker(1)];
    for (const { engine } of house.workers) await engine.follow('a');
    await one.engine.follow('b');
    await one.engine.presence.join('a', 'ann');
    await one.engine.presence.join('a', 'ann');
    await one.engine.presence.join('a', 'bob');
    await two.engine.presence.join('a', 'bob');
    await one.engine.presence.join('b', 'ann');
    assert.equal(house.host.channels, 2);
    await one.engine.desk.release();
    const { users } = await two.engine.presence.page('a', { limit: 10 });
    assert.deepEqual(
      users.map(({ user, connections }) => ({ user, connections })),
      [{ user: 'bob', connections: 1 }],
    );
    assert.equal(await two.engine.presence.count('b'), 0);
    assert.equal(house.host.channels, 1);
    assert.equal(house.host.isFollowed('b'), false);
    await two.settled();
    assert.deepEqual(
      two.sink.events.map(({ joined, user }) => `${joined} ${user}`),
      ['true ann', 'true bob', 'false ann'],
    );
    await two.engine.append([draftOf('a'), draftOf('b')]);
    await two.engine.follow('b');
    await two.engine.append([draftOf('b')]);
    assert.deepEqual([two.sink.offsets('a'), two.sink.offsets('b')], [[1], [2]]);
    assert.deepEqual(one.sink.messages, []);
  });

  it('cannot follow or enter with a call that was still on its way', async () => {
    await using house = await House.open(MemoryEngine, 1);
    const { desk } = house.worker(0).engine;
    const following = desk.follow('a');
    const releasing = desk.release();
    await Promise.all([following, releasing, desk.enter('a', 'ann')]);
    await desk.follow('b').catch(() => {});
    assert.equal(house.host.channels, 0);
    assert.equal(await desk.countPresent('a'), 0);
  });
});

type Step =
  | { readonly do: 'append'; readonly worker: number; readonly batch: readonly string[] }
  | { readonly do: 'follow' | 'unfollow'; readonly worker: number; readonly channel: string }
  | { readonly do: 'wait' };

const channel = fc.constantFrom('a', 'b', '__proto__');
const worker = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append'),
      worker,
      batch: fc.array(channel, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('follow', 'unfollow'), worker, channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait') }) },
);

/** What one worker expects of one channel, from the answer to its `follow` on. */
class Expectation {
  /** Offset of the last message that came; null while it does not follow. */
  at: number | null = null;
}

/** Follows and unfollows as a hub does: one of them at a time for each channel, while others publish. */
class Follower {
  readonly worker: Worker;
  readonly expected = new Map<string, Expectation>();
  #seen = 0;
  readonly #busy = new Map<string, Promise<void>>();

  constructor(worker: Worker) {
    this.worker = worker;
  }

  follow(channel: string): void {
    this.#next(channel, async () => {
      const expectation = this.#of(channel);
      if (expectation.at !== null) return;
      const { offset } = await this.worker.engine.follow(channel);
      // What was delivered before the answer came belongs to an earlier time.
      this.check();
      expectation.at = offset;
    });
  }

  unfollow(channel: string): void {
    this.#next(channel, async () => {
      this.check();
      this.#of(channel).at = null;
      await this.worker.engine.unfollow(channel);
    });
  }

  /** Every message that came since the last look is the next one of its channel. */
  check(): void {
    const { messages } = this.worker.sink;
    for (; this.#seen < messages.length; this.#seen++) {
      const message = messages[this.#seen];
      const expectation = this.#of(message?.channel ?? '');
      if (!message || expectation.at === null) continue;
      assert.equal(message.offset, expectation.at + 1, message.channel);
      expectation.at = message.offset;
    }
  }

  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  #of(channel: string): Expectation {
    const expectation = this.expected.get(channel) ?? new Expectation();
    this.expected.set(channel, expectation);
    return expectation;
  }

  #next(channel: string, run: () => Promise<void>): void {
    this.#busy.set(channel, (this.#busy.get(channel) ?? Promise.resolve()).then(run));
  }
}

describe('following while others publish', { timeout: 120_000 }, () => {
  it('never misses a message, whatever the order of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await using house = await House.open(MemoryEngine, 3);
        const followers = house.workers.map((one) => new Follower(one));
        const appends: Promise<unknown>[] = [];
        for (const next of steps) {
          if (next.do === 'wait') await Promise.all([...appends, settle(house)]);
          else if (next.do === 'append') {
            const { engine } = house.worker(next.worker);
            appends.push(engine.append(next.batch.map((name) => draftOf(name))));
          } else followers[next.worker]?.[next.do](next.channel);
        }
        for (const follower of followers) await follower.idle();
        await Promise.all(appends);
        await settle(house);
        for (const follower of followers) {
          follower.check();
          for (const [name, { at }] of follower.expected) {
            if (at !== null) assert.equal(at, (await house.inner.state(name)).offset, `${name} is behind`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
