import assert from 'node:assert/strict';
import { FanwireError, StartError } from '../../src/index.ts';

/** What the promise rejects with: a FanwireError with this code. */
export async function failsWith(promise: Promise<unknown>, code: string): Promise<FanwireError> {
  const thrown = await rejection(promise);
  assert.ok(thrown instanceof FanwireError, `${code} expected, not ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  return thrown;
}

/** What the promise rejects with: a StartError, of which this is the message. */
export async function startFailure(promise: Promise<unknown>): Promise<string> {
  const thrown = await rejection(promise);
  assert.ok(thrown instanceof StartError, `a StartError expected, not ${String(thrown)}`);
  return thrown.message;
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => assert.fail(`a rejection expected, not ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
}
