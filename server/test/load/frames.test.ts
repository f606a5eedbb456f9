import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientFrame, FrameReader, OPCODE } from '../../src/load/frames.ts';

const FIN = 0x80;

/** A server frame with the shortest length form, or a longer one where told. */
function serverFrame(opcode: number, payload: Buffer, form: 7 | 16 | 64 = shortestForm(payload)): Buffer {
  const first = FIN | opcode;
  if (form === 7) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  if (form === 16) {
    const header = Buffer.from([first, 126, 0, 0]);
    header.writeUInt16BE(payload.length, 2);
    return Buffer.concat([header, payload]);
  }
  const header = Buffer.alloc(10);
  header.set([first, 127]);
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

function shortestForm(payload: Buffer): 7 | 16 | 64 {
  return payload.length < 126 ? 7 : payload.length <= 0xffff ? 16 : 64;
}

function payloadOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => index % 251));
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A reader with what its sink got. Payloads are copied: they are only lent. */
function recordingReader(collectBelow = Number.POSITIVE_INFINITY): { reader: FrameReader; frames: Frame[] } {
  const frames: Frame[] = [];
  const reader = new FrameReader((opcode, payload) => frames.push({ opcode, payload: Buffer.from(payload) }));
  reader.collectBelow = collectBelow;
  return { reader, frames };
}

function read(bytes: Buffer, cuts: readonly number[], collectBelow?: number) {
  const { reader, frames } = recordingReader(collectBelow);
  const ends = [...cuts, bytes.length];
  for (const [index, end] of ends.entries()) {
    // Each read lands in the same memory, as it does in the load generator.
    const start = ends[index - 1] ?? 0;
    const buffer = Buffer.alloc(end - start, bytes.subarray(start, end));
    if (end > start) reader.push(buffer, 0, buffer.length);
    buffer.fill(0xff);
  }
  return { counted: reader.counted, frames };
}

const MIXED_PAYLOADS = [0, 1, 125, 126, 127, 300, 70_000].map(payloadOf);
const MIXED = Buffer.concat([
  ...MIXED_PAYLOADS.map((payload) => serverFrame(OPCODE.text, payload)),
  serverFrame(OPCODE.ping, Buffer.from('ping')),
  serverFrame(OPCODE.close, Buffer.from([0x03, 0xe8])),
]);

describe('frame reader', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
    test(`collects a payload of ${length} bytes`, () => {
      const payload = payloadOf(length);
      const { frames, counted } = read(serverFrame(OPCODE.text, payload), []);
      assert.deepEqual(frames, [{ opcode: OPCODE.text, payload }]);
      assert.equal(counted, 0);
    });

    test(`counts a payload of ${length} bytes without collecting it`, () => {
      const { frames, counted } = read(serverFrame(OPCODE.text, payloadOf(length)), [], 0);
      assert.deepEqual(frames, []);
      assert.equal(counted, 1);
    });
  }

  for (const form of [16, 64] as const) {
    test(`reads a short payload in the ${form}-bit form`, () => {
      const payload = payloadOf(5);
      assert.deepEqual(read(serverFrame(OPCODE.text, payload, form), []).frames, [{ opcode: 1, payload }]);
      assert.equal(read(serverFrame(OPCODE.text, payload, form), [], 0).counted, 1);
    });
  }

  test('collects the same frames wherever one read ends', () => {
    const expected = [
      ...MIXED_PAYLOADS.map((payload) => ({ opcode: 1, payload })),
      { opcode: OPCODE.ping, payload: Buffer.from('ping') },
      { opcode: OPCODE.close, payload: Buffer.from([0x03, 0xe8]) },
    ];
    // The long payload's inside is all alike; every position around it is tried, and some in it.
    for (const cut of positions(MIXED.length, 800)) {
      const { frames, counted } = read(MIXED, [cut]);
      assert.equal(counted, 0);
      assert.deepEqual(frames, expected, `cut at ${cut}`);
    }
  });

  test('counts the same frames wherever one read ends', () => {
    for (const cut of positions(MIXED.length, 800)) {
      const { frames, counted } = read(MIXED, [cut], 126);
      assert.equal(counted, 4, `cut at ${cut}`);
      assert.deepEqual(
        frames.map((frame) => frame.payload.length),
        [0, 1, 125, 4, 2],
        `cut at ${cut}`,
      );
    }
  });

  test('reads byte by byte', () => {
    const bytes = Buffer.concat([126, 3, 200].map((length) => serverFrame(OPCODE.text, payloadOf(length))));
    const everywhere = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
    assert.equal(read(bytes, everywhere).frames.length, 3);
    assert.equal(read(bytes, everywhere, 126).counted, 2);
  });

  test('reads at every pair of cuts', () => {
    const bytes = Buffer.concat([130, 2, 128].map((length) => serverFrame(OPCODE.text, payloadOf(length))));
    for (let first = 1; first < bytes.length; first++) {
      for (let second = first; second < bytes.length; second++) {
        const { counted, frames } = read(bytes, [first, second], 126);
        assert.ok(counted === 2 && frames.length === 1, `cuts at ${first} and ${second}`);
      }
    }
  });

  test('counts many frames in one read', () => {
    const frame = serverFrame(OPCODE.text, payloadOf(300));
    assert.equal(read(Buffer.concat(Array(1000).fill(frame)), [], 126).counted, 1000);
  });

  test('counts a frame only when all of it has come', () => {
    const { reader } = recordingReader(126);
    const frame = serverFrame(OPCODE.text, payloadOf(300));
    reader.push(frame, 0, frame.length - 1);
    assert.equal(reader.counted, 0);
    reader.push(frame, frame.length - 1, frame.length);
    assert.equal(reader.counted, 1);
  });

  test('reads only the part of the buffer that it is given', () => {
    const frame = serverFrame(OPCODE.text, payloadOf(300));
    const buffer = Buffer.concat([Buffer.from('junk'), frame, Buffer.from('junk')]);
    const { reader } = recordingReader(126);
    reader.push(buffer, 4, 4 + frame.length);
    assert.equal(reader.counted, 1);
  });

  const refused: readonly (readonly [string, number[]])[] = [
    ['a fragment', [0x01, 0]],
    ['a compressed frame', [0xc1, 0]],
    ['a binary frame', [0x82, 0]],
    ['a reserved opcode', [0x83, 0]],
    ['a masked frame', [0x81, 0x80, 0, 0, 0, 0]],
  ];
  for (const [name, bytes] of refused) {
    test(`refuses ${name}`, () => {
      const { reader } = recordingReader();
      assert.throws(() => reader.push(Buffer.from(bytes), 0, bytes.length), /the server sent/);
    });
  }
});

describe('client frame', () => {
  test('is masked with the key zero, in both length forms', () => {
    assert.deepEqual([...clientFrame(OPCODE.text, Buffer.from('hi'))], [0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    const long = clientFrame(OPCODE.text, payloadOf(200));
    assert.deepEqual([...long.subarray(0, 8)], [0x81, 0xfe, 0, 200, 0, 0, 0, 0]);
    assert.deepEqual(long.subarray(8), payloadOf(200));
  });
});

/** Every position within `edge` of either end, and every 997th between. */
function positions(length: number, edge: number): number[] {
  return Array.from({ length }, (_, index) => index).filter(
    (index) => index < edge || index >= length - edge || index % 997 === 0,
  );
}
