import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Chain } from '../../src/transport/chain.ts';
import { Outbox } from '../../src/transport/outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HeldSocket } from '../support/held-socket.ts';

const [a, b, c] = ['a', 'b', 'c'].map((letter) => Buffer.from(letter)) as [Buffer, Buffer, Buffer];

/** The chain that an outbox without anything is left with after it was given these. */
function chainOf(...pieces: readonly Buffer[]): Chain {
  let chain: Chain | null = null;
  for (const piece of pieces) chain = Chain.add(chain, piece, 1);
  assert.ok(chain);
  return chain;
}

const fail = (): void => assert.fail('too much waits');
const owner = { overflowed: fail, gap: fail, probe: () => null };

/** Outboxes on sockets of their own that never overflow. */
function openOutboxes(count: number): { outbox: Outbox; end: HeldSocket }[] {
  return Array.from({ length: count }, () => {
    const end = new HeldSocket();
    const limits = { messages: 1e9, bytes: 1e9, clock: new FakeClock() };
    return { outbox: new Outbox(end.socket, limits, owner), end };
  });
}

describe('Chain', () => {
  it('holds its pieces in the order in which they were added, and counts them', () => {
    const chain = Chain.add(Chain.add(Chain.add(null, a, 2), b, 0), c, 3);
    assert.deepEqual([chain.messages, chain.bytes, chain.pieces], [5, 3, 3]);
    assert.deepEqual(
      chain.toArray().map(({ bytes, messages }) => [String(bytes), messages]),
      [
        ['a', 2],
        ['b', 0],
        ['c', 3],
      ],
    );
    assert.equal(String(chain.joined()), 'abc');
  });

  it('is one object, with one joined buffer, for all who are given the same pieces', () => {
    const [one, other] = [chainOf(a, b, c), chainOf(a, b, c)];
    assert.ok(one === other);
    assert.ok(one.joined() === other.joined());
  });

  it('is another one where the pieces are equal, but not the same', () => {
    assert.ok(chainOf(a, b) !== chainOf(a, Buffer.from(b)));
    assert.ok(chainOf(a, b) !== chainOf(Buffer.from(a), b));
  });

  it('holds a piece that was added twice two times, for all alike', () => {
    const chain = chainOf(a, a, b, b);
    assert.equal(String(chain.joined()), 'aabb');
    assert.deepEqual([chain.messages, chain.bytes, chain.pieces], [4, 4, 4]);
    assert.ok(chainOf(a, a, b, b) === chain);
    assert.ok(chainOf(a).joined() === a);
  });

  it('may go on in several ways: none of them changes another, or where they part', () => {
    const start = chainOf(a);
    const ways = [chainOf(a, b), chainOf(a, c), chainOf(a, b, c), chainOf(a)];
    assert.deepEqual(
      ways.map((way) => String(way.joined())),
      ['ab', 'ac', 'abc', 'a'],
    );
    assert.ok(ways[3] === start);
  });

  it('of one piece is that piece, without a copy, whatever its size', () => {
    const large = Buffer.alloc(1024 * 1024);
    for (const piece of [a, large]) assert.ok(chainOf(piece).joined() === piece);
  });

  it('is not joined when it is more than 256 KiB', () => {
    const half = Buffer.alloc(128 * 1024, 'h');
    assert.equal(chainOf(half, half).joined()?.length, 256 * 1024);
    assert.ok(chainOf(half, half, a).joined() === null);
  });

  it('begins anew for everybody once it is forgotten, and whoever holds it goes on', () => {
    const held = chainOf(a, b);
    Chain.forget(null);
    const anew = chainOf(a, b);
    assert.ok(anew !== held);
    assert.ok(chainOf(a, b) === anew);
    assert.equal(String(Chain.add(held, c, 1).joined()), 'abc');
    assert.equal(String(anew.joined()), 'ab');
  });
});

