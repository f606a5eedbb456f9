import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { echoServer } from '../support/echo-server.ts';

const env = { PORT: '0', LOG_LEVEL: 'silent', JWT_SECRET: 'a-secret-of-the-tests-32-bytes-long' };

/** Sends a message in frames of this many bytes. */
function sendInFrames(client: WebSocket, message: Buffer, size: number, binary: boolean): void {
  for (let at = 0; at < message.length; at += size) {
    const fin = at + size >= message.length;
    client.send(message.subarray(at, at + size), { binary, fin });
  }
}

describe('a message in many frames', () => {
  const message = Buffer.from('*'.repeat(128_000));

  it('is one message up to the limit of the setting', async () => {
    await using echo = await echoServer({
      ...env,
      WEBSOCKET_MAX_MESSAGE_SIZE: '1000000',
      WEBSOCKET_MAX_FRAGMENTS: '2000',
    });
    const client = new WebSocket(echo.url);
    await once(client, 'open');
    for (const binary of [false, true]) {
      sendInFrames(client, message, 64, binary);
      const [back, wasBinary] = await once(client, 'message');
      assert.ok(message.equals(back as Buffer));
      assert.equal(wasBinary, binary);
    }
  });

  it('is 1008 beyond it: of 1,024 frames by default', async () => {
    await using echo = await echoServer({ ...env, WEBSOCKET_MAX_MESSAGE_SIZE: '1000000' });
    const client = new WebSocket(echo.url);
    await once(client, 'open');
    sendInFrames(client, message.subarray(0, 1_024 * 64), 64, false);
    await once(client, 'message');
    sendInFrames(client, message.subarray(0, 1_024 * 64 + 1), 64, false);
    const [code] = await once(client, 'close');
    assert.equal(code, 1008);
  });
});

it('what is compressed by the client comes back compressed by the transport, and the same', async () => {
  await using echo = await echoServer({ ...env, WEBSOCKET_COMPRESSION: 'true' });
  const client = new WebSocket(echo.url, { perMessageDeflate: { threshold: 0 } });
  await once(client, 'open');
  assert.equal(client.extensions, 'permessage-deflate');
  for (const text of ['', 'short', 'again and again, '.repeat(1_000), randomBytes(20_000).toString('hex')]) {
    client.send(text);
    const [back] = await once(client, 'message');
    assert.equal(String(back), text);
  }
});
