import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResponseReader } from '../../src/load/response-reader.ts';

function responseOf(body: string, status = '200 OK', name = 'content-length'): Buffer {
  const head = `HTTP/1.1 ${status}\r\nvary: Origin\r\n${name}: ${Buffer.byteLength(body)}\r\ndate: today\r\n\r\n`;
  return Buffer.from(head + body);
}

/** Each read lands in the same memory, as it does in the load generator. */
function read(bytes: Buffer, ...cuts: number[]): [number, string][] {
  const seen: [number, string][] = [];
  const reader = new ResponseReader((status, body) => seen.push([status, body.toString()]));
  const memory = Buffer.alloc(bytes.length);
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    bytes.copy(memory, 0, start, end);
    reader.push(memory, end - start);
    memory.fill(0xff);
    start = end;
  }
  return seen;
}

const MIXED = Buffer.concat([
  responseOf('{"ok":true}'),
  responseOf('', '204 No Content', 'Content-Length'),
  responseOf('{"error":"ü"}\r\n\r\n', '503 Service Unavailable'),
]);
const EXPECTED = [
  [200, '{"ok":true}'],
  [204, ''],
  [503, '{"error":"ü"}\r\n\r\n'],
];

describe('response reader', () => {
  test('reads the same wherever reads end', () => {
    for (let first = 0; first <= MIXED.length; first++) {
      assert.deepEqual(read(MIXED, first), EXPECTED, `cut at ${first}`);
      assert.deepEqual(read(MIXED, first, Math.min(MIXED.length, first + 7)), EXPECTED, `cuts from ${first}`);
    }
  });

  test('reads byte by byte', () => {
    const everywhere = Array.from({ length: MIXED.length - 1 }, (_, index) => index + 1);
    assert.deepEqual(read(MIXED, ...everywhere), EXPECTED);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['no length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', /does not say its length/],
    ['another protocol', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', /not an answer of HTTP\/1.1/],
    ['a head without end', 'x'.repeat(9000), /has no end/],
  ];
  for (const [name, text, expected] of refused) {
    test(`refuses ${name}`, () => assert.throws(() => read(Buffer.from(text)), expected));
  }
});
