import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Gap } from '../../src/hub/recovery.ts';
import { Backlog } from '../../src/transport/backlog.ts';
import { Outbox } from '../../src/transport/outbox.ts';
import { answerTime, probeStep, windowWidth } from '../../src/transport/window.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Inbox } from '../support/inbox.ts';

/** Two ends of a real connection, with an outbox on one and a reader, that may stop reading, on the other. */
class Pair implements Disposable {
  readonly outbox: Outbox;
  readonly clock = new FakeClock();
  readonly backlog = new Backlog();
  readonly near: Socket;
  readonly far: Socket;
  overflows = 0;
  /** Whether the far end is asked how far it has read. */
  probes = false;
  /** What `write` was given, without the empty ones that only ask for a callback, and how often `cork` was called. */
  readonly written: Buffer[] = [];
  corks = 0;
  readonly #arrived: Inbox<number>;
  #received = 0;
  #chunks: Buffer[] = [];

  private constructor(
    near: Socket,
    far: Socket,
    limits: { messages: number; bytes: number; pongRequired: boolean },
  ) {
    this.near = near;
    this.far = far;
    this.#arrived = new Inbox('the far end');
    this.#watchWrites();
    far.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#received += chunk.length;
      this.#arrived.put(chunk.length);
    });
    for (const socket of [near, far]) socket.on('error', () => {});
    const { clock, backlog } = this;
    this.outbox = new Outbox(near, { ...limits, clock, backlog }, this);
  }

  overflowed(): void {
    this.overflows++;
  }

  probe(place: number): Buffer | null {
    return this.probes ? Buffer.from(`(${place})`) : null;
  }

  gap(channel: string, { from, to }: Gap): void {
    this.outbox.push(Buffer.from(`[${channel} ${from}-${to}]`), 0);
  }

  static async open({ messages = 100, bytes = 1_000_000, pongRequired = true } = {}): Promise<Pair> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const far = connect(port, '127.0.0.1');
    const [near] = await once(server, 'connection');
    server.close();
    return new Pair(near, far, { messages, bytes, pongRequired });
  }

  get writes(): number[] {
    return this.written.map(({ length }) => length);
  }

  /** Resolves to all that arrived, once it is this much. */
  async received(bytes: number): Promise<Buffer> {
    await this.#arrived.until(
      () => this.#received >= bytes,
      () => `${this.#received} of ${bytes} bytes`,
    );
    return Buffer.concat(this.#chunks);
  }

  /** Writes until the kernel takes no more while the far end does not read; returns how much that was. */
  block(): number {
    this.far.pause();
    const filler = Buffer.alloc(1024 * 1024, 'f');
    let written = 0;
    while (this.near.writableLength === 0) {
      this.outbox.push(filler, 1);
      this.outbox.flush();
      written += filler.length;
    }
    return written;
  }

  [Symbol.dispose](): void {
    this.near.destroy();
    this.far.destroy();
  }

  #watchWrites(): void {
    const { near, written } = this;
    const write = near.write.bind(near) as (...args: unknown[]) => boolean;
    near.write = (...args: unknown[]) => {
      const [bytes] = args as [Buffer];
      if (bytes.length > 0) written.push(bytes);
      return write(...args);
    };
    const cork = near.cork.bind(near);
    near.cork = () => {
      this.corks++;
      cork();
    };
  }
}

