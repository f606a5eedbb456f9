import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { type Sleeper, Wheel } from '../../src/transport/wheel.ts';
import { FakeClock } from '../support/fake-clock.ts';

const slot = 200;
const slotOf = (time: number): number => Math.floor(time / slot);

/** Wakes after each of its naps in turn, and remembers when. */
class Napper implements Sleeper {
  readonly woken: number[] = [];
  due = 0;
  slot = -1;
  index = 0;
  readonly #naps: number[];

  constructor(naps: readonly number[] = []) {
    this.#naps = [...naps];
  }

  wake(now: number): number {
    this.woken.push(now);
    const nap = this.#naps.shift();
    return nap === undefined ? Number.POSITIVE_INFINITY : now + nap;
  }
}

/** A wheel that turns so many milliseconds after the borders of its slots. */
function open(phase = 0): { clock: FakeClock; wheel: Wheel; faults: unknown[] } {
  const clock = new FakeClock();
  clock.advance(phase);
  const faults: unknown[] = [];
  return { clock, wheel: new Wheel(clock, (thrown) => faults.push(thrown)), faults };
}

describe('Wheel', () => {
  it('wakes nobody early, and everybody at most 200 ms late', () => {
    const { clock, wheel } = open();
    const nappers = Array.from({ length: 2000 }, (_, n) => {
      const napper = new Napper();
      wheel.add(napper, clock.monotonic() + n * 97);
      return { napper, due: clock.monotonic() + n * 97 };
    });
    clock.advance(2000 * 97 + slot);
    for (const { napper, due } of nappers) {
      const [woken = 0] = napper.woken;
      assert.equal(napper.woken.length, 1);
      assert.ok(woken >= due && woken - due <= slot, `${woken - due} ms late`);
    }
  });

  it('wakes nobody early, and everybody once and at most a slot late, at any phase', () => {
    const naps = fc.array(fc.integer({ min: 0, max: 250_000 }), { minLength: 1, maxLength: 40 });
    const run = fc.property(fc.nat(slot - 1), fc.nat(500), naps, (phase, later, dues) => {
      const { clock, wheel } = open(phase);
      clock.advance(later);
      const start = clock.monotonic();
      const nappers = dues.map((nap) => {
        const napper = new Napper();
        wheel.add(napper, start + nap);
        return napper;
      });
      clock.advance(Math.max(...dues) + 2 * slot);
      for (const [n, { woken }] of nappers.entries()) {
        const late = (woken[0] ?? Number.NaN) - start - (dues[n] ?? 0);
        assert.equal(woken.length, 1);
        assert.ok(late >= 0 && late <= slot, `${late} ms late at phase ${phase}`);
      }
    });
    fc.assert(run);
  });

  it('wakes again when it was told so, and never after Infinity', () => {
    const { clock, wheel } = open();
    const napper = new Napper([1000, 50, 200_000]);
    const start = clock.monotonic();
    wheel.add(napper, start + 500);
    clock.advance(400_000);
    assert.equal(napper.woken.length, 4);
    const gaps = napper.woken.map((time, n) => time - (napper.woken[n - 1] ?? start));
    for (const [n, nap] of [500, 1000, 50, 200_000].entries()) {
      const gap = gaps[n] ?? 0;
      assert.ok(gap >= nap && gap <= nap + slot, `${gap} for ${nap}`);
    }
  });

  it('one that throws is reported, is asked again later, and keeps nobody else asleep', () => {
    const { clock, wheel, faults } = open();
    let calls = 0;
    const thrower: Sleeper = {
      due: 0,
      slot: -1,
      index: 0,
      wake() {
        if (calls++ === 0) throw new Error('bad dream');
        return Number.POSITIVE_INFINITY;
      },
    };
    const napper = new Napper();
    wheel.add(thrower, clock.monotonic());
    wheel.add(napper, clock.monotonic());
    clock.advance(2000);
    assert.match(String(faults[0]), /bad dream/);
    assert.equal(faults.length, 1);
    assert.equal(calls, 2);
    assert.equal(napper.woken.length, 1);
  });

  it('rouse asks at once who sleeps long', () => {
    const { clock, wheel } = open();
    const napper = new Napper();
    wheel.add(napper, clock.monotonic() + 3_600_000);
    clock.advance(60_000);
    wheel.rouse(napper);
    clock.advance(2 * slot);
    assert.equal(napper.woken.length, 1);
    clock.advance(3_600_000);
    assert.equal(napper.woken.length, 1);
  });

  it('removes no other in the place of one who is not asleep any more', () => {
    const { clock, wheel } = open();
    const [first, second, third, stranger] = [new Napper(), new Napper(), new Napper(), new Napper()];
    for (const napper of [first, second, third]) wheel.add(napper, clock.monotonic() + 1000);
    wheel.remove(first);
    wheel.remove(first);
    wheel.remove(stranger);
    clock.advance(2000);
    wheel.remove(second);
    assert.deepEqual(
      [first, second, third].map(({ woken }) => woken.length),
      [0, 1, 1],
    );
  });

  it('after a lapse wakes everybody who is due, once', async () => {
    const { clock, wheel } = open();
    const nappers = Array.from({ length: 700 }, () => new Napper());
    for (const [n, napper] of nappers.entries()) wheel.add(napper, clock.monotonic() + n * 500);
    clock.stall(300 * 500);
    await nextTurn();
    await nextTurn();
    assert.ok(nappers.slice(0, 300).every(({ woken }) => woken.length === 1));
    assert.ok(nappers.slice(301).every(({ woken }) => woken.length === 0));
  });

  it('goes on when the wall clock is set, for spans as if nothing had happened', () => {
    const { clock, wheel } = open();
    const napper = new Napper([1000, 1000]);
    wheel.add(napper, clock.monotonic() + 1000);
    clock.step(-3_600_000);
    clock.advance(1000 + slot);
    clock.step(7_200_000);
    assert.equal(napper.woken.length, 1);
    clock.advance(2000 + 2 * slot);
    assert.equal(napper.woken.length, 3);
  });

  it('has for dates the wall clock, however it is set', () => {
    const { clock, wheel } = open();
    const [past, soon, late] = [new Napper(), new Napper(), new Napper()];
    wheel.addDated(past, clock.now() - 1);
    wheel.addDated(soon, clock.now() + 3_600_000);
    wheel.addDated(late, clock.now() + 7_200_000);
    clock.advance(slot);
    const counts = (): number[] => [past, soon, late].map(({ woken }) => woken.length);
    assert.deepEqual(counts(), [1, 0, 0]);
    clock.step(-600_000);
    clock.advance(3_600_000);
    assert.deepEqual(counts(), [1, 0, 0]);
    clock.step(600_000);
    clock.advance(slot);
    assert.deepEqual(counts(), [1, 1, 0]);
    const other = new Napper();
    clock.step(-3_600_000);
    clock.advance(slot);
    wheel.addDated(other, clock.now() + 1000);
    clock.advance(1000 + slot);
    assert.equal(other.woken.length, 1);
    clock.step(30 * 86_400_000);
    clock.advance(slot);
    assert.deepEqual(counts(), [1, 1, 1]);
  });

  it('has one timer, and gives it back', () => {
    const { clock, wheel } = open();
    assert.equal(clock.timers, 1);
    wheel.close();
    assert.equal(clock.timers, 0);
  });
});

