import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode as encodeFrame } from '../../src/dialect/channel/codec.ts';
import { encode, encodeEvent, encodeStart, heartbeat } from '../../src/dialect/events/codec.ts';
import { cursorAround, decodeCursor, encodeCursor, nameBytes } from '../../src/dialect/events/cursor.ts';
import type { Message, Position } from '../../src/engine/engine.ts';

const message: Message = {
  id: 'm-8',
  channel: 'news',
  offset: 8,
  epoch: 'b3Jp',
  time: 1_700_000_000_123,
  type: 'text',
  data: '"hi"',
  sender: null,
  persist: false,
};

describe('an event, byte for byte', () => {
  it('of type text is called message', () => {
    assert.equal(
      encode(message, 'b3Jp;news:8'),
      'event: message\n' +
        'data: {"type":"text","id":"m-8","channel":"news","content":"hi","sender":null,"timestamp":1700000000123,"offset":8,"epoch":"b3Jp"}\n' +
        'id: b3Jp;news:8\n\n',
    );
  });

  for (const type of ['notification', 'broadcast', 'direct', 'price', 'message', 'ä b']) {
    it(`of type ${type} is called by its type, and holds the frame of the channel dialect`, () => {
      const typed = { ...message, type };
      assert.equal(encode(typed, 'c'), `event: ${type}\ndata: ${encodeFrame(typed)}\nid: c\n\n`);
    });
  }

  it('that is no message may come without an id', () => {
    assert.equal(encodeEvent('gap', '{"x":1}', null), 'event: gap\ndata: {"x":1}\n\n');
    assert.equal(encodeEvent('gap', '{"x":1}', 'c'), 'event: gap\ndata: {"x":1}\nid: c\n\n');
  });

  it('begins the stream with the time to wait before a reconnect', () => {
    assert.equal(
      encodeStart(3000, '{}', 'b3Jp;%24all:0'),
      'retry: 3000\nevent: connected\ndata: {}\nid: b3Jp;%24all:0\n\n',
    );
  });

  it('is a comment for a heartbeat', () => {
    assert.equal(heartbeat, ': heartbeat\n\n');
  });
});

function positions(entries: [string, Position][]): Map<string, Position> {
  return new Map(entries);
}

describe('a cursor', () => {
  it('has every channel with its offset, and the epoch once', () => {
    const cursor = encodeCursor(
      positions([
        ['$all', { epoch: 'e1', offset: 3 }],
        ['a,b:c;ä', { epoch: 'e1', offset: 0 }],
        ['news', { epoch: 'e2', offset: 8 }],
      ]),
    );
    assert.equal(cursor, 'e1;%24all:3,a%2Cb%3Ac%3B%C3%A4:0,news:8:e2');
  });

  const place = fc.record(
    {
      epoch: fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/),
      offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    },
    { noNullPrototype: true },
  );
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => text.isWellFormed());
  const anyPositions = fc
    .uniqueArray(fc.tuple(name, place), { selector: ([key]) => key, maxLength: 8 })
    .map(positions);

  it('gives back the positions it was made of', () => {
    fc.assert(
      fc.property(anyPositions, (given) => {
        const cursor = encodeCursor(given);
        assert.match(cursor, /^[\x21-\x7e]+$/, 'it fits a header');
        assert.deepEqual(decodeCursor(cursor), given);
      }),
    );
  });

  it('is the same around the offset of one channel', () => {
    fc.assert(
      fc.property(anyPositions, place, (given, { offset }) => {
        for (const [channel, { epoch }] of given) {
          const { before, after } = cursorAround(given, channel);
          const moved = new Map(given).set(channel, { epoch, offset });
          assert.deepEqual(decodeCursor(`${before}${offset}${after}`), moved);
        }
      }),
    );
  });

  it('that is none is recognised', () => {
    for (const text of [
      '0',
      'hello',
      '17',
      'news:8',
      'e;news',
      'e;news:',
      'e;news:x',
      'e;news:-1',
      'e;news:1.5',
      'e;news:1e3',
      'e;news:99999999999999999',
      'e;news:9007199254740993',
      'e;news:8:e2:more',
      'e;%E0%A4%A:1',
      'e;:1',
      'e;a:1,b',
    ]) {
      assert.equal(decodeCursor(text), null, text);
    }
  });

  it('of no channels is no cursor of nothing', () => {
    assert.deepEqual(decodeCursor(encodeCursor(new Map())), new Map());
  });

  it('takes names like those of Object for ordinary ones', () => {
    const given = positions([
      ['__proto__', { epoch: 'e', offset: 1 }],
      ['constructor', { epoch: 'e', offset: 2 }],
    ]);
    assert.deepEqual(decodeCursor(encodeCursor(given)), given);
  });

  it('counts what its names take up', () => {
    assert.equal(nameBytes(['a', 'ä', '€', 'a b']), 1 + 6 + 9 + 5);
  });
});
