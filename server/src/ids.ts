import { randomFillSync } from 'node:crypto';

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Random bytes, in blocks of as many as an id needs, and the same as hexadecimal text. */
const block = 8;
const pool = Buffer.alloc(512 * block);
let poolText = '';
let next = pool.length;

let lastTime = -1;
/** `lastTime` as an id has it: ids come in crowds, and all of a millisecond begin alike. */
let timeText = '';
let counter = 0;

/** Where an unused block of random bytes begins. */
function randomBlock(): number {
  if (next === pool.length) {
    randomFillSync(pool);
    poolText = pool.toString('hex');
    next = 0;
  }
  const start = next;
  next += block;
  return start;
}

function byteHex(byte: number): string {
  return hex[byte & 0xff] ?? '00';
}

function begin(time: number, count: number): void {
  const digits = time.toString(16).padStart(12, '0');
  lastTime = time;
  timeText = `${digits.slice(0, 8)}-${digits.slice(8)}-`;
  counter = count;
}

/**
 * A UUID of version 7 (RFC 9562, 5.7 and 6.2 method 1): Unix milliseconds, then a counter of 12 bits that keeps
 * ids made in the same millisecond in order, then 62 random bits. Ids of one process never decrease.
 */
export function uuidv7(now: number): string {
  if (now > lastTime) begin(now, (pool[randomBlock()] ?? 0) & 0x7f);
  else if (++counter > 0xfff) begin(lastTime + 1, 0);
  const start = randomBlock();
  const sequence = byteHex(0x70 | (counter >> 8)) + byteHex(counter);
  const variant = byteHex(0x80 | ((pool[start] ?? 0) & 0x3f));
  const at = 2 * start;
  return `${timeText}${sequence}-${variant}${poolText.slice(at + 2, at + 4)}-${poolText.slice(at + 4, at + 16)}`;
}
