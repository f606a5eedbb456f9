import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Lane } from '../../src/hub/lane.ts';

/** Keeps the processor busy, as reading a page does. */
function toil(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('Lane', () => {
  it('starts work at once while there is time', () => {
    const lane = new Lane();
    let started = 0;
    for (let n = 0; n < 10; n++) void lane.run(async () => void started++);
    assert.equal(started, 10);
  });

  it('leaves work that takes long for later turns, in which others have their turn too', async () => {
    const lane = new Lane();
    const turns: number[] = [];
    let turn = 0;
    let done = 0;
    const works = Array.from({ length: 20 }, (_, n) =>
      lane.run(async () => {
        toil(2);
        turns.push(turn);
        done++;
        return n;
      }),
    );
    while (done < works.length) {
      turn++;
      await nextTurn();
    }
    assert.deepEqual(
      await Promise.all(works),
      works.map((_, n) => n),
    );
    for (let t = 0; t <= turn; t++)
      assert.ok(turns.filter((at) => at === t).length <= 3, `turn ${t} of ${turns}`);
  });

  it('begins less in a turn after those that what it began has made long, but always something', async () => {
    const lane = new Lane();
    const turns: number[] = [];
    let turn = 0;
    const works = Array.from({ length: 60 }, () =>
      lane
        .run(async () => {
          turns.push(turn);
          toil(0.5);
        })
        .then(() => toil(4)),
    );
    while (turns.length < works.length) {
      turn++;
      await nextTurn();
    }
    await Promise.all(works);
    const counts = Array.from({ length: turn + 1 }, (_, t) => turns.filter((at) => at === t).length);
    const late = counts.slice(6, -1);
    assert.ok(late.length > 10 && late.every((count) => count <= 3), `${counts}`);
  });

  it('starts work in the order in which it came', async () => {
    const lane = new Lane();
    const order: number[] = [];
    const work = (n: number) =>
      lane.run(async () => {
        order.push(n);
        toil(1);
      });
    const first = Array.from({ length: 10 }, (_, n) => work(n));
    await nextTurn();
    await Promise.all([...first, work(10), work(11)]);
    assert.deepEqual(
      order,
      Array.from({ length: 12 }, (_, n) => n),
    );
  });

  it('hands on what fails, at once or later, and goes on', async () => {
    const lane = new Lane();
    const failing = () => lane.run(() => Promise.reject(new Error('unreadable')));
    await assert.rejects(failing(), /unreadable/);
    const busy = lane.run(async () => toil(6));
    await Promise.all([
      busy,
      assert.rejects(failing(), /unreadable/),
      assert.rejects(
        lane.run(() => {
          throw new Error('at once');
        }),
        /at once/,
      ),
    ]);
    assert.equal(await lane.run(async () => 1), 1);
  });
});
