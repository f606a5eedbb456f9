import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { clientFrame, closePayload, type FrameOptions, opcodes, RawSocket } from '../support/raw-socket.ts';
import { testOrigin } from '../support/server.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

const { continuation, text, binary, close, ping } = opcodes;

/** An address of each WebSocket dialect. */
async function addresses(fw: WatchedServer): Promise<Readonly<Record<string, string>>> {
  const token = await fw.token('u1');
  return {
    channel: '/ws/connect',
    relay: '/ws?room=r&client_id=c',
    room: `/ws/r?token=${token}`,
    chat: '/',
  };
}

function open(fw: WatchedServer, path: string): Promise<RawSocket> {
  return RawSocket.webSocket(fw.url, path, [['Origin', testOrigin]]);
}

function frame(opcode: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  return clientFrame(opcode, payload, options);
}

const unfinished: FrameOptions = { fin: false };
const invalidUtf8 = Buffer.from([0x22, 0xc3, 0x28, 0x22]);
const half = Buffer.from('"é"');

/** What is sent, and the code with which the connection has to be closed. */
const breaches: Readonly<Record<string, readonly [number, ...Buffer[]]>> = {
  'a binary frame': [1003, frame(binary, '{}')],
  'an empty binary frame': [1003, frame(binary)],
  'a binary message in two frames': [1003, frame(binary, '{', unfinished), frame(continuation, '}')],
  'an unmasked frame': [1002, frame(text, '{}', { masked: false })],
  'the first reserved bit, without compression': [1002, frame(text, '{}', { reserved: 0x40 })],
  'the second reserved bit': [1002, frame(text, '{}', { reserved: 0x20 })],
  'the third reserved bit': [1002, frame(text, '{}', { reserved: 0x10 })],
  'reserved opcode 3': [1002, frame(3, '{}')],
  'reserved opcode 7': [1002, frame(7)],
  'reserved opcode 11': [1002, frame(11)],
  'reserved opcode 15': [1002, frame(15)],
  'a ping of 126 bytes': [1002, frame(ping, 'x'.repeat(126))],
  'a ping in fragments': [1002, frame(ping, 'x', unfinished)],
  'a close frame in fragments': [1002, frame(close, closePayload(1000), unfinished)],
  'a close frame of one byte': [1002, frame(close, 'x')],
  'a close frame of 126 bytes': [1002, frame(close, closePayload(1000, 'x'.repeat(124)))],
  'close code 0': [1002, frame(close, closePayload(0))],
  'close code 999': [1002, frame(close, closePayload(999))],
  'close code 1004': [1002, frame(close, closePayload(1004))],
  'close code 1005': [1002, frame(close, closePayload(1005))],
  'close code 1006': [1002, frame(close, closePayload(1006))],
  'close code 1015': [1002, frame(close, closePayload(1015))],
  'close code 2999': [1002, frame(close, closePayload(2999))],
  'close code 65535': [1002, frame(close, closePayload(65_535))],
  'a close reason that is not UTF-8': [1007, frame(close, Buffer.concat([closePayload(1000), invalidUtf8]))],
  'text that is not UTF-8': [1007, frame(text, invalidUtf8)],
  'a surrogate encoded as UTF-8': [1007, frame(text, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))],
  'text that ends within a character': [1007, frame(text, half.subarray(0, 2))],
  'a continuation of nothing': [1002, frame(continuation, '{}')],
  'a text frame within a message': [1002, frame(text, '{', unfinished), frame(text, '}')],
  'a frame over the limit by its header alone': [1009, frame(text, '', { length: 65_537 })],
  'a frame of 2^53 bytes by its header': [1009, frame(text, '', { length: 2 ** 53 })],
  'a message over the limit in fragments': [
    1009,
    frame(text, ' '.repeat(40_000), unfinished),
    frame(continuation, ' '.repeat(40_000)),
  ],
  '1 MB of brackets': [1009, frame(text, '['.repeat(1_000_000))],
};

describe('a broken frame ends its own connection with the documented code', () => {
  for (const [title, [code, ...bytes]] of Object.entries(breaches)) {
    it(`${title}: ${code}, in every dialect`, async () => {
      await using fw = await watchedServer();
      for (const [dialect, path] of Object.entries(await addresses(fw))) {
        const raw = await open(fw, path);
        raw.write(Buffer.concat(bytes));
        assert.equal(await raw.closeCode(), code, dialect);
        raw.close();
      }
      await fw.unharmed();
    });
  }
});

