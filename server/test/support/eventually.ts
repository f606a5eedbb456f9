import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { patience } from './inbox.ts';

/** Asks again and again until the answer is yes, for what a server does without telling anybody. */
export async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + patience;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `never came about: ${what}`);
    await setImmediate();
  }
}
