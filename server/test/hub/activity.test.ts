import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Draft, Receipt } from '../../src/engine/engine.ts';
import { Activity, type ActivityPoint } from '../../src/hub/activity.ts';
import { FakeClock } from '../support/fake-clock.ts';

const minute = 60_000;
/** A whole minute, so that moments can be counted from it. */
const start = 1_700_000_040_000;

interface Publish {
  readonly channel: string;
  /** `undefined` has no sender at all, null one without a user. */
  readonly user: string | null | undefined;
  readonly duplicate: boolean;
}

function draftOf({ channel, user }: Publish): Draft {
  const sender = user === undefined ? null : { user, connection: 'c1', client: null };
  return { channel, id: 'x', keyed: true, space: '', type: 'text', data: '1', sender, persist: false };
}

function record(activity: Activity, batch: readonly Publish[], now: number): void {
  const receipts = batch.map(({ channel, duplicate }): Receipt => {
    return { id: 'x', channel, offset: 1, epoch: 'e', time: now, duplicate };
  });
  activity.record(batch.map(draftOf), receipts, now);
}

function publish(channel: string, user: string | null | undefined = null, duplicate = false): Publish {
  return { channel, user, duplicate };
}

/** Every publish for ever, and each figure counted anew. */
class Model {
  readonly #published: (Publish & { readonly time: number })[] = [];

  record(batch: readonly Publish[], time: number): void {
    this.#published.push(...batch.map((one) => ({ ...one, time })));
  }

  page(minutes: number, channel: string | undefined, now: number): ActivityPoint[] {
    const running = Math.floor(now / minute);
    const points: ActivityPoint[] = [];
    for (let number = running - minutes + 1; number <= running; number += 1) {
      const counted = this.#published.filter(
        (one) =>
          Math.floor(one.time / minute) === number &&
          !one.duplicate &&
          one.channel !== '$control' &&
          (channel === undefined || one.channel === channel),
      );
      const users = new Set(counted.map(({ user }) => user).filter((user) => typeof user === 'string'));
      points.push({ time: number * minute, messages: counted.length, users: users.size });
    }
    return points;
  }
}

describe('Activity', () => {
  it('agrees with a naive count on any sequence of batches', () => {
    const channels = ['a', '__proto__', '$control', '$all'];
    const one = fc.record({
      channel: fc.constantFrom(...channels),
      user: fc.constantFrom(undefined, null, '', 'u1', 'u2', '__proto__'),
      duplicate: fc.boolean(),
    });
    const command = fc.oneof(
      { weight: 3, arbitrary: fc.record({ batch: fc.array(one, { maxLength: 5 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          ms: fc.constantFrom(1, 999, 30_000, 59_999, minute, 7 * minute, 61 * minute),
        }),
      },
    );
    const property = fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (sequence) => {
      const clock = new FakeClock(start);
      const activity = new Activity();
      const model = new Model();
      for (const next of sequence) {
        if ('ms' in next) clock.advance(next.ms);
        else {
          record(activity, next.batch, clock.now());
          model.record(next.batch, clock.now());
        }
        for (const channel of [undefined, 'a', '__proto__', 'quiet']) {
          for (const minutes of [1, 5, 60]) {
            assert.deepEqual(
              activity.page(minutes, channel, clock.now()),
              model.page(minutes, channel, clock.now()),
            );
          }
        }
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('begins a minute to the millisecond', () => {
    const activity = new Activity();
    for (const ms of [0, 59_999, 60_000]) record(activity, [publish('a', 'u1')], start + ms);
    assert.deepEqual(activity.page(2, undefined, start + 60_000), [
      { time: start, messages: 2, users: 1 },
      { time: start + minute, messages: 1, users: 1 },
    ]);
  });

  it('lists the quiet minutes too, up to the running one', () => {
    const activity = new Activity();
    assert.deepEqual(activity.page(2, undefined, start + 1), [
      { time: start - minute, messages: 0, users: 0 },
      { time: start, messages: 0, users: 0 },
    ]);
    assert.deepEqual(activity.page(0, undefined, start), []);
    record(activity, [publish('a')], start);
    const counts = activity.page(3, 'a', start + 2 * minute).map(({ messages }) => messages);
    assert.deepEqual(counts, [1, 0, 0]);
  });

  it('does not count the nodes’ own commands, nor what was published before', () => {
    const activity = new Activity();
    record(activity, [publish('$control', 'u1'), publish('a', 'u2', true), publish('a', 'u3')], start);
    assert.deepEqual(activity.page(1, undefined, start), [{ time: start, messages: 1, users: 1 }]);
    assert.deepEqual(activity.page(1, '$control', start), [{ time: start, messages: 0, users: 0 }]);
    assert.deepEqual(activity.page(1, 'a', start), [{ time: start, messages: 1, users: 1 }]);
  });

  it('forgets what is an hour old', () => {
    const activity = new Activity();
    record(activity, [publish('a')], start);
    record(activity, [publish('a')], start + 59 * minute);
    assert.equal(activity.page(60, 'a', start + 59 * minute)[0]?.messages, 1);
    record(activity, [publish('a')], start + 60 * minute);
    const points = activity.page(100, 'a', start + 60 * minute);
    assert.deepEqual(
      points.filter(({ messages }) => messages > 0).map(({ time }) => time),
      [start + 59 * minute, start + 60 * minute],
    );
  });

  it('counts what happens after the clock was set in the minute that it shows', () => {
    const activity = new Activity();
    record(activity, [publish('a')], start);
    record(activity, [publish('a')], start + 5 * minute);
    record(activity, [publish('a')], start + minute);
    record(activity, [publish('a')], start);
    const counts = activity.page(6, 'a', start + 5 * minute).map(({ messages }) => messages);
    assert.deepEqual(counts, [2, 1, 0, 0, 0, 1]);
  });

  it('keeps no more minutes however the clock is set', () => {
    const activity = new Activity();
    for (let at = 0; at < 600; at++) record(activity, [publish('a')], start + (at % 2 ? at : -at) * minute);
    assert.equal(
      activity.page(60, 'a', start + 599 * minute).filter(({ messages }) => messages > 0).length,
      1,
    );
    record(activity, [publish('a')], start);
    assert.equal(activity.page(60, 'a', start)[59]?.messages, 1);
  });

  it('beyond its limits of channels and users only totals grow', () => {
    const activity = new Activity();
    const many = Array.from({ length: 5_001 }, (_, n) => publish(`c${n}`, `u${n}`));
    record(activity, many, start);
    assert.deepEqual(activity.page(1, undefined, start), [{ time: start, messages: 5_001, users: 5_001 }]);
    assert.equal(activity.page(1, 'c4999', start)[0]?.messages, 1);
    assert.equal(activity.page(1, 'c5000', start)[0]?.messages, 0);
    record(activity, [publish('c0', 'v'), publish('c5000', 'v')], start + 1);
    assert.deepEqual(activity.page(1, 'c0', start), [{ time: start, messages: 2, users: 2 }]);
    assert.equal(activity.page(1, 'c5000', start)[0]?.messages, 0);
    const users = Array.from({ length: 6_000 }, (_, n) => publish('c0', `w${n}`));
    record(activity, users, start + 2);
    assert.deepEqual(activity.page(1, undefined, start), [{ time: start, messages: 11_003, users: 10_000 }]);
    assert.deepEqual(activity.page(1, 'c0', start), [{ time: start, messages: 6_002, users: 6_002 }]);
    record(activity, [publish('c5000', 'u0')], start + minute);
    assert.equal(activity.page(1, 'c5000', start + minute)[0]?.messages, 1, 'a new minute begins anew');
  });
});