describe('outboxes that are given the same pieces', () => {
  it('write the very same joined buffer', () => {
    const outboxes = openOutboxes(100);
    for (const piece of [a, b, c]) for (const { outbox } of outboxes) outbox.push(piece, 1);
    for (const { outbox } of outboxes) outbox.flush();
    const written = outboxes.flatMap(({ end }) => end.written);
    assert.equal(written.length, 100);
    assert.equal(String(written[0]), 'abc');
    assert.ok(written.every((bytes) => bytes === written[0]));
  });

  it('go on together after one of them got something of its own, and it has that in its place', () => {
    const outboxes = openOutboxes(3);
    const own = Buffer.from('-own-');
    for (const { outbox } of outboxes) outbox.push(a, 1);
    outboxes[1]?.outbox.push(own, 0);
    for (const { outbox } of outboxes) outbox.push(b, 1);
    for (const { outbox } of outboxes) outbox.flush();
    const [first, second, third] = outboxes.map(({ end }) => end.written);
    assert.deepEqual([first, second].map(String), ['ab', 'a-own-b']);
    assert.ok(first?.[0] === third?.[0]);
  });

  it('one of them that is blocked keeps what it holds, while the others flush and begin anew', () => {
    const outboxes = openOutboxes(3);
    const [blocked] = outboxes;
    assert.ok(blocked);
    blocked.end.held = true;
    const pieces = Array.from({ length: 50 }, (_, n) => Buffer.from(`${n};`));
    for (const [n, piece] of pieces.entries()) {
      for (const { outbox } of outboxes) outbox.push(piece, 1);
      for (const { outbox } of outboxes) outbox.flush();
      // The first piece was written, and waits for the kernel.
      assert.equal(blocked.outbox.queuedMessages, n);
    }
    blocked.end.take();
    assert.equal(blocked.end.written.length, 2, 'one write for all that was held');
    for (const { end } of outboxes) assert.equal(end.written.join(''), pieces.join(''));
  });
});

/** Something that happens to the outboxes, each by its number. */
type Step =
  | { readonly act: 'push'; readonly piece: number; readonly to: readonly number[] }
  | { readonly act: 'flush' | 'hold' | 'take'; readonly to: readonly number[] };

const outboxCount = 5;
/** Among them pieces too large to be joined with others. */
const sizes = [1, 2, 10, 1000, 100_000, 300_000];
const someOutboxes = fc.subarray(
  Array.from({ length: outboxCount }, (_, n) => n),
  { minLength: 1 },
);
const push: fc.Arbitrary<Step> = fc.record({
  act: fc.constant('push' as const),
  piece: fc.nat({ max: sizes.length - 1 }),
  to: someOutboxes,
});
function other(act: 'flush' | 'hold' | 'take'): fc.Arbitrary<Step> {
  return fc.record({ act: fc.constant(act), to: someOutboxes });
}
const step = fc.oneof(
  { weight: 10, arbitrary: push },
  { weight: 6, arbitrary: other('flush') },
  { weight: 2, arbitrary: other('take') },
  { weight: 1, arbitrary: other('hold') },
);

/** An outbox beside which a list is kept of what it should hold and have written. */
class Modelled {
  readonly waiting: number[] = [];
  readonly sent: number[] = [];
  readonly #pieces: readonly Buffer[];
  readonly #outbox: Outbox;
  readonly #end: HeldSocket;

  constructor(pieces: readonly Buffer[]) {
    const [{ outbox, end }] = openOutboxes(1) as [{ outbox: Outbox; end: HeldSocket }];
    this.#pieces = pieces;
    this.#outbox = outbox;
    this.#end = end;
  }