describe('Outbox', { timeout: 20_000 }, () => {
  it('joins what waits into one write, in its order', async () => {
    using pair = await Pair.open();
    for (const word of ['one ', 'two ', 'three']) pair.outbox.push(Buffer.from(word), 1);
    assert.equal(pair.outbox.queuedMessages, 3);
    assert.equal(pair.outbox.empty, false);
    pair.outbox.flush();
    assert.equal(String(await pair.received(13)), 'one two three');
    assert.deepEqual(pair.writes, [13]);
    assert.deepEqual([pair.outbox.queuedMessages, pair.outbox.empty], [0, true]);
  });

  it('writes a single piece as it is, without a copy', async () => {
    using pair = await Pair.open();
    const shared = Buffer.from('shared by many');
    pair.outbox.push(shared, 1);
    pair.outbox.flush();
    assert.equal(String(await pair.received(shared.length)), 'shared by many');
    assert.equal(pair.written.length, 1);
    assert.ok(pair.written[0] === shared, 'the very same buffer');
    assert.equal(pair.corks, 0);
  });

  it('writes large pieces by one writev, in their order', async () => {
    using pair = await Pair.open();
    const pieces = ['a', 'b', 'c'].map((letter) => Buffer.alloc(100_000, letter));
    for (const piece of pieces) pair.outbox.push(piece, 1);
    pair.outbox.flush();
    assert.ok((await pair.received(300_000)).equals(Buffer.concat(pieces)));
    assert.deepEqual([pair.corks, pair.writes], [1, [100_000, 100_000, 100_000]]);
    assert.ok(
      pair.written.every((bytes, n) => bytes === pieces[n]),
      'without copies',
    );
  });

  it('writes nothing when nothing waits', async () => {
    using pair = await Pair.open();
    pair.outbox.flush();
    assert.deepEqual(pair.writes, []);
  });

  it('holds back what comes while the kernel takes nothing, and sends it in order when it does again', async () => {
    using pair = await Pair.open({ messages: 1000 });
    const blocked = pair.block();
    const before = pair.writes.length;
    const words = Array.from({ length: 500 }, (_, n) => `word ${n};`);
    for (const word of words) {
      pair.outbox.push(Buffer.from(word), 1);
      pair.outbox.flush();
    }
    assert.equal(pair.writes.length, before, 'nothing more goes to the socket');
    assert.equal(pair.outbox.queuedMessages, 500);
    assert.deepEqual(pair.backlog.sums.messages, 500);
    pair.far.resume();
    const text = words.join('');
    const all = await pair.received(blocked + text.length);
    assert.equal(String(all.subarray(blocked)), text);
    assert.equal(pair.writes.length, before + 1, 'in one write');
    assert.equal(pair.overflows, 0);
  });

  it('says since when the kernel takes nothing, by the clock of the server', async () => {
    using pair = await Pair.open();
    assert.equal(pair.outbox.blockedSince, 0);
    pair.clock.advance(5000);
    const since = pair.clock.monotonic();
    const blocked = pair.block();
    pair.clock.advance(5000);
    assert.equal(pair.outbox.blockedSince, since);
    pair.far.resume();
    await pair.outbox.drained();
    assert.equal(pair.outbox.blockedSince, 0);
    assert.equal(pair.backlog.sums.connections, 0);
    await pair.received(blocked);
  });

  for (const [what, limits, size, least, most] of [
    ['messages', { messages: 10 }, 1, 11, 11],
    ['bytes', { bytes: 10_000 }, 1000, 9, 11],
    ['small pieces, each of which costs a reference', { messages: 100_000, bytes: 1000 }, 1, 6, 100],
  ] as const) {
    it(`overflows by ${what} when the limit is passed, not before, and once if it is closed then`, async () => {
      using pair = await Pair.open(limits);
      pair.block();
      const push = (): void => {
        pair.outbox.push(Buffer.alloc(size), 1);
        pair.outbox.flush();
      };
      let pushed = 0;
      for (; pushed < most && pair.overflows === 0; pushed++) push();
      assert.equal(pair.overflows, 1, `after ${pushed}`);
      assert.ok(pushed >= least, `already after ${pushed}`);
      pair.outbox.close();
      push();
      assert.equal(pair.overflows, 1);
      assert.equal(pair.outbox.queuedMessages, 0);
      assert.equal(pair.backlog.sums.connections, 0);
    });
  }

  it('does not count what the kernel took: a reader that keeps up may be sent any amount', async () => {
    using pair = await Pair.open({ messages: 2, bytes: 100 });
    for (let n = 1; n <= 200; n++) {
      pair.outbox.push(Buffer.alloc(1000, 'x'), 1);
      pair.outbox.flush();
      await pair.received(n * 1000);
    }
    assert.equal(pair.overflows, 0);
  });

  it('tells how many messages and bytes wait, those in the socket included', async () => {
    using pair = await Pair.open();
    const blocked = pair.block();
    const taken = blocked - pair.near.writableLength;
    pair.outbox.push(Buffer.alloc(70), 2);
    pair.outbox.push(Buffer.alloc(30), 1);
    pair.outbox.flush();
    const [messages, bytes] = [3, blocked - taken + 100];
    assert.deepEqual([pair.outbox.queuedMessages, pair.outbox.queuedBytes], [messages, bytes]);
    assert.deepEqual(pair.backlog.sums, { connections: 1, messages, bytes });
    pair.far.resume();
    await pair.received(blocked + 100);
    await pair.outbox.drained();
    assert.deepEqual([pair.outbox.queuedMessages, pair.outbox.queuedBytes], [0, 0]);
  });

  it('drained is null while the kernel takes everything', async () => {
    using pair = await Pair.open();
    assert.equal(pair.outbox.drained(), null);
    pair.outbox.push(Buffer.from('x'), 1);
    pair.outbox.flush();
    assert.equal(pair.outbox.drained(), null);
  });

  it('drained is null before the first write, which goes out with the answer to the upgrade', async () => {
    using pair = await Pair.open();
    pair.near.cork();
    pair.near.write('HTTP/1.1 101');
    pair.outbox.push(Buffer.from('hello'), 1);
    assert.equal(pair.outbox.drained(), null);
    pair.outbox.flush();
    assert.equal(String(await pair.received(17)), 'HTTP/1.1 101hello');
  });

  it('drained resolves for everybody who waits, when the reader has read or the outbox is closed', async () => {
    for (const end of ['read', 'close'] as const) {
      using pair = await Pair.open();
      pair.block();
      const waiting = [pair.outbox.drained(), pair.outbox.drained()];
      assert.ok(waiting.every((promise) => promise !== null));
      if (end === 'read') pair.far.resume();
      else pair.outbox.close();
      await Promise.all(waiting);
      assert.equal(pair.backlog.sums.connections, 0);
    }
  });

  it('writeNow goes past what is held back', async () => {
    using pair = await Pair.open({ messages: 1000 });
    const blocked = pair.block();
    pair.outbox.push(Buffer.from('held'), 1);
    pair.outbox.flush();
    pair.outbox.writeNow(Buffer.from('ping'));
    pair.far.resume();
    const all = await pair.received(blocked + 8);
    assert.equal(String(all.subarray(blocked)), 'pingheld');
  });

  it('a connection that breaks off while it is blocked ends the wait, and breaks nothing', async () => {
    using pair = await Pair.open();
    pair.block();
    const waiting = pair.outbox.drained();
    const closed = new Promise((resolve) => pair.near.on('close', resolve));
    pair.far.resetAndDestroy();
    await closed;
    pair.outbox.push(Buffer.from('x'), 1);
    pair.outbox.flush();
    pair.outbox.writeNow(Buffer.from('x'));
    pair.outbox.close();
    await waiting;
  });
});

