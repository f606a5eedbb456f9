import assert from 'node:assert/strict';
import type { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Receiver } from 'ws';
import {
  FrameEncoder,
  pingFrame,
  placeIn,
  probeFrame,
  textFrame,
} from '../../src/transport/websocket/frame.ts';
import { plainMessage } from '../support/plain-recipient.ts';

declare module 'ws' {
  /** The parser of `ws`, which its types leave out. */
  export class Receiver extends Writable {
    constructor(options: { isServer: boolean; allowSynchronousEvents: boolean });
  }
}

/** What a client's parser makes of these bytes. */
function parse(bytes: Buffer): { texts: string[]; pings: number } {
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
  const texts: string[] = [];
  let pings = 0;
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    assert.equal(isBinary, false);
    texts.push(String(data));
  });
  receiver.on('ping', () => pings++);
  receiver.on('error', (thrown: Error) => assert.fail(thrown));
  receiver.write(bytes);
  return { texts, pings };
}

/** Both sides of each border between two forms of the length. */
const lengths = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537, 200_000];

/** An encoder of texts that messages name by their offset, from 1. */
function encoderOf(texts: readonly string[]): FrameEncoder {
  return new FrameEncoder(({ offset }) => texts[offset - 1] ?? '');
}

function encode(texts: readonly string[]): Buffer {
  return encoderOf(texts).encode(texts.map((_, index) => plainMessage('c', index + 1)));
}

describe('frames', () => {
  for (const length of lengths) {
    it(`of ${length} bytes are what a client understands, in the shortest form`, () => {
      const text = 'x'.repeat(length);
      const frame = textFrame(text);
      assert.deepEqual(parse(frame).texts, [text]);
      assert.equal(frame.length - length, length < 126 ? 2 : length < 65_536 ? 4 : 10);
    });
  }

  it('count the bytes of a text, not its characters', () => {
    for (const text of [
      'é'.repeat(63),
      '€'.repeat(42),
      '💥'.repeat(31),
      'é'.repeat(32_768),
      'a\u2028b\u0000',
    ]) {
      assert.deepEqual(parse(textFrame(text)).texts, [text]);
    }
  });

  it('of several messages follow each other, and are the same bytes as one by one', () => {
    const text = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.constantFrom(...lengths.filter((length) => length > 0)).map((length) => 'y'.repeat(length)),
    );
    const run = fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (texts) => {
      const whole = texts.map((one) => one.toWellFormed());
      const bytes = encode(whole);
      assert.deepEqual(parse(bytes).texts, whole);
      assert.ok(bytes.equals(Buffer.concat(whole.map(textFrame))));
    });
    fc.assert(run, { numRuns: 100 });
  });

  it('are none for a message of which the dialect says nothing', () => {
    assert.equal(encode(['']).length, 0);
    assert.equal(encode(['', '']).length, 0);
    assert.equal(encode([]).length, 0);
    assert.deepEqual(parse(encode(['', 'a', '', 'b'])).texts, ['a', 'b']);
  });

  it('that ask for a sign of life are pings', () => {
    assert.deepEqual(parse(Buffer.concat([pingFrame, textFrame('x'), pingFrame])), {
      texts: ['x'],
      pings: 2,
    });
  });
});

describe('a probe', () => {
  it('is a ping whose answer brings its number back', () => {
    for (const place of [1, 65_536, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
      const pings: Buffer[] = [];
      receiver.on('ping', (payload: Buffer) => pings.push(payload));
      receiver.write(probeFrame(place));
      assert.deepEqual(pings.map(placeIn), [place]);
    }
  });

  it('is not taken for answered by any other pong', () => {
    for (const pong of ['', 'x', '1.5', '1e99', '99999999999999999', 'NaN', '\0'])
      assert.equal(placeIn(Buffer.from(pong)), 0, pong);
  });
});