  run(step: Step): void {
    if (step.act === 'push') {
      this.waiting.push(step.piece);
      this.#outbox.push(this.#pieces[step.piece] as Buffer, step.piece);
    } else if (step.act === 'hold') this.#end.held = true;
    else if (step.act === 'flush') {
      this.#flush();
      this.#outbox.flush();
    } else {
      // Who was blocked writes what waits as soon as it may.
      if (this.#end.writableLength > 0) this.sent.push(...this.waiting.splice(0));
      this.#end.take();
    }
  }

  check(): void {
    const { queuedMessages, queuedBytes, empty } = this.#outbox;
    const bytes = this.waiting.reduce((sum, piece) => sum + (sizes[piece] ?? 0), 0);
    const messages = this.waiting.reduce((sum, piece) => sum + piece, 0);
    assert.deepEqual([queuedMessages, empty], [messages, this.waiting.length === 0]);
    assert.equal(queuedBytes - this.#end.writableLength, bytes);
  }

  end(): void {
    this.run({ act: 'take', to: [] });
    this.run({ act: 'flush', to: [] });
    this.check();
    const sent = Buffer.concat(this.sent.map((piece) => this.#pieces[piece] as Buffer));
    assert.ok(Buffer.concat(this.#end.written).equals(sent), `not the pieces ${this.sent}`);
  }

  #flush(): void {
    if (this.#end.writableLength === 0) this.sent.push(...this.waiting.splice(0));
  }
}

describe('outboxes that share pieces, whatever is pushed, flushed and held', () => {
  it('write each its own pieces in their order, and count them right', () => {
    const run = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pieces = sizes.map((size, n) => Buffer.alloc(size, `${n}`));
      const outboxes = Array.from({ length: outboxCount }, () => new Modelled(pieces));
      for (const step of steps) {
        for (const n of step.to) outboxes[n]?.run(step);
        for (const outbox of outboxes) outbox.check();
      }
      for (const outbox of outboxes) outbox.end();
    });
    fc.assert(run, { numRuns: 300 });
  });
});

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Whether somebody still holds it, after everything that nobody holds was collected. */
async function isAlive(reference: WeakRef<object>): Promise<boolean> {
  // What was read in this turn is kept until its end.
  await setImmediate();
  collect();
  return reference.deref() !== undefined;
}

describe('Chain, after everybody has flushed', () => {
  it('keeps no piece alive', async () => {
    const outboxes = openOutboxes(3);
    const pushed = (): WeakRef<object>[] => {
      const pieces = Array.from({ length: 3 }, () => Buffer.alloc(1000));
      for (const piece of pieces) for (const { outbox } of outboxes) outbox.push(piece, 1);
      return pieces.map((piece) => new WeakRef(piece));
    };
    const references = pushed();
    for (const reference of references) assert.ok(await isAlive(reference), 'while it waits');
    for (const { outbox, end } of outboxes) {
      outbox.flush();
      end.written.length = 0;
    }
    for (const reference of references) assert.ok(!(await isAlive(reference)), 'once it was written');
  });

  it('keeps nothing for one that is blocked of what another one had behind the same piece', async () => {
    const [blocked, other] = openOutboxes(2);
    assert.ok(blocked && other);
    blocked.end.held = true;
    blocked.outbox.push(a, 1);
    blocked.outbox.flush();
    const pushed = (): WeakRef<object> => {
      const shared = Buffer.from('shared');
      for (const { outbox } of [blocked, other]) outbox.push(shared, 1);
      const own = Buffer.alloc(1000);
      other.outbox.push(own, 0);
      return new WeakRef(own);
    };
    const reference = pushed();
    for (const { outbox } of [blocked, other]) outbox.flush();
    other.end.written.length = 0;
    assert.ok(!(await isAlive(reference)));
  });

  it('keeps nothing of one that was closed', async () => {
    const [closed] = openOutboxes(1);
    const pushed = (): WeakRef<object> => {
      const piece = Buffer.alloc(1000);
      closed?.outbox.push(piece, 1);
      return new WeakRef(piece);
    };
    const reference = pushed();
    closed?.outbox.close();
    assert.ok(!(await isAlive(reference)));
  });

  it('keeps nothing of what was dropped or written late', async () => {
    const end = new HeldSocket();
    const clock = new FakeClock();
    const slow = { overflowed: fail, gap: () => {}, probe: () => null };
    const outbox = new Outbox(end.socket, { messages: 2, bytes: 1e9, clock }, slow);
    end.held = true;
    outbox.push(a, 1);
    outbox.flush();
    const pushed = (offset: number): WeakRef<object> => {
      const piece = Buffer.alloc(1000);
      outbox.push(piece, 1, { channel: 'c', offset, policy: 'drop' });
      return new WeakRef(piece);
    };
    const references = [1, 2, 3, 4, 5].map(pushed);
    outbox.flush();
    assert.equal(outbox.queuedMessages, 2);
    end.take();
    end.written.length = 0;
    for (const reference of references) assert.ok(!(await isAlive(reference)));
  });
});
