import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Usage, usageBetween, usageNow } from '../../src/load/usage.ts';

/** After so many seconds, of a server whose CPU time is in all threads, in the main one, and which waited. */
function usageOf(time: number, cpu: number, ran: number, waited: number): Usage {
  return { time, server: { cpu, main: { ran, waited } }, load: null, loadCpu: time / 2 };
}

describe('usage', () => {
  test('what the own helper threads ran is not what others took', () => {
    const start = usageOf(10, 5, 4, 1);
    const of = (usage: Usage) => usageBetween(start, usage).serverWaited ?? Number.NaN;
    assert.equal(of(usageOf(14, 7, 6, 2)), 0.25, 'no helper ran: it waited a second of four');
    assert.equal(of(usageOf(14, 7.5, 6, 2)), 0.125, 'a helper had the core for half of that');
    assert.equal(of(usageOf(14, 9, 6, 2)), 0, 'helpers ran longer than it waited');
    // CPU time is told in hundredths of a second, the main thread's in nanoseconds.
    assert.equal(of(usageOf(14, 6.99, 6, 2)), 0.25);
  });

  test('shares are of the time between, and unknown where the system does not say', () => {
    const { seconds, serverCpuSeconds, serverUtilisation, loadUtilisation, loadWaited } = usageBetween(
      usageOf(10, 5, 4, 1),
      usageOf(14, 7, 6, 1),
    );
    assert.deepEqual([seconds, serverCpuSeconds, serverUtilisation], [4, 2, 0.5]);
    assert.deepEqual([loadUtilisation, loadWaited], [0.5, null]);
  });

  test('of a server that is no process of this machine nothing is known', () => {
    const { serverCpuSeconds, serverUtilisation, serverWaited, loadUtilisation } = usageBetween(
      usageNow(null),
      { ...usageNow(null), time: performance.now() / 1000 + 1 },
    );
    assert.deepEqual([serverCpuSeconds, serverUtilisation, serverWaited], [null, null, null]);
    assert.ok(loadUtilisation >= 0);
  });
});
