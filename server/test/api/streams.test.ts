import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { StreamChange } from '../../src/api/directory.ts';
import { FanwireError } from '../../src/errors.ts';
import { TestServer } from './kit.ts';

describe('GET /sse/connect', () => {
  it('is taken over as it came', async () => {
    await using server = await TestServer.start({
      parts: {
        openStream: async (request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(`data: ${request.url}\n\n`);
          response.end();
        },
      },
    });
    const response = await fetch(`${server.origin}/sse/connect?channels=a&channels=b`);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'data: /sse/connect?channels=a&channels=b\n\n');
    assert.deepEqual(server.reported, []);
  });

  it('has its socket to itself: bad HTTP from the client ends it without a word', async () => {
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    await using server = await TestServer.start({
      parts: {
        openStream: async ({ socket }) => {
          socket.write('HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n');
          resolve();
        },
      },
    });
    const socket = connect({ host: '127.0.0.1', port: server.port });
    const received = text(socket);
    socket.write('GET /sse/connect HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await opened;
    socket.write('garbage\r\n\r\n');
    assert.equal(await received, 'HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n');
  });

  it('may stay open for as long as it likes', async () => {
    const { promise: opened, resolve } = Promise.withResolvers<() => void>();
    await using server = await TestServer.start({
      parts: {
        openStream: async (_request, response) => {
          response.writeHead(200);
          response.flushHeaders();
          resolve(() => response.end('late'));
        },
      },
    });
    const response = await fetch(`${server.origin}/sse/connect`);
    (await opened)();
    assert.equal(await response.text(), 'late');
  });

  it('refuses as every route does', async () => {
    const refusals = [
      [new FanwireError('server_full', 'full'), 503],
      [new FanwireError('room_full', 'full'), 503],
      [new FanwireError('unauthorized', 'who?'), 401],
      [new FanwireError('bad_request', 'channels: empty', { status: 400 }), 400],
    ] as const;
    for (const [error, status] of refusals) {
      await using server = await TestServer.start({ parts: { openStream: () => Promise.reject(error) } });
      const answer = await server.get('/sse/connect', { origin: server.origin });
      assert.equal(answer.status, status);
      assert.deepEqual(answer.body, { error: { code: error.code, message: error.message } });
      assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal(answer.headers.get('retry-after'), status === 503 ? '5' : null);
      assert.equal(answer.headers.get('access-control-allow-origin'), server.origin);
      assert.equal(server.logged.at(-1)?.level, 'debug');
    }
  });

  it('invites an EventSource to come back when the refusal is for a time', async () => {
    for (const code of ['server_full', 'unavailable', 'rate_limited'] as const) {
      const error = new FanwireError(code, 'not now\u2028data: forged');
      await using server = await TestServer.start({ parts: { openStream: () => Promise.reject(error) } });
      const response = await fetch(`${server.origin}/sse/connect`, {
        headers: { accept: 'text/html, text/event-stream;q=0.9' },
      });
      assert.equal(response.status, 200);
      const body = await response.text();
      assert.match(body, /^retry: \d{4,5}\nevent: error\ndata: .*\n\n$/);
      assert.deepEqual(JSON.parse(body.split('\ndata: ')[1] ?? ''), {
        type: code,
        error: 'not now\u2028data: forged',
        retryable: true,
      });
    }
  });

  it('that fails is reported, and cut off when it had begun', async () => {
    const fault = new Error('broken');
    await using early = await TestServer.start({ parts: { openStream: () => Promise.reject(fault) } });
    assert.equal((await early.get('/sse/connect')).status, 500);
    assert.deepEqual(early.reported, [fault]);
    await using late = await TestServer.start({
      parts: {
        openStream: async (_request, response) => {
          response.writeHead(200);
          response.write('x');
          throw fault;
        },
      },
    });
    await assert.rejects(late.get('/sse/connect'));
    assert.deepEqual(late.reported, [fault]);
  });
});

describe('POST /sse/connections/{id}/channels', () => {
  const recording = async (options = {}) => {
    const calls: { id: string; user: string | null; change: StreamChange }[] = [];
    const server = await TestServer.start({
      ...options,
      changeStream: async (id, { user }, change) => {
        calls.push({ id, user, change });
        return { channels: ['a', '__proto__'] };
      },
    });
    return { server, calls };
  };

  it('changes the stream in the caller’s name', async () => {
    const { server, calls } = await recording();
    await using _ = server;
    const change = { subscribe: ['a', '__proto__'], unsubscribe: ['b'] };
    const { status, body } = await server.post('/sse/connections/a%2Fb/channels', change, server.token('u1'));
    assert.equal(status, 200);
    assert.deepEqual(body, { channels: ['a', '__proto__'] });
    await server.post('/sse/connections/c/channels', {});
    await server.post('/sse/connections/c/channels', { subscribe: null, unsubscribe: null });
    const nothing = { subscribe: [], unsubscribe: [] };
    assert.deepEqual(calls, [
      { id: 'a/b', user: 'u1', change },
      { id: 'c', user: null, change: nothing },
      { id: 'c', user: null, change: nothing },
    ]);
  });

  it('needs credentials where streams do', async () => {
    const { server, calls } = await recording({ sseAuth: true });
    await using _ = server;
    assert.equal((await server.post('/sse/connections/c/channels', {})).status, 401);
    assert.equal((await server.post('/sse/connections/c/channels', {}, server.token('u1'))).status, 200);
    assert.equal(calls.length, 1);
  });

  it('is refused as the stream says', async () => {
    const error = new FanwireError('not_found', 'no stream has this id');
    await using server = await TestServer.start({ changeStream: () => Promise.reject(error) });
    const { status, body } = await server.post('/sse/connections/c/channels', {});
    assert.equal(status, 404);
    assert.deepEqual(body, { error: { code: 'not_found', message: 'no stream has this id' } });
  });
});
