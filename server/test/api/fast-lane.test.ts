import assert from 'node:assert/strict';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { after, describe, it, type Mock, mock } from 'node:test';
import { FastLane } from '../../src/api/fast-lane.ts';
import { assertShape, type HeaderFields, TestServer } from './kit.ts';

const take: Mock<FastLane['take']> = mock.method(FastLane.prototype, 'take');
after(() => take.mock.restore());

/** How many requests the lane has taken so far. */
function taken(): number {
  return take.mock.calls.filter(({ result }) => result === true).length;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** One connection, on which everything is sent after the other. */
class Connection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor({ port }: TestServer) {
    this.#port = port;
  }

  async post(path: string, body: string | Buffer, headers: HeaderFields): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const length = String(Buffer.byteLength(body));
    const http = request({
      ...{ agent: this.#agent, port: this.#port, method: 'POST', path },
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    });
    http.on('error', reject);
    http.on('response', async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) });
    });
    http.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** What has to be the same whichever way was taken. */
function comparable({ status, headers, body }: Answer): unknown {
  // That the connection goes on is what HTTP/1.1 takes for granted: some answers say it, and some do not.
  const { date, 'x-request-id': id, 'content-length': length, connection, ...more } = headers;
  const { 'keep-alive': _, ...rest } = more;
  assert.notEqual(connection, 'close');
  assert.ok(date !== undefined && id !== undefined && Number(length) > 0);
  const { id: _made, offset: _place, results, ...answer } = body;
  const kept = results?.map(({ id: _id, offset: _offset, ...one }: Answer['body']) => one);
  return { status, rest, answer, kept };
}

const long = 'x'.repeat(2_000);
const bodies: readonly (readonly [string, string, string | Buffer])[] = [
  ['a message', '/api/publish', '{"channel":"a","data":{"n":1.50}}'],
  ['a message to a user', '/api/publish', '{"user_id":"u1","data":null,"type":"note","persist":true}'],
  ['a message to several channels', '/api/publish', '{"channels":["a","b","$all"],"data":1}'],
  ['two targets', '/api/publish', '{"channel":"a","user_id":"b","data":1}'],
  ['no target', '/api/publish', '{"data":1}'],
  ['no data', '/api/publish', '{"channel":"a"}'],
  ['a wrong type', '/api/publish', '{"channel":7,"data":1}'],
  ['a reserved channel', '/api/publish', '{"channel":"$control","data":1}'],
  ['a list', '/api/publish', '[1]'],
  ['a name of Object', '/api/publish', '{"channel":"__proto__","data":{"__proto__":1}}'],
  ['broken JSON', '/api/publish', '{"channel":"a",'],
  ['bytes that are no UTF-8', '/api/publish', Buffer.from([0x7b, 0xff, 0x7d])],
  ['too much data', '/api/publish', `{"channel":"a","data":"${long}"}`],
  ['deep data', '/api/publish', `{"channel":"a","data":${'['.repeat(200)}${']'.repeat(200)}}`],
  ['a broadcast', '/ws/broadcast', '{"message":{"content":"hello"}}'],
  ['a message of the channel dialect', '/ws/send-to-channel', '{"channel":"a","message":{"content":[1]}}'],
  ['a direct message', '/ws/send-to-user', '{"user_id":"u1","message":{"content":1,"type":"x"}}'],
  ['an event', '/sse/send-to-channel', '{"channel":"a","event":"price","data":12.50}'],
  ['a notification', '/sse/notification', '{"title":"t","content":"c","channel":"a"}'],
  ['a notification of an unknown type', '/sse/notification', '{"title":"t","content":"c","type":"?"}'],
];

describe('a back end that publishes on a connection that is known', () => {
  for (const [name, path, body] of bodies) {
    it(`gets the same answer on the fast lane as from the route: ${name}`, async () => {
      await using server = await TestServer.start({ open: false });
      using connection = new Connection(server);
      const headers = server.key('publish');
      const before = taken();
      const byRoute = await connection.post(path, body, headers);
      assert.equal(taken(), before, 'nobody is known on a new connection');
      await connection.post('/ws/broadcast', '{"message":{"content":"known"}}', headers);
      const known = taken();
      const byLane = await connection.post(path, body, headers);
      assert.equal(taken(), known + 1, 'the lane took it');
      assert.deepEqual(comparable(byLane), comparable(byRoute));
      if (byLane.status !== 200) assertShape(byLane.body, byLane.body.error.code);
    });
  }

  it('has what it wrote delivered, and its id is a key', async () => {
    await using server = await TestServer.start({ open: false });
    using connection = new Connection(server);
    const recipient = await server.listen(['a']);
    const headers = server.key('publish');
    await connection.post('/api/publish', '{"channel":"b","data":0}', headers);
    const before = taken();
    const keyed = { ...headers, 'idempotency-key': 'order-42' };
    const first = await connection.post('/api/publish', '{"channel":"a","data":{"n":1.50}}', keyed);
    const again = await connection.post('/api/publish', '{"channel":"a","data":{"n":1.50}}', keyed);
    assert.equal(taken(), before + 2);
    assert.deepEqual([first.body.id, first.body.duplicate], ['order-42', false]);
    assert.deepEqual([again.body.offset, again.body.duplicate], [first.body.offset, true]);
    assert.equal(recipient.received.filter(({ data }) => data === '{"n":1.50}').length, 1);
  });

  const unusual: readonly (readonly [string, HeaderFields])[] = [
    ['another key', { 'x-api-key': 'wrong' }],
    ['a token besides', { authorization: 'Bearer x' }],
    ['a page’s origin', { origin: 'https://elsewhere.example' }],
    ['another type of content', { 'content-type': 'text/plain' }],
    ['chunks', { 'transfer-encoding': 'chunked', 'content-length': '' }],
  ];
  for (const [name, more] of unusual) {
    it(`goes by the route with ${name}`, async () => {
      await using server = await TestServer.start({ open: false });
      using connection = new Connection(server);
      const headers = server.key('publish');
      await connection.post('/api/publish', '{"channel":"a","data":1}', headers);
      const before = taken();
      const fields = Object.entries({ ...headers, ...more }).filter(([, value]) => value !== '');
      const { status } = await connection
        .post('/api/publish', '{"channel":"a","data":1}', Object.fromEntries(fields))
        .catch(() => ({ status: 'reset' }));
      assert.equal(taken(), before);
      assert.notEqual(status, undefined);
    });
  }

  it('is written down with its request id, and counted', async () => {
    const answered: unknown[] = [];
    const meter = {
      answered: (...given: unknown[]) => void answered.push(given.slice(0, 3)),
      failed: () => {},
    };
    await using server = await TestServer.start({ open: false, parts: { meter } });
    using connection = new Connection(server);
    const headers = { ...server.key('publish'), 'x-request-id': 'mine' };
    await connection.post('/api/publish', '{"channel":"a","data":1}', headers);
    const before = taken();
    const answer = await connection.post('/api/publish', '{"channel":"a","data":1}', headers);
    assert.equal(taken(), before + 1);
    assert.equal(answer.headers['x-request-id'], 'mine');
    assert.deepEqual(answered.at(-1), ['/api/publish', 'POST', 200]);
    const line = server.logged.at(-1);
    assert.deepEqual(
      [line?.request, line?.method, line?.path, line?.status],
      ['mine', 'POST', '/api/publish', 200],
    );
  });
});
