import assert from 'node:assert/strict';
import type { HttpErrorName } from '../../src/codes.ts';
import { FanwireError, StartError } from '../../src/errors.ts';

/** For assert.throws and assert.rejects: a FanwireError of this code whose message matches. */
export function refusal(code: HttpErrorName, message: RegExp, status?: number) {
  return (thrown: unknown): true => {
    assert.ok(thrown instanceof FanwireError, `not a FanwireError: ${thrown}`);
    assert.equal(thrown.code, code);
    assert.match(thrown.message, message);
    if (status !== undefined) assert.equal(thrown.status, status);
    return true;
  };
}

/** The same for a StartError. */
export function startError(message: RegExp) {
  return (thrown: unknown): true => {
    assert.ok(thrown instanceof StartError, `not a StartError: ${thrown}`);
    assert.match(thrown.message, message);
    return true;
  };
}