describe('frames that are unusual, and right', () => {
  it('one byte at a time, a message in fragments with pings between is one message', async () => {
    await using fw = await watchedServer();
    const raw = await open(fw, '/ws/connect');
    const bytes = Buffer.concat([
      frame(text, '{"action":"pi', unfinished),
      frame(ping, 'between'),
      frame(continuation, '', unfinished),
      frame(continuation, 'ng","request_id":"é'.slice(0, -1), unfinished),
      frame(continuation, Buffer.from('é').subarray(0, 1), unfinished),
      frame(continuation, Buffer.concat([Buffer.from('é').subarray(1), Buffer.from('"}')])),
    ]);
    for (const byte of bytes) raw.write(Buffer.from([byte]));
    const pong = await raw.frames.next(({ opcode }) => opcode === opcodes.pong);
    assert.equal(String(pong.payload), 'between');
    const answer = await raw.frames.next(({ payload }) => payload.includes('"pong"'));
    assert.equal(JSON.parse(String(answer.payload)).request_id, 'é');
    raw.close();
    await fw.unharmed();
  });

  it('a frame right behind the handshake, in the same packet', async () => {
    await using fw = await watchedServer();
    const raw = new RawSocket(fw.url);
    const lines = [
      'GET /ws/connect HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ];
    const keys = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''];
    const head = Buffer.from([...lines, ...keys].join('\r\n'));
    raw.write(Buffer.concat([head, frame(text, '{"action":"ping"}')]));
    await raw.until((received) => received.includes('"pong"'));
    raw.close();
    await fw.unharmed();
  });

  it('a message of exactly the limit is taken, one byte more is 1009', async () => {
    await using fw = await watchedServer();
    const client = await fw.socket('/ws/connect');
    const shell = '{"action":"ping","data":{"x":""}}';
    const fill = (size: number): string => shell.replace('""', `"${'x'.repeat(size - shell.length)}"`);
    client.send(fill(65_536));
    await client.next({ type: 'pong' });
    client.send(fill(65_537));
    assert.equal((await client.closed).code, 1009);
    await fw.unharmed();
  });

  for (const code of [1000, 1001, 3000, 4999]) {
    it(`close code ${code} is answered with itself`, async () => {
      await using fw = await watchedServer();
      const raw = await open(fw, '/ws/connect');
      raw.write(frame(close, closePayload(code, 'bye')));
      assert.equal(await raw.closeCode(), code);
      await raw.ended();
      await fw.unharmed();
    });
  }

  it('nothing that follows a close frame is handled', async () => {
    await using fw = await watchedServer();
    const publish = '{"action":"send_to_channel","data":{"channel":"after","content":1}}';
    const raw = await open(fw, '/ws/connect');
    raw.write(Buffer.concat([frame(close, closePayload(1000)), frame(text, publish)]));
    await raw.ended();
    const { body } = await fw.call('GET', '/api/channels/after/messages');
    assert.equal(body.offset, 0);
    await fw.unharmed();
  });
});

describe('20 bad frames in a row', () => {
  it('close the connection with 4400 in every dialect, and a good one between starts anew', async () => {
    await using fw = await watchedServer();
    const good: Readonly<Record<string, string>> = {
      channel: '{"action":"pong"}',
      relay: '{"type":"pong"}',
      room: '{"type":"system.pong"}',
      chat: '{"action":"rooms"}',
    };
    for (const [dialect, path] of Object.entries(await addresses(fw))) {
      const raw = await open(fw, path);
      const bad = Buffer.concat(Array.from({ length: 19 }, () => frame(text, 'x')));
      raw.write(Buffer.concat([bad, frame(text, good[dialect] ?? ''), bad]));
      const errors = (): number =>
        raw.frames.all.filter(({ payload }) => payload.includes('bad_json')).length;
      await raw.frames.until(() => errors() === 38);
      raw.write(frame(text, 'x'));
      assert.equal(await raw.closeCode(), 4400, dialect);
      raw.close();
    }
    await fw.unharmed();
  });
});

describe('pings', () => {
  const pings = (count: number): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, n) => frame(ping, `p${n}`)));
  const isPong = ({ opcode }: { opcode: number }): boolean => opcode === opcodes.pong;

  for (const dialect of ['channel', 'relay', 'room', 'chat']) {
    it(`in one packet are answered one by one, however many they are, on ${dialect}`, async () => {
      await using fw = await watchedServer();
      const raw = await open(fw, (await addresses(fw))[dialect] ?? '');
      for (const count of [61, 1_000]) {
        const before = raw.frames.all.filter(isPong).length;
        raw.write(pings(count));
        await raw.frames.until(() => raw.frames.all.filter(isPong).length === before + count);
        const payloads = raw.frames.all.filter(isPong).slice(before);
        assert.deepEqual(
          payloads.map(({ payload }) => String(payload)),
          Array.from({ length: count }, (_, n) => `p${n}`),
        );
      }
      raw.close();
      await fw.unharmed();
    });
  }

  it('whose answers are not read end the connection once they are more than may wait', async () => {
    await using fw = await watchedServer({ MAX_BACKLOG_BYTES: '65536', MESSAGE_RATE_LIMIT: '0' });
    const raw = await open(fw, '/ws/connect');
    raw.socket.pause();
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame(ping, 'x'.repeat(125))));
    const pour = (): void => {
      while (raw.socket.writable && raw.socket.write(many));
    };
    raw.socket.on('drain', pour);
    pour();
    await eventually(
      async () => (await fw.call('GET', '/ws/stats')).body.total_connections === 0,
      'it is closed',
    );
    raw.close();
    await fw.unharmed();
  });
});
