import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Flusher } from '../../src/hub/flusher.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';
import { stopTime } from '../support/stop-time.ts';

describe('Flusher', () => {
  it('writes to each recipient at the end of the turn in which it was marked', async () => {
    const flusher = new Flusher();
    const recipients = [new PlainRecipient('a'), new PlainRecipient('b')];
    for (const recipient of recipients) flusher.mark(recipient);
    assert.deepEqual(
      recipients.map(({ flushes }) => flushes),
      [0, 0],
    );
    await setImmediate();
    await setImmediate();
    assert.deepEqual(
      recipients.map(({ flushes }) => flushes),
      [1, 1],
    );
  });

  it('writes at once when it is told to, and not again at the end of the turn', async () => {
    const flusher = new Flusher();
    const recipient = new PlainRecipient('a');
    flusher.mark(recipient);
    flusher.flush();
    assert.equal(recipient.flushes, 1);
    await setImmediate();
    await setImmediate();
    assert.equal(recipient.flushes, 1);
  });

  it('keeps for the next round who is marked while it writes', async () => {
    const flusher = new Flusher();
    const late = new PlainRecipient('late');
    const early = new PlainRecipient('early');
    early.flush = () => flusher.mark(late);
    flusher.mark(early);
    flusher.flush();
    assert.equal(late.flushes, 0);
    await setImmediate();
    await setImmediate();
    assert.equal(late.flushes, 1);
  });
});

/** Milliseconds for crowds in each turn, and how many recipients are written to between two looks at the clock. */
const slice = 1;
const stride = 8;

/** Notes who is written to, in one list for all, after which something may happen. */
class Noted extends PlainRecipient {
  readonly #log: string[];
  readonly #then: () => void;

  constructor(id: string, log: string[], then: () => void = () => {}) {
    super(id);
    this.#log = log;
    this.#then = then;
  }

  override flush(): void {
    super.flush();
    this.#log.push(this.id);
    this.#then();
  }
}

/** A flusher and recipients to each of which writing takes so many milliseconds, by a clock that stands still else. */
class Crowd {
  readonly flusher = new Flusher();
  readonly log: string[] = [];
  readonly recipients: readonly Noted[];
  readonly ids: readonly string[];

  constructor(count: number, spend: () => void) {
    this.recipients = Array.from({ length: count }, (_, n) => new Noted(`r${n}`, this.log, spend));
    this.ids = this.recipients.map(({ id }) => id);
  }

  /** Marks everybody. */
  mark(): void {
    for (const recipient of this.recipients) this.flusher.mark(recipient);
  }

  /** Turns of the event loop until the condition holds. */
  async until(holds: () => boolean): Promise<void> {
    for (let turns = 0; !holds(); turns++) {
      assert.ok(turns < 10_000, `never came about: ${holds}`);
      await setImmediate();
    }
  }

  /** As long as all of the crowd, as it is marked now, has been written to. */
  async written(): Promise<void> {
    await this.until(() => this.log.length >= this.recipients.length);
  }
}

