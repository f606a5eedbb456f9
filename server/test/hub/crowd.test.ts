import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Draft, Receipt } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { Hub } from '../../src/hub/hub.ts';
import { noHubMeter } from '../../src/hub/meter.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { LineEncoder, PlainRecipient } from '../support/plain-recipient.ts';
import { stopTime } from '../support/stop-time.ts';

/** A memory engine that tells how many messages it is about to commit. */
class TellingEngine extends MemoryEngine {
  before: (messages: number) => void = () => {};

  override async append(batch: readonly Draft[]): Promise<Receipt[]> {
    this.before(batch.length);
    return super.append(batch);
  }
}

/** A recipient that tells the flusher what it is given, as a connection does, and takes its time to be written to. */
class Member extends PlainRecipient {
  readonly #room: Room;
  #marked: 'no' | 'yes' | 'urgent' = 'no';

  constructor(id: string, room: Room, encoder: LineEncoder) {
    super(id, { encoder });
    this.#room = room;
  }

  /** Whether it was given something that has not been written yet. */
  get waits(): boolean {
    return this.#marked !== 'no';
  }

  override push(bytes: Buffer, _messages = 1, urgent = false): void {
    super.push(bytes);
    this.#mark(urgent);
  }

  override hurry(): void {
    if (this.#marked !== 'no') this.#mark(true);
  }

  override flush(): void {
    if (this.#marked === 'no') return;
    this.#marked = 'no';
    this.#room.pass(1);
    this.#room.written.push(this.id);
  }

  #mark(urgent: boolean): void {
    if (this.#marked === 'urgent' || (this.#marked === 'yes' && !urgent)) return;
    this.#marked = urgent ? 'urgent' : 'yes';
    this.#room.hub.flusher.mark(this, urgent);
  }
}

/** A hub, who is in its channels, and who was written to in which order: each write takes a millisecond. */
class Room implements AsyncDisposable {
  readonly engine: TellingEngine;
  readonly hub: Hub;
  readonly #encoders = new Map<string, LineEncoder>();
  /** Of each tick that was written. */
  readonly latencies: number[] = [];
  readonly pass: (ms: number) => void;
  readonly written: string[] = [];
  readonly faults: unknown[] = [];

  private constructor(context: TestContext) {
    this.pass = stopTime(context);
    const retention = { windowSize: 10_000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
    const clock = new FakeClock();
    this.engine = new TellingEngine({ retention, clock });
    this.hub = new Hub({
      engine: this.engine,
      clock,
      report: (thrown) => this.faults.push(thrown),
      meter: { ...noHubMeter, tick: ({ latency }) => this.latencies.push(latency) },
    });
  }

  static async open(context: TestContext): Promise<Room> {
    const room = new Room(context);
    await room.hub.open();
    return room;
  }

  /** Members of one group are sent the same bytes. */
  async join(channel: string, count: number, group = 'all'): Promise<Member[]> {
    const encoder = this.#encoders.get(group) ?? new LineEncoder();
    this.#encoders.set(group, encoder);
    const ids = Array.from({ length: count }, (_, n) => `${channel} ${group} ${n}`);
    const members = ids.map((id) => new Member(id, this, encoder));
    for (const member of members) {
      await this.hub.attach(member);
      await this.hub.subscribe(member, channel);
    }
    return members;
  }

  async publish(channel: string, connection: string | null = null, count = 1): Promise<Receipt[]> {
    const sender = connection === null ? null : { user: null, connection, client: null };
    const one = (): Promise<Receipt> => this.hub.published({ channel, type: 'text', data: '1', sender });
    return Promise.all(Array.from({ length: count }, one));
  }

  /** How often anybody of the channel was written to. */
  writes(channel: string): number {
    return this.written.filter((id) => id.startsWith(`${channel} `)).length;
  }

  async until(holds: () => boolean): Promise<void> {
    for (let turns = 0; !holds(); turns++) {
      assert.ok(turns < 10_000, `never came about: ${holds}`);
      await setImmediate();
    }
  }

  /** Until everybody has been written to. */
  async settle(members: readonly Member[]): Promise<void> {
    await this.until(() => !members.some(({ waits }) => waits));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.close();
    assert.deepEqual(this.faults, []);
  }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1);
}

describe('a message to a crowd', () => {
  it('is acknowledged before all of the crowd has been written to, and reaches everybody', async (context) => {
    await using room = await Room.open(context);
    const members = await room.join('crowd', 1000);
    await room.publish('crowd');
    assert.ok(room.writes('crowd') < 100, `${room.writes('crowd')} were written to`);
    await room.settle(members);
    assert.equal(room.writes('crowd'), 1000);
    for (const member of members) assert.deepEqual(member.offsets('crowd'), [1]);
  });

  it('is written to its sender first', async (context) => {
    await using room = await Room.open(context);
    const members = await room.join('crowd', 1000);
    for (const sender of [members[999], members[500]]) {
      const { length } = room.written;
      await room.publish('crowd', sender?.id);
      assert.equal(room.written[length], sender?.id);
      await room.settle(members);
      assert.equal(room.written.length, length + 1000);
    }
  });

  it('holds up no small room: its messages are written while the crowd waits', async (context) => {
    await using room = await Room.open(context);
    const crowd = await room.join('crowd', 1000);
    const pair = await room.join('pair', 2);
    await room.publish('crowd');
    for (let n = 1; n <= 20; n++) {
      await room.publish('pair', pair[n % 2]?.id);
      assert.equal(room.writes('pair'), 2 * n);
      assert.ok(room.writes('crowd') < 1000);
    }
    for (const member of pair) assert.deepEqual(member.offsets('pair'), upTo(20));
    await room.settle(crowd);
    assert.equal(room.writes('crowd'), 1000);
  });

  it('goes out together with those that are committed while the crowd is written to', async (context) => {
    await using room = await Room.open(context);
    const members = await room.join('crowd', 1000);
    for (let n = 0; n < 20; n++) await room.publish('crowd');
    await room.settle(members);
    const writes = Map.groupBy(room.written, (id) => id);
    const most = Math.max(...[...writes.values()].map(({ length }) => length));
    assert.equal(most, 2, 'once in the first round, and once in the next one');
    for (const member of members) assert.deepEqual(member.offsets('crowd'), upTo(20));
  });
});

describe('while a crowd is behind', () => {
  it('64 messages are committed, and no more before it has been written to', async (context) => {
    await using room = await Room.open(context);
    const members = await room.join('crowd', 3000);
    const commits: { messages: number; written: number }[] = [];
    room.engine.before = (messages) => commits.push({ messages, written: room.writes('crowd') });
    for (let n = 0; n < 65; n++) await room.publish('crowd');
    assert.equal(commits.length, 65);
    assert.ok(room.writes('crowd') < 3000, 'the round is not over');
    const receipts = await room.publish('crowd', null, 200);
    assert.equal(receipts.at(-1)?.offset, 265);
    assert.deepEqual(commits.slice(65), [{ messages: 200, written: 3000 }]);
    await room.settle(members);
    for (const member of members) assert.deepEqual(member.offsets('crowd'), upTo(265));
  });

  it('small rooms go on, however much is said there', async (context) => {
    await using room = await Room.open(context);
    const crowd = await room.join('crowd', 1000);
    const pair = await room.join('pair', 2);
    await room.publish('crowd');
    for (let times = 0; times < 3; times++) {
      await room.publish('pair', null, 100);
      assert.ok(room.writes('crowd') < 1000, 'the round is not over');
    }
    for (const member of pair) assert.deepEqual(member.offsets('pair'), upTo(300));
    await room.settle(crowd);
  });

  it('what was written to a small room counts as written', async (context) => {
    await using room = await Room.open(context);
    const crowd = await room.join('crowd', 1000);
    const pair = await room.join('pair', 2);
    await room.publish('crowd');
    const before = performance.now();
    await room.publish('pair');
    const took = performance.now() - before;
    assert.ok(!pair.some(({ waits }) => waits));
    const [latency = Number.POSITIVE_INFINITY] = room.latencies;
    assert.ok(latency <= took, `${latency} ms for what took ${took} ms`);
    await room.settle(crowd);
    assert.equal(room.latencies.length, 2);
  });

  it('a large room of small groups holds up nobody, since it is not behind', async (context) => {
    await using room = await Room.open(context);
    const crowd = await room.join('crowd', 3000);
    const groups = [...(await room.join('room', 40, 'one')), ...(await room.join('room', 40, 'other'))];
    await room.publish('crowd');
    for (let n = 1; n <= 70; n++) {
      await room.publish('room');
      assert.equal(room.writes('room'), 80 * n);
    }
    assert.equal(room.hub.flusher.full, false);
    assert.ok(room.writes('crowd') < 3000, 'the round is not over');
    await room.settle([...crowd, ...groups]);
  });

  it('whoever leaves or comes gets no message that is not its own, and misses none', async (context) => {
    await using room = await Room.open(context);
    const members = await room.join('crowd', 300);
    await room.publish('crowd');
    const gone = members.filter((_, n) => n % 3 === 0);
    for (const member of gone) room.hub.unsubscribe(member, 'crowd');
    const [late] = await room.join('crowd', 1);
    await room.publish('crowd', null, 5);
    await room.settle([...members, ...(late ? [late] : [])]);
    for (const member of members)
      assert.deepEqual(member.offsets('crowd'), gone.includes(member) ? [1] : upTo(6));
    assert.deepEqual(late?.offsets('crowd'), [2, 3, 4, 5, 6]);
  });
});

describe('a room of 64', () => {
  it('is no crowd: all of it is written to at once', async (context) => {
    await using room = await Room.open(context);
    await room.join('room', 64);
    await room.publish('room');
    assert.equal(room.writes('room'), 64);
    const [last] = await room.join('room', 1);
    assert.ok(last);
    await room.publish('room');
    assert.ok(last.waits, 'of 65 it is one');
    await room.settle([last]);
    assert.equal(room.writes('room'), 64 + 65);
    assert.deepEqual(last.offsets('room'), [2]);
  });
});