describe('Wheel, when nobody was listened to for a while', () => {
  it('reads the sockets before anybody is woken', async () => {
    const { clock, wheel } = open();
    const napper = new Napper();
    wheel.add(napper, clock.monotonic() + 10_000);
    clock.stall(60_000);
    clock.advance(slot);
    assert.equal(napper.woken.length, 0);
    await nextTurn();
    await nextTurn();
    assert.equal(napper.woken.length, 1);
  });

  it('does not count what it slept through', () => {
    const { clock, wheel } = open();
    const start = clock.monotonic();
    clock.advance(5_000);
    assert.equal(wheel.attended(start), 5_000);
    clock.stall(90_000);
    assert.ok(wheel.attended(start) <= 6_000);
    const within = clock.monotonic() - 30_000;
    assert.equal(wheel.attended(within), 0);
    clock.advance(10_000);
    assert.equal(wheel.attended(within), 10_000);
    assert.ok(wheel.attended(start) >= 15_000 && wheel.attended(start) <= 16_000);
  });

  it('does not count it before its timer has run either', () => {
    const { clock, wheel } = open();
    const start = clock.monotonic();
    const stopped = clock.monotonic.bind(clock);
    clock.monotonic = () => stopped() + 90_000;
    assert.ok(wheel.attended(start) <= 1_000);
  });

  it('counts a turn that is a little late', () => {
    const { clock, wheel } = open();
    const start = clock.monotonic();
    for (let turn = 0; turn < 10; turn++) clock.stall(900);
    assert.equal(wheel.attended(start), 9_000);
  });
});