describe('Flusher, with a crowd', () => {
  for (const cost of [0.01, 0.25, 3])
    it(`writes to it in slices of about ${slice} ms when each write takes ${cost} ms`, async (context) => {
      const pass = stopTime(context);
      const crowd = new Crowd(5000, () => pass(cost));
      crowd.mark();
      let turns = 0;
      while (crowd.log.length < 5000) {
        const before = crowd.log.length;
        await setImmediate();
        turns++;
        const taken = (crowd.log.length - before) * cost;
        assert.ok(taken < slice + stride * cost, `${taken} ms in one turn`);
      }
      assert.ok(turns >= (5000 * cost) / (slice + stride * cost), `in ${turns} turns`);
      assert.deepEqual(crowd.log, crowd.ids);
      await setImmediate();
      await setImmediate();
      assert.equal(crowd.log.length, 5000, 'once to each');
    });

  it('writes to all of it at once when that takes no time', async (context) => {
    stopTime(context);
    const crowd = new Crowd(5000, () => {});
    crowd.mark();
    crowd.flusher.flush();
    assert.deepEqual(crowd.log, crowd.ids);
  });

  it('writes at the end of each tick to one slice more, and never waits for ticks', async (context) => {
    const pass = stopTime(context);
    const crowd = new Crowd(100, () => pass(1));
    crowd.mark();
    for (let ticks = 1; ticks <= 5; ticks++) {
      crowd.flusher.flush();
      assert.equal(crowd.log.length, ticks * stride);
    }
    await crowd.written();
    assert.deepEqual(crowd.log, crowd.ids);
  });

  it('writes to who is urgent before anybody else of it, in the next turn', async (context) => {
    const pass = stopTime(context);
    const crowd = new Crowd(5000, () => pass(1));
    crowd.mark();
    for (const id of ['first', 'second', 'third']) {
      await setImmediate();
      await setImmediate();
      const { length } = crowd.log;
      assert.ok(length > 0 && length < 5000);
      const urgent = new Noted(id, crowd.log);
      crowd.flusher.mark(urgent, true);
      crowd.flusher.mark(new Noted('not urgent', crowd.log));
      await setImmediate();
      assert.equal(crowd.log[length], id);
    }
    await crowd.until(() => crowd.log.length === 5006);
    assert.deepEqual(crowd.log.slice(-3), Array(3).fill('not urgent'), 'the others wait for the next round');
  });

  it('writes to everybody who is urgent at once, however long that takes', (context) => {
    const pass = stopTime(context);
    const crowd = new Crowd(200, () => pass(10));
    for (const recipient of crowd.recipients) crowd.flusher.mark(recipient, true);
    crowd.flusher.flush();
    assert.deepEqual(crowd.log, crowd.ids);
  });

  it('writes again, in the next round, to whoever is marked again during one', async (context) => {
    const pass = stopTime(context);
    const crowd = new Crowd(100, () => pass(1));
    crowd.mark();
    crowd.flusher.flush();
    assert.equal(crowd.log.length, stride);
    crowd.mark();
    await crowd.until(() => crowd.log.length === 200);
    assert.deepEqual(crowd.log, [...crowd.ids, ...crowd.ids]);
  });
});

describe('Flusher.whenWritten', () => {
  /** A crowd of 100 of which one slice has been written, and what is told when. */
  function begun(pass: (ms: number) => void): Crowd {
    const crowd = new Crowd(100, () => pass(1));
    crowd.mark();
    crowd.flusher.flush();
    return crowd;
  }

  it('is at once when nothing waits', () => {
    const log: string[] = [];
    new Flusher().whenWritten(() => log.push('written'));
    assert.deepEqual(log, ['written']);
  });

  it('is at the end of the round under way, when nobody was marked since', async (context) => {
    const crowd = begun(stopTime(context));
    crowd.flusher.whenWritten(() => crowd.log.push('written'));
    await crowd.until(() => crowd.log.length > 100);
    assert.deepEqual(crowd.log, [...crowd.ids, 'written']);
  });

  it('is at the end of the next round, when somebody was, and not later for who is marked after', async (context) => {
    const crowd = begun(stopTime(context));
    crowd.mark();
    crowd.flusher.whenWritten(() => crowd.log.push('written'));
    await crowd.until(() => crowd.log.length > 150);
    crowd.flusher.mark(new Noted('after', crowd.log));
    await crowd.until(() => crowd.log.length === 202);
    assert.deepEqual(crowd.log, [...crowd.ids, ...crowd.ids, 'written', 'after']);
  });

  it('is told once to everybody who asks, in their order', async (context) => {
    const crowd = begun(stopTime(context));
    for (const name of ['one', 'two']) crowd.flusher.whenWritten(() => crowd.log.push(name));
    crowd.mark();
    crowd.flusher.whenWritten(() => crowd.log.push('three'));
    await crowd.until(() => crowd.log.length === 203);
    await setImmediate();
    await setImmediate();
    assert.deepEqual(crowd.log, [...crowd.ids, 'one', 'two', ...crowd.ids, 'three']);
  });
});

