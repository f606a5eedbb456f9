/**
 * Every message's content begins with a stamp, `~<12 digits>~`, that tells which message it is. The load finds it
 * in a delivery of any dialect without parsing JSON.
 */

const MARK = 0x7e;
const DIGITS = 12;
const STAMP_LENGTH = DIGITS + 2;
const ZERO = 0x30;

export const SHORTEST_CONTENT = STAMP_LENGTH;

/** Content of `bytes` bytes with the stamp of message 0. */
export function stampedContent(bytes: number): string {
  if (bytes < SHORTEST_CONTENT) throw new RangeError(`content needs at least ${SHORTEST_CONTENT} bytes`);
  return `~${'0'.repeat(DIGITS)}~`.padEnd(bytes, 'x');
}

/** Where the stamp begins in `payload`, or -1. */
export function findStamp(payload: Buffer): number {
  let at = payload.indexOf(MARK);
  while (at !== -1 && payload[at + STAMP_LENGTH - 1] !== MARK) at = payload.indexOf(MARK, at + 1);
  return at;
}

/** The number in the stamp at `at`. */
export function readStamp(payload: Buffer, at: number): number {
  let value = 0;
  for (let index = at + 1; index <= at + DIGITS; index++) value = value * 10 + (payload[index] ?? 0) - ZERO;
  return value;
}

/** Overwrites the number in the stamp at `at`. */
export function writeStamp(payload: Buffer, at: number, value: number): void {
  let rest = value;
  for (let index = at + DIGITS; index > at; index--) {
    payload[index] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
