import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameScanner } from '../../src/transport/websocket/frame-scanner.ts';
import { clientFrame, opcodes } from '../support/raw-socket.ts';

interface Plan {
  /** Sizes of the fragments of one message, at least one. */
  readonly fragments: readonly number[];
  /** Whether a ping comes behind each fragment. */
  readonly pings: boolean;
}

const size = fc.oneof(fc.nat(3), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000));
const message: fc.Arbitrary<Plan> = fc.record({
  fragments: fc.array(size, { minLength: 1, maxLength: 4 }),
  pings: fc.boolean(),
});

/** The bytes of the frames, and the places at which nothing is unfinished. */
function lay(plans: readonly Plan[]): { bytes: Buffer; quiet: Set<number> } {
  const parts: Buffer[] = [];
  const quiet = new Set([0]);
  let place = 0;
  const put = (frame: Buffer, isQuiet: boolean): void => {
    parts.push(frame);
    place += frame.length;
    if (isQuiet) quiet.add(place);
  };
  for (const { fragments, pings } of plans) {
    for (const [n, size] of fragments.entries()) {
      const isLast = n === fragments.length - 1;
      const opcode = n === 0 ? opcodes.text : opcodes.continuation;
      put(clientFrame(opcode, Buffer.alloc(size, 0xff), { fin: isLast }), isLast);
      if (pings) put(clientFrame(opcodes.ping, Buffer.alloc(size % 126, 0x81)), isLast);
    }
  }
  return { bytes: Buffer.concat(parts), quiet };
}

describe('FrameScanner', () => {
  it('knows whether a message is unfinished, wherever the bytes are cut', () => {
    const cuts = fc.array(fc.nat(200_000), { maxLength: 40 });
    const run = fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), cuts, (plans, places) => {
      const { bytes, quiet } = lay(plans);
      const scanner = new FrameScanner();
      const near = [...quiet].flatMap((place) => [place - 1, place, place + 1, place + 6]);
      const ends = [...places.map((place) => place % bytes.length), ...near, bytes.length]
        .filter((place) => place > 0 && place <= bytes.length)
        .sort((one, other) => one - other);
      let from = 0;
      for (const to of ends) {
        scanner.scan(bytes.subarray(from, to));
        from = to;
        assert.equal(scanner.unfinished, !quiet.has(to), `at ${to} of ${bytes.length}`);
      }
    });
    fc.assert(run, { numRuns: 200 });
  });

  it('tells one unfinished message from the next, but not by the pings in it', () => {
    const scanner = new FrameScanner();
    const start = clientFrame(opcodes.text, 'a', { fin: false });
    scanner.scan(start);
    const first = scanner.ended;
    scanner.scan(clientFrame(opcodes.ping));
    scanner.scan(clientFrame(opcodes.continuation, 'b', { fin: false }));
    assert.equal(scanner.ended, first);
    scanner.scan(Buffer.concat([clientFrame(opcodes.continuation), start]));
    assert.notEqual(scanner.ended, first);
    assert.ok(scanner.unfinished);
  });
});
