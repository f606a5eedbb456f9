import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type CloseCode, closeCodes, parserCloseCodes } from '../../src/codes.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { maskedFrame, RawWebSocket, text } from '../support/raw-websocket.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { type Closed, SocketClient } from '../support/socket-client.ts';

/** How each code comes about. What it resolves with is what the client was told. */
type Provoke = () => Promise<Closed>;

async function withServer(
  env: Record<string, string>,
  provoke: (fw: TestServer, clock: FakeClock) => Promise<Closed>,
): Promise<Closed> {
  const clock = new FakeClock();
  await using fw = await testServer({ clock, env });
  return await provoke(fw, clock);
}

const ways: Record<keyof typeof closeCodes, Provoke> = {
  noPlace: () =>
    withServer({ WEBSOCKET_MAX_CONNECTIONS: '1' }, async (fw) => {
      await ChannelClient.open(fw);
      return (await fw.socket('/ws/connect?refusals=frame')).closed;
    }),
  normal: () =>
    withServer({}, async (fw) => {
      const { socket } = await ChannelClient.open(fw);
      socket.ws.close(1000, closeCodes.normal.reason);
      return socket.closed;
    }),
  binary: () =>
    withServer({}, async (fw) => {
      const { socket } = await ChannelClient.open(fw);
      socket.ws.send(Buffer.from('{"action":"ping"}'), { binary: true });
      return socket.closed;
    }),
  restart: async () => {
    let socket: SocketClient;
    {
      await using fw = await testServer();
      // Not one of the server's own clients, which are cut off before it ends.
      socket = new SocketClient(`${fw.url.replace('http', 'ws')}/ws/connect`, {});
      await socket.next({ type: 'connected' });
    }
    return socket.closed;
  },
  badFrames: () =>
    withServer({}, async (fw) => {
      const client = await ChannelClient.open(fw);
      for (let frame = 1; frame <= 19; frame++) client.socket.send('no JSON');
      await client.settled();
      for (let frame = 1; frame <= 20; frame++) client.socket.send({ action: `nothing ${frame}` });
      const closed = await client.socket.closed;
      const errors = client.frames.filter(({ type }) => type === 'error');
      assert.equal(errors.length, 39, 'every bad frame is answered, and good ones begin the count anew');
      return closed;
    }),
  tokenExpired: () =>
    withServer({}, async (fw, clock) => {
      const { socket } = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 10 } });
      clock.advance(11_000);
      return socket.closed;
    }),
  permissionLost: () =>
    withServer({}, async (fw) => {
      const owner = await fw.socket(`/?token=${await fw.token('owner')}`);
      await owner.ask(
        { action: 'create', room: 'vip', private: true, members: ['u1'] },
        { action: 'created' },
      );
      const member = await fw.room('vip', 'u1');
      await member.ask({ type: 'presence.list' }, { type: 'presence.state' });
      owner.send({ action: 'kick', room: 'vip', user: 'u1' });
      return member.closed;
    }),
  idle: () =>
    withServer({}, async (fw, clock) => {
      const { socket } = await ChannelClient.open(fw, { autoPong: false });
      clock.advance(61_000);
      return socket.closed;
    }),
  replaced: () =>
    withServer({}, async (fw) => {
      const first = await fw.socket('/ws?room=a&client_id=c1');
      await fw.socket('/ws?room=a&client_id=c1');
      return first.closed;
    }),
  administrator: () =>
    withServer({}, async (fw) => {
      const { id, socket } = await ChannelClient.open(fw);
      await fw.call('DELETE', `/ws/connections/${id}`);
      return socket.closed;
    }),
  slow: () =>
    withServer({ WEBSOCKET_MESSAGE_QUEUE_SIZE: '5' }, async (fw) => {
      const publisher = await ChannelClient.open(fw);
      const frozen = await ChannelClient.open(fw);
      await frozen.subscribe('news');
      frozen.socket.ws.pause();
      const open = async (): Promise<number> => (await fw.call('GET', '/ws/stats')).body.websocket.total;
      while ((await open()) === 2) await publisher.publish('news', 'x'.repeat(60_000));
      frozen.socket.ws.resume();
      return frozen.socket.closed;
    }),
  rateLimit: () =>
    withServer({ MESSAGE_RATE_LIMIT: '1' }, async (fw) => {
      const { socket } = await ChannelClient.open(fw);
      for (let frame = 0; frame < 25; frame++) socket.send({ action: 'ping' });
      return socket.closed;
    }),
};

/** Bytes that no client sends, or too many of them: the parser closes by itself. */
const faults: Record<keyof typeof parserCloseCodes, { title: string; bytes: Buffer }[]> = {
  1002: [
    { title: 'a frame without a mask', bytes: Buffer.from([text, 2, 0x7b, 0x7d]) },
    { title: 'a reserved bit', bytes: maskedFrame(0xc1, '{}') },
    { title: 'an unknown opcode', bytes: maskedFrame(0x83, '{}') },
    { title: 'a continuation of nothing', bytes: maskedFrame(0x80, '{}') },
    { title: 'a ping in fragments', bytes: maskedFrame(0x09, 'x') },
    { title: 'a ping of 126 bytes', bytes: maskedFrame(0x89, 'x'.repeat(126)) },
    { title: 'a close code that may not be sent', bytes: maskedFrame(0x88, Buffer.from([0x03, 0xed])) },
  ],
  1007: [
    { title: 'text that is not UTF-8', bytes: maskedFrame(text, Buffer.from([0x22, 0xc3, 0x28, 0x22])) },
    { title: 'an encoded surrogate', bytes: maskedFrame(text, Buffer.from([0xed, 0xa0, 0x80])) },
  ],
  1008: [
    {
      title: 'a message in too many frames',
      bytes: Buffer.concat([
        maskedFrame(0x01, '{'),
        ...Array.from({ length: 4 }, () => maskedFrame(0x00, '')),
      ]),
    },
  ],
  1009: [
    { title: 'a frame over the limit', bytes: maskedFrame(text, 'x'.repeat(1001)) },
    {
      title: 'fragments over the limit together',
      bytes: Buffer.concat([maskedFrame(0x01, 'x'.repeat(600)), maskedFrame(0x80, 'x'.repeat(600))]),
    },
  ],
};