describe('Flusher.whenRoundEnds', () => {
  it('is at once without a round, even if the next one is marked already', () => {
    const log: string[] = [];
    const flusher = new Flusher();
    flusher.whenRoundEnds(() => log.push('no round'));
    flusher.mark(new Noted('r', log));
    flusher.whenRoundEnds(() => log.push('not begun'));
    flusher.flush();
    flusher.whenRoundEnds(() => log.push('over'));
    assert.deepEqual(log, ['no round', 'not begun', 'r', 'over']);
  });

  it('is at the end of the round under way, before the next one begins', async (context) => {
    const pass = stopTime(context);
    const crowd = new Crowd(100, () => pass(1));
    crowd.mark();
    crowd.flusher.flush();
    crowd.mark();
    crowd.flusher.whenRoundEnds(() => crowd.log.push('ended'));
    await crowd.until(() => crowd.log.length === 201);
    assert.deepEqual(crowd.log, [...crowd.ids, 'ended', ...crowd.ids]);
  });
});

describe('Flusher.full', () => {
  const kibibyte = 1024;
  const channels = [{}, {}] as const;

  /** What it says after each of these batches, given to the crowd of a channel during a round. */
  function fullAfter(
    pass: (ms: number) => void,
    batches: readonly (readonly [channel: number, messages: number, bytes: number])[],
  ): boolean[] {
    const { flusher, recipients } = new Crowd(100, () => pass(1));
    for (const recipient of recipients) flusher.mark(recipient);
    flusher.flush();
    return batches.map(([channel, messages, bytes]) => {
      flusher.gather(channels[channel] ?? {}, messages, bytes, 100);
      return flusher.full;
    });
  }

  it('is true once 64 messages of one channel gathered during a round', (context) => {
    const pass = stopTime(context);
    assert.deepEqual(fullAfter(pass, [[0, 64, 1]]), [true]);
    const single = Array.from({ length: 70 }, () => [0, 1, 1] as const);
    const expected = single.map((_, n) => n + 1 >= 64);
    assert.deepEqual(fullAfter(pass, single), expected);
  });

  it('is true once 64 KiB of one channel gathered during a round', (context) => {
    const pass = stopTime(context);
    assert.deepEqual(fullAfter(pass, [[0, 1, 64 * kibibyte]]), [true]);
    const batches = [63 * kibibyte, kibibyte - 1, 1].map((bytes) => [0, 1, bytes] as const);
    assert.deepEqual(fullAfter(pass, batches), [false, false, true]);
  });

  it('counts each channel by itself', (context) => {
    const pass = stopTime(context);
    const batches = [0, 1, 0, 1, 0].map((channel) => [channel, 30, 20 * kibibyte] as const);
    assert.deepEqual(fullAfter(pass, batches), [false, false, false, false, true]);
  });

  it('is false again at the end of the round, and counts from 0 in the next one', async (context) => {
    const pass = stopTime(context);
    const { flusher, recipients } = new Crowd(100, () => pass(1));
    for (let rounds = 0; rounds < 3; rounds++) {
      for (const recipient of recipients) flusher.mark(recipient);
      flusher.flush();
      flusher.gather(channels[0], 63, 0, 100);
      assert.equal(flusher.full, false, 'what gathered before the round does not count');
      flusher.gather(channels[0], 1, 0, 100);
      assert.equal(flusher.full, true);
      const atEnd: boolean[] = [];
      flusher.whenRoundEnds(() => atEnd.push(flusher.full));
      for (; atEnd.length === 0; await setImmediate()) assert.equal(flusher.full, true);
      assert.deepEqual(atEnd, [false]);
    }
  });

  it('is never true without a round, whatever is given to a crowd', () => {
    const flusher = new Flusher();
    flusher.gather(channels[0], 10_000, 10_000 * kibibyte, 100);
    assert.equal(flusher.full, false);
    const recipient = new PlainRecipient('r');
    flusher.mark(recipient);
    assert.equal(flusher.full, false);
    flusher.flush();
    assert.equal(flusher.full, false);
  });
});
