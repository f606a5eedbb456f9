import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { deflateRawSync, inflateRawSync, constants as zlib } from 'node:zlib';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../support/raw-socket.ts';
import { clientFrame, handshakeHeaders, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

const env = { WEBSOCKET_COMPRESSION: 'true' };
const offer = [['Sec-WebSocket-Extensions', 'permessage-deflate']] as const;
const subscribe = clientFrame(opcodes.text, '{"action":"subscribe","data":{"channel":"c"}}');
const content = 'a text that repeats itself, '.repeat(40);
/** The first reserved bit says that a message is compressed. */
const compressed = 0x40;

async function subscriber(fw: WatchedServer, headers: readonly (readonly [string, string])[]) {
  const raw = await RawSocket.webSocket(fw.url, '/ws/connect', headers);
  raw.write(subscribe);
  await raw.frames.next(({ payload }) => payload.includes('"subscribed"'));
  return raw;
}

/** The next message that is not an answer. */
function nextMessage(raw: RawSocket): Promise<ServerFrame> {
  return raw.frames.next(
    ({ payload, reserved }) => reserved === compressed || payload.includes('"offset":1'),
  );
}

function inflated(payload: Buffer): string {
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
  return inflateRawSync(whole, { finishFlush: zlib.Z_SYNC_FLUSH }).toString();
}

function deflated(text: string | Buffer): Buffer {
  return deflateRawSync(text, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
}

function publish(fw: WatchedServer, text: string) {
  return fw.call('POST', '/api/publish', { channel: 'c', data: text });
}

describe('compression', () => {
  it('is not offered unless the settings say so', async () => {
    await using fw = await watchedServer();
    const raw = new RawSocket(fw.url);
    raw.write(requestText('GET /ws/connect HTTP/1.1', [...handshakeHeaders, ...offer]));
    assert.doesNotMatch(await raw.head(), /Sec-WebSocket-Extensions/i);
    raw.close();
  });

  it('is agreed upon without context takeover in either direction', async () => {
    await using fw = await watchedServer(env);
    const raw = new RawSocket(fw.url);
    raw.write(requestText('GET /ws/connect HTTP/1.1', [...handshakeHeaders, ...offer]));
    const head = await raw.head();
    assert.match(
      head,
      /^Sec-WebSocket-Extensions: permessage-deflate(?=.*; server_no_context_takeover)(?=.*; client_no_context_takeover)/m,
    );
    raw.close();
  });

  it('makes the same bytes for all who took it, and changes nothing for the others', async () => {
    await using fw = await watchedServer(env);
    const [one, other, plain] = [
      await subscriber(fw, offer),
      await subscriber(fw, offer),
      await subscriber(fw, []),
    ];
    await publish(fw, content);
    const [first, second, third] = await Promise.all([one, other, plain].map(nextMessage));
    assert.ok(first && second && third);
    assert.deepEqual([first.reserved, second.reserved, third.reserved], [compressed, compressed, 0]);
    assert.ok(first.payload.equals(second.payload));
    assert.ok(first.payload.length < third.payload.length / 3);
    assert.equal(inflated(first.payload), third.payload.toString());
    for (const raw of [one, other, plain]) raw.close();
    await fw.unharmed();
  });

  it('leaves short messages as they are, and very long ones', async () => {
    await using fw = await watchedServer(env);
    const raw = await subscriber(fw, offer);
    for (const text of ['short', 'x'.repeat(300_000)]) {
      await publish(fw, text);
      const { reserved, payload } = await raw.frames.next(({ payload }) => payload.includes(text));
      assert.equal(reserved, 0);
      assert.equal(JSON.parse(payload.toString()).content, text);
    }
    raw.close();
  });

  it('sends everything as it is to who asks for a smaller window', async () => {
    await using fw = await watchedServer(env);
    const smaller = [['Sec-WebSocket-Extensions', 'permessage-deflate; server_max_window_bits=9']] as const;
    const raw = await subscriber(fw, smaller);
    await publish(fw, content);
    assert.equal((await nextMessage(raw)).reserved, 0);
    raw.close();
  });

  it('reads what clients compress, each message by itself', async () => {
    await using fw = await watchedServer(env);
    const client = new WebSocket(`${fw.url.replace('http', 'ws')}/ws/connect`, {
      perMessageDeflate: { threshold: 0 },
    });
    await once(client, 'open');
    assert.equal(client.extensions, 'permessage-deflate');
    const seen: { type: string; content: unknown; offset?: number }[] = [];
    const done = new Promise<void>((resolve) => {
      client.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'text' && seen.push(frame) === 20) resolve();
      });
    });
    client.send('{"action":"subscribe","data":{"channel":"c"}}');
    for (let n = 1; n <= 20; n++) {
      client.send(
        JSON.stringify({ action: 'send_to_channel', data: { channel: 'c', content: `${n} ${content}` } }),
      );
    }
    await done;
    assert.deepEqual(
      seen.map((frame) => [frame.offset, frame.content]),
      Array.from({ length: 20 }, (_, n) => [n + 1, `${n + 1} ${content}`]),
    );
    client.close();
    await fw.unharmed();
  });

  it('does not inflate a bomb: it is closed with 1009', async () => {
    await using fw = await watchedServer(env);
    const bomb = deflated(Buffer.alloc(100 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 5; n++) {
      const raw = await RawSocket.webSocket(fw.url, '/ws/connect', offer);
      raw.write(clientFrame(opcodes.text, bomb.subarray(0, 60_000), { reserved: compressed }));
      assert.equal(await raw.closeCode(), 1009);
    }
    const growth = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(growth < 60, `grew by ${growth} MiB`);
    await fw.unharmed();
  });

  it('of what cannot be inflated closes with 1007, and harms nobody', async () => {
    await using fw = await watchedServer(env);
    const raw = await RawSocket.webSocket(fw.url, '/ws/connect', offer);
    raw.write(clientFrame(opcodes.text, Buffer.from('not compressed at all'), { reserved: compressed }));
    assert.equal(await raw.closeCode(), 1007);
    await fw.unharmed();
  });

  /** What is answered to an offer; null when it is declined. */
  async function answerTo(fw: WatchedServer, ...offers: readonly string[]): Promise<string | null> {
    const raw = new RawSocket(fw.url);
    const headers = offers.map((one) => ['Sec-WebSocket-Extensions', one] as const);
    raw.write(requestText('GET /ws/connect HTTP/1.1', [...handshakeHeaders, ...headers]));
    const head = await raw.head();
    assert.match(head, /^HTTP\/1\.1 101 /);
    raw.close();
    return /^Sec-WebSocket-Extensions: (.*)$/im.exec(head)?.[1]?.trim() ?? null;
  }

  for (const extension of [
    'constructor',
    '__proto__',
    'x-webkit-deflate-frame',
    'permessage-deflate; server_max_window_bits=0',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=9; server_max_window_bits=9',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=08',
    'permessage-deflate; server_max_window_bits=999',
    'permessage-deflate; toString',
    'permessage-deflate;',
    '; = , "',
    `permessage-deflate${'; a'.repeat(2_000)}`,
  ]) {
    it(`declines the offer ${extension.slice(0, 60)}, and lets the client in`, async () => {
      await using fw = await watchedServer(env);
      assert.equal(await answerTo(fw, extension), null);
      await fw.unharmed();
    });
  }

  it('takes the first offer that it can, whatever stands before it', async () => {
    await using fw = await watchedServer(env);
    const bad = 'permessage-deflate; server_max_window_bits=7';
    const answer = await answerTo(fw, `${bad}, other, permessage-deflate; client_max_window_bits`);
    assert.match(answer ?? '', /^permessage-deflate; server_no_context_takeover/);
    assert.doesNotMatch(answer ?? '', /server_max_window_bits/);
    assert.match(
      (await answerTo(fw, bad, 'permessage-deflate; server_max_window_bits="10"')) ?? '',
      /_bits=10/,
    );
  });
});
