import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Draft, Receipt, Retention } from '../../src/engine/engine.ts';
import { ChannelTable } from '../../src/engine/memory/channel-table.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { Idempotency } from '../../src/engine/memory/idempotency.ts';
import { Ring } from '../../src/engine/memory/ring.ts';
import { Usage } from '../../src/engine/memory/usage.ts';
import { Exhausted, unlimited } from '../../src/engine/usage.ts';
import { FakeClock } from '../support/fake-clock.ts';

const retention: Retention = { windowSize: 100, windowTtl: 1000, historyTtl: 5000, idempotencyWindow: 1000 };

function draft(channel: string, persist = false): Draft {
  return { channel, id: 'x', keyed: false, space: '', type: 'text', data: '1', sender: null, persist };
}

describe('Ring', () => {
  it('is an array with a cheap front, whatever is done to it', () => {
    const steps = fc.array(fc.oneof(fc.constant('shift'), fc.integer({ min: 1, max: 40 })), {
      maxLength: 60,
      size: 'max',
    });
    const property = fc.property(steps, (sequence) => {
      const ring = new Ring<number>();
      const array: number[] = [];
      for (const [step, count] of sequence.entries()) {
        if (typeof count === 'number') {
          for (let n = 0; n < count; n += 1) {
            ring.push(step * 100 + n);
            array.push(step * 100 + n);
          }
        } else {
          for (let n = Math.ceil(array.length * 0.7); n > 0; n -= 1)
            assert.equal(ring.shift(), array.shift());
        }
        assert.deepEqual(
          Array.from({ length: ring.length }, (_, index) => ring.at(index)),
          array,
        );
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('ChannelTable', () => {
  it('a sweep lets go of channels that keep nothing, but not of their offsets or of time', () => {
    const table = new ChannelTable({ retention, epoch: 'e', usage: new Usage(unlimited, new Exhausted()) });
    for (let n = 0; n < 50; n += 1) table.open('a').append(draft('a'), 10_000);
    table.open('b').append(draft('b', true), 10_000);
    table.open('followed').followed = true;
    table.open('never used');
    for (const time of [10_999, 11_000, 11_001]) table.sweep(time);
    assert.equal(table.size, 2, 'b keeps its history, and one is followed');
    assert.equal(table.find('a'), undefined);
    assert.equal(table.position('a').offset, 50);
    for (const time of [14_999, 15_000, 15_001]) table.sweep(time);
    assert.equal(table.find('b'), undefined);
    const again = table.open('a').append(draft('a'), 9000);
    assert.deepEqual([again.offset, again.time], [51, 10_000]);
  });

  it('sweeps many channels in portions, and comes round to all of them', () => {
    const table = new ChannelTable({ retention, epoch: 'e', usage: new Usage(unlimited, new Exhausted()) });
    for (let n = 0; n < 25_000; n += 1) table.open(`c${n}`).append(draft(`c${n}`), 10_000);
    table.sweep(20_000);
    assert.ok(table.size > 0 && table.size < 25_000, 'a part of them');
    for (let n = 0; n < 10; n += 1) table.sweep(20_000);
    assert.equal(table.size, 0);
    assert.equal(table.position('c24999').offset, 1);
  });
});

describe('Idempotency', () => {
  const receipt = (id: string, time: number): Receipt => {
    return { id, channel: 'a', offset: 1, epoch: 'e', time, duplicate: false };
  };

  it('survives a clock that is set back and then goes on', () => {
    const ids = new Idempotency(1000, 50_000);
    ids.turn(50_000);
    ids.add(receipt('k', 50_000), '');
    ids.turn(20_000);
    assert.ok(ids.find({ channel: 'a', space: '', id: 'k' }, 20_000));
    ids.turn(21_000);
    ids.add(receipt('l', 21_000), '');
    ids.turn(21_999);
    assert.ok(ids.find({ channel: 'a', space: '', id: 'l' }, 21_999));
    ids.turn(22_000);
    assert.equal(ids.find({ channel: 'a', space: '', id: 'l' }, 22_000), undefined);
    ids.turn(23_000);
    assert.equal(
      ids.find({ channel: 'a', space: '', id: 'k' }, 23_000),
      undefined,
      'not remembered until the clock is back at 50,000',
    );
  });

  it('of an idle engine lets go by its timer', async () => {
    const clock = new FakeClock();
    const engine = new MemoryEngine({ retention, clock });
    await engine.open({ deliver() {}, unsure() {}, presence() {} });
    assert.equal(clock.timers, 1);
    await engine.append([{ ...draft('a'), keyed: true }]);
    clock.advance(999);
    assert.equal((await engine.append([{ ...draft('a'), keyed: true }]))[0]?.duplicate, true);
    clock.advance(1);
    assert.equal((await engine.append([{ ...draft('a'), keyed: true }]))[0]?.duplicate, false);
    await engine.close();
  });
});

describe('MemoryEngine', () => {
  it('opens once', async () => {
    const engine = new MemoryEngine({ retention, clock: new FakeClock() });
    const sink = { deliver() {}, unsure() {}, presence() {} };
    assert.equal((await engine.health()).ok, false);
    await assert.rejects(engine.append([draft('a')]), /not open/);
    await engine.open(sink);
    await assert.rejects(engine.open(sink), { name: 'StartError' });
    await engine.close();
    await assert.rejects(engine.open(sink), { name: 'StartError' });
  });

  it('without a window delivers and keeps nothing but what is persisted', async () => {
    const clock = new FakeClock();
    const engine = new MemoryEngine({ retention: { ...retention, windowSize: 0, windowTtl: 0 }, clock });
    const delivered: number[] = [];
    const deliver = (messages: readonly { offset: number }[]) => {
      delivered.push(...messages.map(({ offset }) => offset));
    };
    await engine.open({ deliver, unsure() {}, presence() {} });
    await engine.follow('a');
    await engine.append([draft('a', true), draft('a'), draft('a', true)]);
    assert.deepEqual(delivered, [1, 2, 3]);
    const { messages } = await engine.read('a', { limit: 9 });
    assert.deepEqual(
      messages.map(({ offset }) => offset),
      [1, 3],
    );
    assert.equal((await engine.state('a')).completeFrom, 3);
    await engine.close();
  });
});
