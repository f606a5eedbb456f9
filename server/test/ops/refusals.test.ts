import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpErrorName } from '../../src/codes.ts';
import { watchRefusals } from '../../src/ops/refusals.ts';
import { FakeClock } from '../support/fake-clock.ts';

function watch() {
  const clock = new FakeClock();
  const refusals = new Map<HttpErrorName, number>();
  const lines: object[] = [];
  const never = (): void => assert.fail('only warnings are written');
  const warn = (fields: object, text: string): void => void lines.push({ ...fields, text });
  const stop = watchRefusals({ clock, refusals, log: { debug: never, info: never, error: never, warn } });
  const refuse = (code: HttpErrorName, count: number): void => {
    refusals.set(code, (refusals.get(code) ?? 0) + count);
  };
  return { clock, lines, refuse, stop };
}

describe('a storm of refusals', () => {
  it('is one warning for each ten seconds, with a number for each code', () => {
    const { clock, lines, refuse } = watch();
    refuse('server_full', 5_000);
    refuse('unauthorized', 3);
    clock.advance(10_000);
    refuse('server_full', 100);
    clock.advance(10_000);
    clock.advance(60_000);
    const text = 'clients are being refused';
    assert.deepEqual(lines, [
      { refused: { server_full: 5_000, unauthorized: 3 }, total: 5_003, seconds: 10, text },
      { refused: { server_full: 100 }, total: 100, seconds: 10, text },
    ]);
  });

  it('is no storm while it is a few', () => {
    const { clock, lines, refuse } = watch();
    for (let interval = 0; interval < 10; interval++) {
      refuse('unauthorized', 19);
      clock.advance(10_000);
    }
    assert.deepEqual(lines, []);
  });

  it('is watched until it is stopped', () => {
    const { clock, stop } = watch();
    assert.equal(clock.timers, 1);
    stop();
    assert.equal(clock.timers, 0);
  });
});
