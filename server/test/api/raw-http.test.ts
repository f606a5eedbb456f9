import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertShape, TestServer } from './kit.ts';
import { exchange, readAnswer } from './raw.ts';

describe('what is no HTTP', () => {
  const requests: readonly (readonly [string, string, number, string])[] = [
    ['a line of anything', 'hello\r\n\r\n', 400, 'bad_request'],
    ['an unknown method', 'NOPE / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'bad_request'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'bad_request',
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'bad_request',
    ],
    [
      'too many headers',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
      431,
      'too_large',
    ],
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    [
      'an unknown expectation',
      'GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n',
      417,
      'bad_request',
    ],
    [
      'broken chunks',
      'POST /ws/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
      'bad_request',
    ],
  ];
  for (const [name, text, status, code] of requests) {
    it(`${name} is ${status}, in the shape of every error`, async () => {
      await using server = await TestServer.start();
      const answer = readAnswer(await exchange(server.port, text));
      assert.equal(answer.status, status);
      assertShape(answer.body, code);
      assert.match(answer.head, /content-type: application\/json; charset=utf-8/);
      assert.match(answer.head, /connection: close/);
      assert.deepEqual(server.reported, []);
    });
  }

  it('behind a good request does not disturb its answer', async () => {
    await using server = await TestServer.start();
    const text = await exchange(
      server.port,
      'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\ngarbage\r\n\r\n',
    );
    assert.ok(text.split('{"status":"ok"}').length <= 2);
    assert.equal((await server.get('/health')).status, 200);
  });

  it('is bounded in time', async () => {
    await using server = await TestServer.start();
    const http = server.app.server;
    assert.equal(http.headersTimeout, 5_000);
    assert.equal(http.requestTimeout, 10_000);
    assert.equal(http.keepAliveTimeout, 76_000);
    assert.equal(http.maxRequestsPerSocket, 0);
    assert.equal(http.timeout, 0);
  });

  it('a request that does not end is 408', { timeout: 20_000 }, async () => {
    await using server = await TestServer.start();
    server.app.server.headersTimeout = 1;
    const answer = readAnswer(await exchange(server.port, 'GET /health HTTP/1.1\r\nHost: localhost\r\n'));
    assert.equal(answer.status, 408);
    assertShape(answer.body, 'bad_request');
  });
});

describe('a body that is too large', () => {
  it('is answered even to a client that sends all of it first', async () => {
    await using server = await TestServer.start();
    const body = Buffer.alloc(8_000_000, 0x20);
    const head = `POST /ws/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const end = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const text = await exchange(server.port, Buffer.concat([Buffer.from(head), body, Buffer.from(end)]));
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.match(text, /\{"status":"ok"\}$/);
  });

  it('ends the connection when it would be huge', async () => {
    await using server = await TestServer.start();
    const head = 'POST /ws/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const answer = readAnswer(await exchange(server.port, `${head}Content-Length: 9999999999\r\n\r\nx`));
    assert.equal(answer.status, 413);
    assert.match(answer.head, /connection: close/);
  });
});

describe('closing', () => {
  it('ends connections that are open', async () => {
    const server = await TestServer.start();
    const waiting = exchange(server.port, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal((await server.get('/health')).status, 200);
    await server[Symbol.asyncDispose]();
    await waiting;
    await assert.rejects(server.get('/health'));
  });
});
