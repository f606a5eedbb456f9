import type { TestContext } from 'node:test';

/** A clock that only moves when it is told to, in place of `performance.now` until the end of the test. */
export function stopTime(context: TestContext): (ms: number) => void {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  return (ms) => {
    now += ms;
  };
}
