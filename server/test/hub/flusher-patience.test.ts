import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Flusher } from '../../src/hub/flusher.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';
import { stopTime } from '../support/stop-time.ts';

const size = 100;
const interval = 10;
/** Milliseconds of one write: a round takes 8 ms. */
const cost = 0.08;

/** A crowd to which batches come every 10 ms, and a flusher that has seen so many of them that it waits for company. */
class Busy {
  readonly flusher = new Flusher();
  readonly room = {};
  /** Batches that were written. */
  written = 0;
  readonly #context: TestContext;
  readonly #pass: (ms: number) => void;
  readonly #members: readonly PlainRecipient[];
  readonly #marked = new Set<PlainRecipient>();
  #writes = 0;
  #pending = 0;

  private constructor(context: TestContext) {
    this.#context = context;
    this.#pass = stopTime(context);
    context.mock.timers.enable({ apis: ['setTimeout'] });
    this.#members = Array.from({ length: size }, (_, n) => {
      const recipient = new PlainRecipient(`r${n}`);
      recipient.flush = () => {
        this.#pass(cost);
        this.#writes++;
        this.#marked.delete(recipient);
      };
      return recipient;
    });
  }

  static async open(context: TestContext): Promise<Busy> {
    const busy = new Busy(context);
    const began = performance.now();
    // The last batch is one that another has waited for.
    for (let n = 1; n <= 100 || busy.#pending > 0; n++) {
      await busy.batch();
      await busy.until(began + n * interval);
    }
    busy.#writes = 0;
    busy.written = 0;
    return busy;
  }

  /** Times that all of the crowd was written to. */
  get writes(): number {
    return this.#writes / size;
  }

  /** A tick with messages for the crowd. */
  async batch(room: object = this.room, messages = 1): Promise<void> {
    for (const member of this.#members) {
      if (!this.#marked.has(member)) this.flusher.mark(member);
      this.#marked.add(member);
    }
    this.flusher.gather(room, messages, 100, size);
    this.flusher.flush();
    this.#pending++;
    this.flusher.whenWritten(() => {
      this.#pending--;
      this.written++;
    });
    await this.turns();
  }

  async until(time: number): Promise<void> {
    for (let now = performance.now(); now < time; now = performance.now())
      await this.advance(Math.min(1, time - now));
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
  it('waits with the first batch for the second, and writes both at once', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch();
    await busy.advance(interval - 1);
    assert.equal(busy.writes, 0);
    await busy.batch();
    assert.equal(busy.writes, 1);
    assert.equal(busy.written, 2);
  });

  it('goes on like that: every other batch waits', async (context) => {
    const busy = await Busy.open(context);
    const start = performance.now();
    for (let n = 1; n <= 50; n++) {
      await busy.batch();
      await busy.until(start + n * interval);
    }
    assert.ok(busy.writes >= 24 && busy.writes <= 27, `${busy.writes} writes for 50 batches`);
  });

  it('waits no longer than for one interval and a half', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch();
    await busy.advance(1.4 * interval);
    assert.equal(busy.writes, 0);
    await busy.advance(0.2 * interval);
    assert.equal(busy.writes, 1);
    assert.equal(busy.written, 1);
    await busy.batch();
    assert.equal(busy.writes, 2, 'after waiting in vain it does not wait again at once');
  });

  it('does not wait with a batch of several messages', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch(busy.room, 2);
    assert.equal(busy.writes, 1);
  });

  it('does not make the crowd of another channel wait', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch();
    assert.equal(busy.writes, 0);
    await busy.batch({});
    assert.equal(busy.writes, 1);
    assert.equal(busy.written, 2);
  });

  it('makes nobody wait who is urgent, and writes to nobody twice for that', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch();
    const urgent = new PlainRecipient('urgent');
    busy.flusher.mark(urgent, true);
    await setImmediate();
    await setImmediate();
    assert.equal(urgent.flushes, 1);
    assert.equal(busy.writes, 0);
    await busy.batch();
    assert.equal(busy.writes, 1);
    assert.equal(urgent.flushes, 1);
  });

  it('writes to who is marked while it waits when the wait is over', async (context) => {
    const busy = await Busy.open(context);
    await busy.batch();
    const other = new PlainRecipient('other');
    busy.flusher.mark(other);
    await busy.turns();
    assert.equal(other.flushes, 0);
    await busy.advance(2 * interval);
    assert.equal(other.flushes, 1);
  });
});
