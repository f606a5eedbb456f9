import assert from 'node:assert/strict';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { Hub } from '../../src/hub/hub.ts';
import { FakeClock } from './fake-clock.ts';

/** A hub on a memory engine that keeps so many messages of each channel; whatever it reports fails the test. */
export async function openMemoryHub(windowSize: number): Promise<Hub> {
  const clock = new FakeClock();
  const retention = { windowSize, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 0 };
  const report = (thrown: unknown) => assert.fail(String(thrown));
  const hub = new Hub({ engine: new MemoryEngine({ retention, clock }), clock, report });
  await hub.open();
  return hub;
}
