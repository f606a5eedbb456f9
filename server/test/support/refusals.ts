import assert from 'node:assert/strict';
import { closeCodes } from '../../src/codes.ts';
import { patience } from './inbox.ts';
import type { HttpAnswer } from './server.ts';
import { Refused, type SocketClient } from './socket-client.ts';

/** The upgrade is refused with this status, and the body that every error over HTTP has. Returns the refusal. */
export async function refused(opening: Promise<unknown>, status: number, code: string): Promise<Refused> {
  const refusal = await opening.then(
    () => assert.fail(`let in, where ${status} ${code} was expected`),
    (thrown: unknown) => thrown,
  );
  if (!(refusal instanceof Refused)) throw refusal;
  assert.equal(refusal.status, status, refusal.message);
  const { message, ...rest } = refusal.body.error;
  assert.deepEqual(Object.keys(refusal.body), ['error']);
  assert.deepEqual(rest, { code });
  assert.ok(typeof message === 'string' && message !== '');
  return refusal;
}

/** The connection ends with this code, and with the reason that the table of codes has for it. */
export async function closes({ closed }: SocketClient, code: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still open, where ${code} was expected`)), patience);
  });
  const actual = await Promise.race([closed, tooLong]).finally(() => clearTimeout(timer));
  const known = Object.values(closeCodes).find((entry) => entry.code === code);
  assert.deepEqual(actual, { code, reason: known?.reason ?? '' });
}

/** An HTTP call that was refused. */
export function refusedCall({ status, body }: HttpAnswer, expected: number, code: string): void {
  assert.equal(status, expected, JSON.stringify(body));
  assert.equal(body.error.code, code);
}
