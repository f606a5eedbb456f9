import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { createLog } from '../../src/ops/log.ts';
import { type Server, startServer } from '../../src/server.ts';
import { clientFrame, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { testSecret } from '../support/server.ts';

function start(timeout: number): Promise<Server> {
  const settings = loadSettings({
    PORT: '0',
    ENGINE: 'memory',
    JWT_SECRET: testSecret,
    SHUTDOWN_TIMEOUT: `${timeout}`,
  });
  return startServer(settings, createLog('silent'));
}

const body = '{"channel":"news","data":"hello"}';
const publish = requestText('POST /api/publish HTTP/1.1', [
  ['Host', 'localhost'],
  ['Content-Type', 'application/json'],
  ['Content-Length', `${body.length}`],
]);

/** A publish of which the last byte is missing. */
async function unfinished(url: string): Promise<RawSocket> {
  const raw = new RawSocket(url);
  await raw.connected();
  // An answer to a request before it says that the server has read so far.
  raw.write(requestText('GET /health HTTP/1.1', [['Host', 'localhost']]) + publish + body.slice(0, -1));
  await raw.until((text) => text.includes('"ok"'));
  return raw;
}

/** Seconds that the end takes. */
async function secondsOf(closing: Promise<void>): Promise<number> {
  const began = performance.now();
  await closing;
  return (performance.now() - began) / 1000;
}

describe('the end of a server', () => {
  it('waits for a request that is still arriving, and answers it', async () => {
    const server = await start(30);
    const raw = await unfinished(server.url);
    const closing = server.close();
    raw.write(body.slice(-1));
    await raw.until((text) => text.includes('"offset":1'));
    await closing;
    await raw.ended();
  });

  it('waits for it no longer than SHUTDOWN_TIMEOUT', async () => {
    const server = await start(0.5);
    const raw = await unfinished(server.url);
    const seconds = await secondsOf(server.close());
    assert.ok(seconds >= 0.4 && seconds < 3, `${seconds} s`);
    await raw.ended();
  });

  it('with SHUTDOWN_TIMEOUT=0 does not wait for a WebSocket that does not answer the close', async () => {
    const server = await start(0);
    const raw = await RawSocket.webSocket(server.url, '/ws/connect');
    raw.write(clientFrame(opcodes.text, '{"action":"ping"}'));
    await raw.frames.next(({ payload }) => payload.includes('pong'));
    assert.ok((await secondsOf(server.close())) < 1.5);
    await raw.ended();
  });

  it('does not wait for connections that never asked for anything', async () => {
    const server = await start(30);
    const raw = new RawSocket(server.url);
    await raw.connected();
    // The server has it for certain once it has answered somebody who came later.
    const later = await RawSocket.webSocket(server.url, '/ws/connect');
    later.close();
    assert.ok((await secondsOf(server.close())) < 2.5);
    await raw.ended();
  });
});
