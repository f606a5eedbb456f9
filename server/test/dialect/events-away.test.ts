import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventSource } from 'eventsource';
import { RawSocket, requestText } from '../support/raw-socket.ts';
import { refused } from '../support/refusals.ts';
import { type TestServer, testOrigin, testServer } from '../support/server.ts';

const accept = { accept: 'text/event-stream' };

async function fullServer(): Promise<TestServer> {
  const fw = await testServer({ env: { SSE_MAX_CONNECTIONS: '1' } });
  await fw.stream('/sse/connect');
  return fw;
}

/** The time to wait in milliseconds, and the event's data. The answer is whole: nothing follows. */
function invitation(text: string): { retry: number; error: unknown } {
  const [, retry, data = ''] = /^retry: (\d+)\nevent: error\ndata: (.*)\n\n$/.exec(text) ?? [];
  return { retry: Number(retry), error: JSON.parse(data) };
}

describe('a server that is full', () => {
  it('tells whoever accepts an event stream when to come back, not all at once', async () => {
    await using fw = await fullServer();
    const waits: number[] = [];
    for (let n = 0; n < 20; n++) {
      const response = await fetch(`${fw.url}/sse/connect?channels=a`, { headers: accept });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'text/event-stream');
      assert.equal(response.headers.get('cache-control'), 'no-store, no-transform');
      const { retry, error } = invitation(await response.text());
      assert.deepEqual(error, {
        type: 'server_full',
        error: 'the server has its maximum of connections; try again later',
        retryable: true,
      });
      waits.push(retry);
    }
    for (const wait of waits) assert.ok(wait >= 5_000 && wait <= 10_000, `${wait}`);
    assert.ok(new Set(waits).size > 5, 'by chance');
  });

  it('lets a page of another origin read that', async () => {
    await using fw = await fullServer();
    const response = await fetch(`${fw.url}/sse/connect`, { headers: { ...accept, origin: testOrigin } });
    assert.equal(response.headers.get('access-control-allow-origin'), testOrigin);
    await response.text();
  });

  it('tells others with 503 and Retry-After', async () => {
    await using fw = await fullServer();
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
      const { headers: answered } = await refused(fw.stream('/sse/connect', headers), 503, 'server_full');
      assert.equal(answered['retry-after'], '5');
    }
    const { status } = await fw.call('GET', '/ws/stats', undefined, accept);
    assert.equal(status, 200, 'on this address only');
  });

  it('does not end an EventSource', async () => {
    await using fw = await fullServer();
    const source = new EventSource(`${fw.url}/sse/connect`);
    const told = Promise.withResolvers<string>();
    source.addEventListener('error', (event) => {
      if ('data' in event) told.resolve(String(event.data));
    });
    assert.equal(JSON.parse(await told.promise).type, 'server_full');
    // The stream's end follows the event.
    await new Promise((resolve) => source.addEventListener('error', resolve, { once: true }));
    assert.equal(source.readyState, EventSource.CONNECTING);
    source.close();
  });

  it('says for good what is for good', async () => {
    await using fw = await testServer({ env: { SSE_AUTH_REQUIRED: 'true' } });
    await refused(fw.stream('/sse/connect', accept), 401, 'unauthorized');
    await refused(fw.stream('/sse/connect?channels=%24all', accept), 403, 'forbidden');
    await refused(fw.stream('/sse/connect?Token=x', accept), 400, 'bad_request');
  });
});

describe('a server that closes', () => {
  it('tells an EventSource that comes meanwhile to come back', async () => {
    const fw = await testServer();
    const raw = new RawSocket(fw.url);
    // A request under way is waited for, and behind it comes another.
    const body = '{"channel":"a","data":1}';
    const typed = ['Content-Type', 'application/json'] as const;
    raw.write(requestText('GET /health HTTP/1.1', [['Host', 'localhost']]));
    raw.write(
      requestText('POST /api/publish HTTP/1.1', [
        ['Host', 'localhost'],
        typed,
        ['Content-Length', `${body.length}`],
      ]),
    );
    await raw.until((text) => text.includes('"ok"'));
    const closed = fw[Symbol.asyncDispose]();
    const coming = requestText('GET /sse/connect HTTP/1.1', [
      ['Host', 'localhost'],
      ['Accept', 'text/event-stream'],
    ]);
    raw.write(`${body}${coming}`);
    await closed;
    await raw.ended();
    const answer = raw.text.slice(raw.text.lastIndexOf('HTTP/1.1 200'));
    const { retry, error } = invitation(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    assert.ok(retry >= 5_000 && retry <= 10_000);
    assert.deepEqual(error, {
      type: 'server_full',
      error: 'the server is closing; try again in a moment',
      retryable: true,
    });
  });
});