type Step =
  | { readonly kind: 'add'; readonly in: number }
  | { readonly kind: 'remove'; readonly who: number }
  | { readonly kind: 'rouse'; readonly who: number }
  | { readonly kind: 'advance'; readonly ms: number };

const who = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), in: fc.integer({ min: -500, max: 250_000 }) }),
  fc.record({ kind: fc.constant('remove' as const), who }),
  fc.record({ kind: fc.constant('rouse' as const), who }),
  fc.record({
    kind: fc.constant('advance' as const),
    ms: fc.oneof(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 130_000 })),
  }),
);

/** Who is asleep, until when, and which turn is the first that may wake it, in a list. */
class Naive {
  readonly asleep = new Map<Napper, { due: number; from: number }>();
  #turned: number;

  constructor(now: number) {
    this.#turned = slotOf(now);
  }

  add(napper: Napper, due: number): void {
    this.asleep.set(napper, { due, from: this.#turned + 1 });
  }

  turn(now: number): Napper[] {
    this.#turned = slotOf(now);
    const due = [...this.asleep]
      .filter(([, at]) => at.due <= now && at.from <= this.#turned)
      .map(([napper]) => napper);
    for (const napper of due) this.asleep.delete(napper);
    return due;
  }
}

describe('Wheel, whatever is added, removed and roused when', () => {
  it('wakes the same as a list that is looked through at every turn', () => {
    const run = fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const { clock, wheel, faults } = open();
      const naive = new Naive(clock.monotonic());
      const nappers: Napper[] = [];
      const counts = new Map<Napper, number>();
      clock.every(slot, () => {
        for (const napper of naive.turn(clock.monotonic())) counts.set(napper, (counts.get(napper) ?? 0) + 1);
      });
      for (const act of steps) {
        const napper =
          act.kind === 'add' ? new Napper() : nappers['who' in act ? act.who % nappers.length : 0];
        if (act.kind === 'advance') clock.advance(act.ms);
        else if (napper) perform(act, napper);
        for (const each of nappers) assert.equal(each.woken.length, counts.get(each) ?? 0);
      }
      assert.deepEqual(faults, []);

      function perform(act: Step, napper: Napper): void {
        if (act.kind === 'add') {
          nappers.push(napper);
          wheel.add(napper, clock.monotonic() + act.in);
          naive.add(napper, clock.monotonic() + act.in);
        } else if (naive.asleep.has(napper)) {
          if (act.kind === 'remove') {
            wheel.remove(napper);
            naive.asleep.delete(napper);
          } else {
            wheel.rouse(napper);
            naive.add(napper, clock.monotonic());
          }
        }
      }
    });
    fc.assert(run, { numRuns: 200 });
  });
});