/** What happens to an outbox: a piece of so many bytes, a flush, or the reader stops or goes on. */
type Step = number | 'flush' | 'pause' | 'resume';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 100, 5000, 70_000, 3_000_000) },
  { weight: 4, arbitrary: fc.constant('flush' as const) },
  { weight: 1, arbitrary: fc.constantFrom('pause' as const, 'resume' as const) },
);

describe('Outbox, whatever is pushed and flushed while the reader stops and goes on', () => {
  it('delivers every byte once, in its order', async () => {
    const run = fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      using pair = await Pair.open({ messages: 1000, bytes: 1e9 });
      const pieces: Buffer[] = [];
      for (const [n, act] of steps.entries()) {
        if (act === 'flush') pair.outbox.flush();
        else if (typeof act === 'string') pair.far[act]();
        else {
          const piece = Buffer.alloc(act, `${n},`);
          pieces.push(piece);
          pair.outbox.push(piece, 1);
        }
      }
      pair.far.resume();
      pair.outbox.flush();
      const sent = Buffer.concat(pieces);
      const arrived = await pair.received(sent.length);
      await pair.outbox.drained();
      assert.ok(arrived.equals(sent), `${arrived.length} of ${sent.length} bytes`);
      assert.deepEqual(pair.backlog.sums, { connections: 0, messages: 0, bytes: 0 });
      assert.equal(pair.overflows, 0);
    });
    // Waiting for bytes that never come takes long: no shrinking.
    await fc.assert(run, { numRuns: 40, endOnFailure: true });
  });
});

