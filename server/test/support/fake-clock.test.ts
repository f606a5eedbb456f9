import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FakeClock } from './fake-clock.ts';

it('FakeClock runs what falls due in the order of time, and at its time', () => {
  const clock = new FakeClock();
  const start = clock.now();
  const ran: [string, number][] = [];
  clock.every(300, () => ran.push(['slow', clock.now() - start]));
  const stop = clock.every(200, () => {
    ran.push(['fast', clock.now() - start]);
    if (clock.now() - start === 400) stop();
  });
  clock.advance(650);
  assert.deepEqual(ran, [
    ['fast', 200],
    ['slow', 300],
    ['fast', 400],
    ['slow', 600],
  ]);
  assert.equal(clock.now() - start, 650);
  assert.equal(clock.timers, 1);
  clock.step(-500);
  clock.advance(249);
  assert.equal(ran.length, 4);
  clock.advance(1);
  assert.deepEqual(ran.at(-1), ['slow', 400]);
});

it('FakeClock has a wall clock that can be set, and a monotonic one that cannot', () => {
  const clock = new FakeClock();
  const [wall, monotonic] = [clock.now(), clock.monotonic()];
  const ran: number[] = [];
  clock.every(1000, () => ran.push(clock.monotonic() - monotonic));
  clock.step(3_600_000);
  clock.advance(500);
  clock.step(-7_200_000);
  assert.deepEqual([clock.now() - wall, clock.monotonic() - monotonic], [-3_599_500, 500]);
  assert.deepEqual(ran, []);
  clock.advance(500);
  assert.deepEqual(ran, [1000]);
});

it('FakeClock runs a timer once, late, after a stall', () => {
  const clock = new FakeClock();
  const start = clock.monotonic();
  const ran: number[] = [];
  clock.every(200, () => ran.push(clock.monotonic() - start));
  clock.stall(5_000);
  clock.advance(200);
  assert.deepEqual(ran, [5_000, 5_200]);
});