const documentation = readFileSync(join(import.meta.dirname, '../../../docs/protocols/codes.md'), 'utf8');

/** The row of the documentation's table for this code, as cells. */
function documented(code: number): string[] {
  const row = documentation.split('\n').find((line) => line.startsWith(`| ${code} | `));
  assert.ok(row, `${code} is documented`);
  return row.split('|').map((cell) => cell.trim());
}

describe('a close code', () => {
  for (const [name, provoke] of Object.entries(ways)) {
    const row: CloseCode = closeCodes[name as keyof typeof closeCodes];
    it(`${row.code} (${name}) is documented, and sent with its reason`, async () => {
      const retry = row.retry ? 'yes' : 'no';
      assert.deepEqual(documented(row.code), ['', String(row.code), row.reason, row.client, retry, '']);
      assert.ok(Buffer.byteLength(row.reason) <= 123);
      assert.deepEqual(await provoke(), { code: row.code, reason: row.reason });
    });
  }

  for (const [code, bad] of Object.entries(faults)) {
    const reason = parserCloseCodes[Number(code) as keyof typeof parserCloseCodes];
    for (const { title, bytes } of bad) {
      it(`${code} is documented, and sent after ${title}`, async () => {
        assert.deepEqual(documented(Number(code)), ['', code, reason, 'not retry', 'no', '']);
        await using fw = await testServer({
          env: { WEBSOCKET_MAX_MESSAGE_SIZE: '1000', WEBSOCKET_MAX_FRAGMENTS: '4' },
        });
        const others = await ChannelClient.open(fw);
        using raw = await RawWebSocket.open(fw.url, '/ws/connect');
        raw.write(bytes);
        assert.equal(await raw.closed, Number(code));
        await others.settled();
      });
    }
  }

  it('that is documented is one of these', () => {
    const table = documentation.slice(
      documentation.indexOf('<!-- close-codes:begin -->'),
      documentation.indexOf('<!-- close-codes:end -->'),
    );
    const codes = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    const known = [...Object.values(closeCodes).map(({ code }) => code), ...Object.keys(faults).map(Number)];
    assert.deepEqual(
      codes,
      known.toSorted((a, b) => a - b),
    );
  });

  it('belongs to one reason alone', () => {
    const codes = Object.values(closeCodes).map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length);
  });
});

describe('WEBSOCKET_MAX_MESSAGE_SIZE', () => {
  it('is the longest message that passes, in one frame or several', async () => {
    await using fw = await testServer({
      env: { WEBSOCKET_MAX_MESSAGE_SIZE: '1000', WEBSOCKET_MAX_FRAGMENTS: '4' },
    });
    const client = await ChannelClient.open(fw);
    const frame = (length: number): string => {
      const empty = JSON.stringify({ action: 'ping', request_id: 'r', padding: '' });
      return empty.replace('""', `"${'x'.repeat(length - empty.length)}"`);
    };
    client.socket.send(frame(1000));
    await client.socket.next({ type: 'pong' });
    const whole = frame(1000);
    client.socket.ws.send(whole.slice(0, 400), { fin: false });
    client.socket.ws.send(whole.slice(400), { fin: true });
    await client.socket.next({ type: 'pong' });
    client.socket.send(frame(1001));
    assert.equal((await client.socket.closed).code, 1009);
  });
});

describe('every dialect', () => {
  const paths = {
    relay: (_token: string) => '/ws?room=a&client_id=c1',
    room: (token: string) => `/ws/a?token=${token}`,
    channel: (_token: string) => '/ws/connect',
    chat: (_token: string) => '/',
  };
  for (const [dialect, path] of Object.entries(paths)) {
    it(`closes a binary frame with 1003, and 20 bad frames in a row with 4400 (${dialect})`, async () => {
      await using fw = await testServer();
      const address = path(await fw.token('u1'));
      const options = { headers: { origin: fw.url } };
      const binary = await fw.socket(address, options);
      binary.ws.send(Buffer.from('x'));
      assert.equal((await binary.closed).code, 1003);
      const bad = await fw.socket(address, options);
      for (let frame = 0; frame < 20; frame++) bad.send('not JSON');
      assert.equal((await bad.closed).code, 4400);
      const patient = await fw.socket(address, options);
      for (let frame = 0; frame < 19; frame++) patient.send('not JSON');
      await patient.inbox.until(() => patient.inbox.all.length >= 19);
      assert.equal(patient.ws.readyState, patient.ws.OPEN);
    });

    it(`is closed by an administrator with 4410 (${dialect})`, async () => {
      await using fw = await testServer();
      const socket = await fw.socket(path(await fw.token('u1')), { headers: { origin: fw.url } });
      const { body } = await fw.call('GET', '/ws/connections');
      await fw.call('DELETE', `/ws/connections/${body.connections[0].id}`);
      assert.equal((await socket.closed).code, 4410);
    });
  }
});
