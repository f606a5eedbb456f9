import { randomFillSync } from 'node:crypto';

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const pool = new Uint8Array(4096);
let used = pool.length;
let lastTime = 0;
let counter = 0;

function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] ?? 0;
}

function byteHex(byte: number): string {
  return hex[byte & 0xff] ?? '00';
}

/**
 * A UUID of version 7 (RFC 9562, 5.7 and 6.2 method 1): Unix milliseconds, then a counter of 12 bits that keeps
 * ids made in the same millisecond in order, then 62 random bits. Ids of one process never decrease.
 */
export function uuidv7(now: number): string {
  if (now > lastTime) {
    lastTime = now;
    counter = randomByte() & 0x7f;
  } else if (++counter > 0xfff) {
    lastTime += 1;
    counter = 0;
  }
  const time = lastTime.toString(16).padStart(12, '0');
  const sequence = counter.toString(16).padStart(3, '0');
  const variant = byteHex(0x80 | (randomByte() & 0x3f));
  let tail = '';
  for (let i = 0; i < 6; i++) tail += byteHex(randomByte());
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${variant}${byteHex(randomByte())}-${tail}`;
}
