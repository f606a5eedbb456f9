import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Flusher } from '../../src/hub/flusher.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';
import { stopTime } from '../support/stop-time.ts';

const size = 100;
/** Of them, how many are written to while the others wait for one more batch. */
const most = 52;
/** Milliseconds between two batches. */
const interval = 10;
/** Milliseconds of one write: writing each batch by itself would take 8 of 10 ms. */
const cost = 0.08;

/** One of a crowd, who is marked once for all that waits. */
class Member extends PlainRecipient {
  /** Batches that wait. */
  waiting = 0;
  readonly #write: (batches: number) => void;

  constructor(id: string, write: (batches: number) => void) {
    super(id);
    this.#write = write;
  }

  override flush(): void {
    this.#write(this.waiting);
    this.waiting = 0;
  }
}

/** A crowd to which batches come every 10 ms, and a flusher that has seen so many of them that it waits for company. */
class Busy {
  readonly flusher = new Flusher();
  readonly room = {};
  /** Batches of each write to somebody, since it was opened. */
  writes: number[] = [];
  /** Batches that came, and how many of them everybody has been written. */
  batches = 0;
  written = 0;
  readonly members: readonly Member[];
  readonly #context: TestContext;
  readonly #pass: (ms: number) => void;

  private constructor(context: TestContext) {
    this.#context = context;
    this.#pass = stopTime(context);
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const write = (batches: number): void => {
      this.#pass(cost);
      this.writes.push(batches);
    };
    this.members = Array.from({ length: size }, (_, n) => new Member(`r${n}`, write));
  }

  static async open(context: TestContext): Promise<Busy> {
    const busy = new Busy(context);
    for (let n = 0; n < 100; n++) await busy.beat();
    busy.writes = [];
    return busy;
  }

  /** Batches for which somebody waits. */
  get open(): number {
    return this.batches - this.written;
  }

  /** How many of the crowd wait for something. */
  get waiting(): number {
    return this.members.filter(({ waiting }) => waiting > 0).length;
  }

  /** A tick with messages for the crowd, and the turns of the event loop behind it. */
  async batch(room: object = this.room, messages = 1): Promise<void> {
    for (const member of this.members) if (member.waiting++ === 0) this.flusher.mark(member);
    this.flusher.gather(room, messages, 100, size);
    this.flusher.flush();
    const batch = ++this.batches;
    this.flusher.whenWritten(() => {
      assert.equal(++this.written, batch);
    });
    await this.turns();
  }

  /** A batch, and the time until the next one. */
  async beat(): Promise<void> {
    const began = performance.now();
    await this.batch();
    for (let now = began; now < began + interval; now = performance.now())
      await this.advance(Math.min(1, began + interval - now));
  }

  async advance(ms: number): Promise<void> {
    this.#pass(ms);
    this.#context.mock.timers.tick(ms);
    await this.turns();
  }

  /** A round takes several turns of the event loop. */
  async turns(): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await setImmediate();
  }
}

describe('Flusher, when rounds take most of the time', () => {
  it('writes to one half at once, and to the other together with the next batch', async (context) => {
    const busy = await Busy.open(context);
    assert.equal(busy.waiting, size - most);
    const waited = busy.members.filter(({ waiting }) => waiting > 0);
    await busy.batch();
    assert.ok(waited.every(({ waiting }) => waiting === 0));
    assert.equal(busy.waiting, size - most);
    assert.deepEqual(busy.writes, [...Array(size - most).fill(2), ...Array(2 * most - size).fill(1)]);
  });

  it('goes on like that: nobody waits for more than one further batch', async (context) => {
    const busy = await Busy.open(context);
    for (let n = 1; n <= 50; n++) await busy.beat();
    assert.equal(busy.writes.length, 50 * most);
    assert.equal(Math.max(...busy.writes), 2);
    assert.equal(busy.open, 1);
  });

  it('waits no longer than for one interval and a half', async (context) => {
    const busy = await Busy.open(context);
    const began = performance.now();
    await busy.batch();
    while (performance.now() < began + 1.4 * interval) await busy.advance(1);
    assert.deepEqual([busy.waiting, busy.open], [size - most, 1]);
    await busy.advance(0.2 * interval);
    assert.deepEqual([busy.waiting, busy.open], [0, 0]);
    await busy.batch();
    assert.equal(busy.waiting, 0, 'after waiting in vain it does not wait again at once');
  });

  it('does not wait with a batch of several messages', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch(busy.room, 2);
    assert.equal(busy.waiting, 0);
  });

  it('does not make the crowd of another channel wait', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch({});
    assert.equal(busy.waiting, 0);
  });

  it('makes nobody wait who is urgent', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch();
    const urgent = new PlainRecipient('urgent');
    busy.flusher.mark(urgent, true);
    await setImmediate();
    await setImmediate();
    assert.equal(urgent.flushes, 1);
    assert.equal(busy.waiting, size - most);
  });

  it('writes to who is marked while others wait when that is over', async (context) => {
    const busy = await Busy.open(context);
    const other = new PlainRecipient('other');
    busy.flusher.mark(other);
    await busy.turns();
    assert.equal(other.flushes, 0);
    await busy.advance(2 * interval);
    assert.equal(other.flushes, 1);
  });

  it('forgets nobody when it is calm afterwards', async (context) => {
    const busy = await Busy.open(context);
    await busy.advance(1000);
    assert.equal(busy.waiting, 0);
    for (let n = 1; n <= 3; n++) {
      await busy.batch();
      await busy.advance(1000);
      assert.deepEqual([busy.waiting, busy.open], [0, 0]);
    }
    assert.deepEqual(busy.writes.slice(-size), Array(size).fill(1));
  });
});