describe('an outbox whose peer answers probes', { timeout: 20_000 }, () => {
  const piece = Buffer.alloc(probeStep, 'x');

  function push(pair: Pair, pieces: number): void {
    for (let n = 0; n < pieces; n++) {
      pair.outbox.push(piece, 1);
      pair.outbox.flush();
    }
  }

  /** The peer has answered once; so much more is written that it is asked again, and the window is full. */
  async function filled(): Promise<Pair> {
    const pair = await Pair.open({ bytes: 10 * windowWidth });
    pair.probes = true;
    push(pair, 1);
    assert.equal(String((await pair.received(probeStep + 7)).subarray(probeStep)), `(${probeStep})`);
    pair.outbox.answered(probeStep);
    pair.clock.advance(5_000);
    push(pair, 1 + windowWidth / probeStep);
    assert.deepEqual([pair.outbox.queuedMessages, pair.outbox.blockedSince > 0], [0, true]);
    pair.clock.advance(answerTime);
    return pair;
  }

  it('holds back what would be on its way to nobody, and writes on with the answer', async () => {
    using pair = await filled();
    push(pair, 3);
    assert.equal(pair.outbox.queuedMessages, 3);
    assert.equal(pair.backlog.sums.connections, 1);
    assert.equal(pair.near.writableLength, 0, 'the kernel would have taken it');
    pair.outbox.answered(2 * probeStep + windowWidth);
    assert.deepEqual([pair.outbox.queuedMessages, pair.outbox.blockedSince], [0, 0]);
    assert.equal(pair.backlog.sums.connections, 0);
  });

  it('overflows for a peer that reads no more, although the kernel would take it', async () => {
    using pair = await filled();
    push(pair, 200);
    assert.ok(pair.overflows > 0);
  });

  it('tells who waits once the peer has read on', async () => {
    using pair = await filled();
    let drained = false;
    const waiting = pair.outbox.drained()?.then(() => {
      drained = true;
    });
    assert.ok(waiting);
    await new Promise(setImmediate);
    assert.equal(drained, false);
    pair.outbox.answered(2 * probeStep);
    await waiting;
  });

  it('waits for no answer while what the peer sends is not read', async () => {
    using pair = await filled();
    push(pair, 3);
    pair.outbox.hears(false);
    assert.equal(pair.outbox.queuedMessages, 0);
    push(pair, 20);
    assert.equal(pair.outbox.queuedMessages, 0);
    pair.outbox.hears(true);
    push(pair, 1);
    assert.equal(pair.outbox.queuedMessages, 0, 'the answer may have come meanwhile');
    pair.clock.advance(answerTime);
    push(pair, 1);
    assert.equal(pair.outbox.queuedMessages, 1);
  });

  it('writes on while an answer may still be on its way, although replays and answers wait', async () => {
    using pair = await Pair.open({ bytes: 10 * windowWidth });
    pair.probes = true;
    push(pair, 1 + windowWidth / probeStep);
    assert.notEqual(pair.outbox.drained(), null);
    pair.clock.advance(answerTime - 1);
    push(pair, 1);
    assert.equal(pair.outbox.queuedMessages, 0);
    pair.clock.advance(1);
    push(pair, 1);
    assert.equal(pair.outbox.queuedMessages, 1);
    pair.outbox.answered(probeStep + windowWidth);
    assert.equal(pair.outbox.queuedMessages, 0);
    assert.equal(pair.outbox.drained(), null);
  });

  for (const [what, end] of [
    ['a first answer shows how far behind the peer is', (pair: Pair) => pair.outbox.answered(probeStep)],
    ['what the peer sends is read again', (pair: Pair) => pair.outbox.hears(true)],
  ] as const) {
    it(`closes nobody for what came before ${what}`, async () => {
      using pair = await Pair.open({ messages: 10, bytes: 10 * windowWidth });
      pair.probes = true;
      push(pair, 1);
      if (what.startsWith('what')) {
        pair.outbox.answered(probeStep);
        pair.clock.advance(5_000);
        pair.outbox.hears(false);
      }
      push(pair, 3 + windowWidth / probeStep);
      for (let n = 0; n < 20; n++) pair.outbox.push(Buffer.from('x'), 1);
      end(pair);
      pair.outbox.flush();
      assert.deepEqual([pair.overflows, pair.outbox.queuedMessages], [0, 0]);
      pair.clock.advance(answerTime);
      for (let n = 0; n < 11; n++) pair.outbox.push(Buffer.from('x'), 1);
      pair.outbox.flush();
      assert.equal(pair.overflows, 1, 'from then on it is held to its limit');
    });
  }

  it('is blocked since then, whatever a peer sends that reads nothing', async () => {
    using pair = await filled();
    push(pair, 1);
    const since = pair.outbox.blockedSince;
    pair.clock.advance(20_000);
    for (const place of [0, 1, probeStep, 10 ** 9]) pair.outbox.answered(place);
    pair.outbox.hears(true);
    assert.equal(pair.outbox.blockedSince, since);
    pair.outbox.answered(2 * probeStep + windowWidth);
    assert.equal(pair.outbox.blockedSince, 0);
  });

  it('is blocked since then by the kernel, too', async () => {
    using pair = await Pair.open({ bytes: 10 * windowWidth });
    pair.probes = true;
    pair.block();
    const since = pair.outbox.blockedSince;
    assert.ok(since > 0);
    pair.clock.advance(20_000);
    pair.outbox.answered(0);
    pair.outbox.hears(false);
    pair.outbox.hears(true);
    assert.equal(pair.outbox.blockedSince, since);
  });

  it('holds back a peer that never answered, but where pongs are not required', async () => {
    for (const pongRequired of [true, false]) {
      using pair = await Pair.open({ bytes: 10 * windowWidth, pongRequired });
      pair.probes = true;
      push(pair, 1 + windowWidth / probeStep);
      pair.clock.advance(answerTime);
      push(pair, 12);
      assert.equal(pair.outbox.queuedMessages, pongRequired ? 12 : 0);
      assert.equal(pair.overflows, 0);
    }
  });
});
