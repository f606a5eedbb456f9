import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventReader } from '../../src/load/event-reader.ts';

/** An event of the shape and about the length of a delivery; its length grows with the number's digits. */
function delivery(number: number): string {
  const data = JSON.stringify({ type: 'text', channel: 'bench', content: 'x'.repeat(64), offset: number });
  return `event: message\ndata: ${data}\nid: epoch;bench:${number}\n\n`;
}

/** Feeds `text` in reads of `size` bytes. */
function read(text: string, size: number, collectBelow: number): { events: string[]; counted: number } {
  const events: string[] = [];
  const reader = new EventReader((event) => events.push(event.toString()));
  reader.collectBelow = collectBelow;
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes, at, Math.min(at + size, bytes.length));
  return { events, counted: reader.counted };
}

const numbers = Array.from({ length: 120 }, (_, index) => index);
const start = 'retry: 3000\nevent: connected\ndata: {}\n\n';
const heartbeat = ': heartbeat\n\n';

describe('event reader', () => {
  for (const size of [1, 2, 3, 7, 100, 301, 1 << 16]) {
    test(`in reads of ${size} bytes, hands on short events and counts long ones, of whatever length`, () => {
      const text = numbers.map((number) => (number % 7 === 0 ? heartbeat : '') + delivery(number)).join('');
      const { events, counted } = read(start + text, size, 64);
      assert.equal(counted, numbers.length);
      assert.deepEqual(events, [start, ...Array(18).fill(heartbeat)]);
    });

    test(`in reads of ${size} bytes, hands on every event where none is to be counted`, () => {
      const { events, counted } = read(numbers.map(delivery).join(''), size, Number.POSITIVE_INFINITY);
      assert.equal(counted, 0);
      assert.deepEqual(events, numbers.map(delivery));
    });
  }

  test('an event is not there before its end', () => {
    assert.deepEqual(read(delivery(1).slice(0, -1), 50, Number.POSITIVE_INFINITY).events, []);
  });

  test('what never ends is refused', () => {
    assert.throws(() => read('x'.repeat((1 << 20) + 1), 1 << 20, 64), /an event of over 1048576 bytes/);
  });
});
