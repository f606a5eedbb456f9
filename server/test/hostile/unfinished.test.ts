import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { clientFrame, opcodes, RawSocket } from '../support/raw-socket.ts';
import { type TestServer, testOrigin, testServer } from '../support/server.ts';

const { continuation, ping, text } = opcodes;
/** The node's one timer may be this late (milliseconds). */
const slack = 400;
const begun = { fin: false };
const relayPong = clientFrame(text, '{"type":"pong","payload":{"ts":1}}');

async function open(fw: TestServer, path: string): Promise<RawSocket> {
  return RawSocket.webSocket(fw.url, path, [['Origin', testOrigin]]);
}

/** What has been written was read by the server: its answers stand behind it on another connection. */
async function read(fw: TestServer, raw: RawSocket): Promise<void> {
  await raw.sent();
  for (let round = 0; round < 3; round++) await fw.call('GET', '/health');
}

/** Bytes in steps, with all the time in the world between them. */
async function drip(
  fw: TestServer,
  clock: FakeClock,
  raw: RawSocket,
  pieces: readonly Buffer[],
): Promise<void> {
  for (const piece of pieces) {
    raw.write(piece);
    await read(fw, raw);
    clock.advance(5_000);
  }
}

async function closedWith4408(raw: RawSocket): Promise<void> {
  const { payload } = await raw.frames.next(({ opcode }) => opcode === opcodes.close);
  assert.equal(payload.readUInt16BE(0), 4408);
}

const isOpen = (raw: RawSocket): boolean => raw.frames.all.every(({ opcode }) => opcode !== opcodes.close);

/** What a client sends every 5 s, seven times: none of it ends a message. */
const attacks: Readonly<Record<string, (n: number) => Buffer>> = {
  'a message in fragments without end': (n) => clientFrame(n === 0 ? text : continuation, '{', begun),
  'one fragment, and then pings': (n) => (n === 0 ? clientFrame(text, '{', begun) : clientFrame(ping)),
  'a frame byte by byte': (n) => clientFrame(text, 'x'.repeat(60_000)).subarray(n, n + 1),
  'the head of a frame, and no more': (n) =>
    n === 0 ? clientFrame(text, 'abc').subarray(0, 4) : Buffer.alloc(0),
  'a ping byte by byte': (n) => clientFrame(ping, 'x'.repeat(100)).subarray(n, n + 1),
  'half a message behind a whole one': (n) =>
    n === 0 ? Buffer.concat([relayPong, clientFrame(text, '{', begun)]) : clientFrame(ping),
};

describe('a message that does not end', () => {
  for (const [what, piece] of Object.entries(attacks)) {
    it(`is waited for 30 seconds from its first byte: ${what}`, async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock });
      const raw = await open(fw, '/ws/connect');
      await drip(
        fw,
        clock,
        raw,
        Array.from({ length: 5 }, (_, n) => piece(n)),
      );
      clock.advance(4_900);
      await read(fw, raw);
      assert.ok(isOpen(raw));
      clock.advance(100 + slack);
      await closedWith4408(raw);
      raw.close();
    });
  }

  it('is waited for no longer in any dialect', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { WEBSOCKET_MESSAGE_TIMEOUT: '10' } });
    const token = await fw.token('u1');
    for (const path of ['/ws?room=r&client_id=c', `/ws/r?token=${token}`, '/ws/connect', '/']) {
      const raw = await open(fw, path);
      raw.write(clientFrame(text, '{', begun));
      await read(fw, raw);
      clock.advance(10_000 + slack);
      await closedWith4408(raw);
      raw.close();
    }
  });

  it('does not end others on the way: messages that take their time, one after the other', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const raw = await open(fw, '/ws/connect');
    const frame = '{"action":"ping","request_id":"r"}';
    for (let message = 0; message < 5; message++) {
      const [first, second] = [frame.slice(0, 10), frame.slice(10)];
      await drip(fw, clock, raw, [clientFrame(text, first, begun), clientFrame(ping), clientFrame(ping)]);
      clock.advance(14_000);
      raw.write(clientFrame(continuation, second));
      await raw.frames.next(({ payload }) => payload.includes('"pong"'));
    }
    clock.advance(31_000);
    await read(fw, raw);
    assert.ok(isOpen(raw));
    raw.close();
  });

  it('is given the time in which the server did nothing', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const raw = await open(fw, '/ws/connect');
    raw.write(clientFrame(text, '{"action":', begun));
    await read(fw, raw);
    clock.stall(120_000);
    await read(fw, raw);
    clock.advance(20_000);
    raw.write(clientFrame(continuation, '"ping"}'));
    await raw.frames.next(({ payload }) => payload.includes('"pong"'));
    raw.close();
  });

  it('of a hundred connections leaves no timer and no memory of them', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const before = clock.timers;
    const all = await Promise.all(Array.from({ length: 100 }, () => open(fw, '/ws/connect')));
    for (const raw of all) raw.write(clientFrame(text, '{', begun));
    for (const raw of all) await raw.sent();
    await fw.call('GET', '/health');
    assert.equal(clock.timers, before);
    clock.advance(30_000 + slack);
    for (const raw of all) await closedWith4408(raw);
    for (const raw of all) raw.close();
  });
});
