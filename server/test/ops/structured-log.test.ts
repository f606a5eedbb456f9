import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { Runner } from '../../src/dialect/runner.ts';
import { FanwireError } from '../../src/errors.ts';
import { type Server, startServer } from '../../src/server.ts';
import type { Log } from '../../src/transport/node.ts';
import { TestServer as ApiServer } from '../api/kit.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { clientFrame, closePayload, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { refused } from '../support/refusals.ts';
import { TestServer, testSecret } from '../support/server.ts';

interface Line {
  readonly level: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

/** A server that keeps its log. */
async function logging(env: Readonly<Record<string, string>> = {}) {
  const lines: Line[] = [];
  const write =
    (level: string) =>
    (fields: object, text: string): void =>
      void lines.push({ ...fields, level, text });
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const clock = new FakeClock();
  const settings = loadSettings({ PORT: '0', ENGINE: 'memory', JWT_SECRET: testSecret, ...env });
  const server: Server = await startServer(settings, log, clock);
  const fw = new TestServer(server.url, clock, () => server.close());
  const find = (text: string): Line[] => lines.filter((line) => line.text === text);
  const logged = async (text: string, count = 1): Promise<Line> => {
    await eventually(async () => find(text).length >= count, `${count} × "${text}"`);
    return find(text)[count - 1] as Line;
  };
  return { fw, clock, lines, find, logged };
}

const developmentDoors = {
  relay: 'guests: all',
  room: 'credentials',
  channel: 'guests: all',
  chat: 'guests: all',
  events: 'guests: all',
};

describe('the life of a server', () => {
  it('is engine open, listening, draining: at the level info', async () => {
    const { fw, lines } = await logging();
    await fw.socket('/ws/connect');
    await fw[Symbol.asyncDispose]();
    assert.deepEqual(
      lines.filter(({ level }) => level !== 'debug'),
      [
        { level: 'info', text: 'who is let in', doors: developmentDoors },
        { level: 'info', text: 'engine open', version: '0.1.0', engine: 'memory' },
        { level: 'info', text: 'listening', url: fw.url, managementOpen: true },
        { level: 'info', text: 'draining', connections: 1 },
      ],
    );
  });
});

describe('the life of a connection', () => {
  it('is told at the level info, with id and address, where the settings ask for it, by either transport', async () => {
    const { fw, logged } = await logging({ LOG_CONNECTIONS: 'true' });
    await using _ = fw;
    const client = await fw.socket(`/ws/connect?token=${await fw.token('ann')}`);
    const { content } = await client.next({ type: 'connected' });
    const opened = await logged('connection opened');
    assert.equal(opened.level, 'info');
    assert.deepEqual(
      [opened.connection, opened.dialect, opened.user, opened.address],
      [content.connection_id, 'channel', 'ann', '127.0.0.1'],
    );
    client.close();
    const closed = await logged('connection closed');
    assert.deepEqual([closed.level, closed.connection], ['info', content.connection_id]);
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const second = await logged('connection opened', 2);
    assert.deepEqual([second.level, second.transport, second.address], ['info', 'sse', '127.0.0.1']);
    stream.close();
    assert.equal((await logged('connection closed', 2)).level, 'info');
  });

  it('is opened and closed: who, by which dialect, how long, and why', async () => {
    const { fw, clock, logged } = await logging();
    await using _ = fw;
    const client = await ChannelClient.open(fw, {
      user: 'ann',
      headers: { 'x-request-id': 'from-the-proxy' },
    });
    const who = { connection: client.id, dialect: 'channel', transport: 'websocket', user: 'ann' };
    assert.deepEqual(await logged('connection opened'), {
      level: 'debug',
      text: 'connection opened',
      ...who,
      address: '127.0.0.1',
      request: 'from-the-proxy',
    });
    clock.advance(1234);
    await fw.call('DELETE', `/ws/connections/${client.id}`);
    assert.deepEqual(await logged('connection closed'), {
      level: 'debug',
      text: 'connection closed',
      ...who,
      code: 4410,
      by: 'server',
      reason: 'closed by an administrator',
      ms: 1234,
    });
  });

  it('what a client gives as its reason is not written down', async () => {
    const { fw, lines, logged } = await logging();
    await using _ = fw;
    const raw = await RawSocket.webSocket(fw.url, '/ws/connect');
    raw.write(clientFrame(opcodes.close, closePayload(4000, 'my token is hush')));
    const { code, by, reason } = await logged('connection closed');
    assert.deepEqual([code, by, reason], [4000, 'client', undefined]);
    assert.ok(!JSON.stringify(lines).includes('hush'));
    raw.close();
  });

  it('of a stream likewise', async () => {
    const { fw, logged } = await logging();
    await using _ = fw;
    const stream = await fw.stream('/sse/connect');
    const { data } = await stream.next('connected');
    stream.close();
    const { connection, dialect, transport, user, code, by } = await logged('connection closed');
    assert.deepEqual(
      { connection, dialect, transport, user, code, by },
      {
        connection: data.content.connection_id,
        dialect: 'events',
        transport: 'sse',
        user: null,
        code: 1005,
        by: 'client',
      },
    );
  });

  it('a refused upgrade is one line, with its id and without its credentials', async () => {
    const { fw, lines, logged } = await logging();
    await using _ = fw;
    const { headers } = await refused(
      fw.socket('/ws/connect?token=hush&x=1', { headers: { 'x-request-id': 'mine' } }),
      401,
      'unauthorized',
    );
    assert.equal(headers['x-request-id'], 'mine');
    assert.deepEqual(await logged('refused'), {
      level: 'debug',
      text: 'refused',
      request: 'mine',
      address: '127.0.0.1',
      transport: 'websocket',
      path: '/ws/connect?token=[redacted]&x=1',
      code: 'unauthorized',
      status: 401,
    });
    assert.ok(!JSON.stringify(lines).includes('hush'));
  });

  it('many refusals are one warning', async () => {
    const { fw, clock, lines } = await logging();
    await using _ = fw;
    for (let i = 0; i < 30; i++) await refused(fw.socket('/ws/connect?token=x'), 401, 'unauthorized');
    clock.advance(10_000);
    assert.deepEqual(
      lines.filter(({ level }) => level === 'warn'),
      [
        {
          level: 'warn',
          text: 'clients are being refused',
          refused: { unauthorized: 30 },
          total: 30,
          seconds: 10,
        },
      ],
    );
  });
});

describe('X-Request-Id', () => {
  it('of the request is taken over when it is sane, and is in the log line', async () => {
    const { fw, find } = await logging();
    await using _ = fw;
    for (const id of ['a', 'A-z_0.9', 'x'.repeat(64)]) {
      const { headers } = await fw.call('GET', '/health', undefined, { 'x-request-id': id });
      assert.equal(headers.get('x-request-id'), id);
      await eventually(async () => find('answered').some(({ request }) => request === id), id);
    }
  });

  it('is made when there is none, or one that could do harm', async () => {
    const { fw, find } = await logging();
    await using _ = fw;
    const seen = new Set<string>();
    for (const id of [undefined, '', 'x'.repeat(65), 'a b', 'a"b', '{"a":1}', 'ä', 'a,b', '<script>']) {
      const { headers } = await fw.call(
        'GET',
        '/health',
        undefined,
        id === undefined ? {} : { 'x-request-id': id },
      );
      const made = headers.get('x-request-id') ?? '';
      assert.match(made, /^[A-Za-z0-9._-]{1,64}$/);
      assert.notEqual(made, id);
      seen.add(made);
      await eventually(async () => find('answered').some(({ request }) => request === made), made);
    }
    assert.equal(seen.size, 9);
  });

  it('is on every answer', async () => {
    const { fw } = await logging();
    await using _ = fw;
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    const requests: [string, number][] = [
      ['GET /health HTTP/1.1\r\nHost: localhost', 200],
      ['GET /metrics HTTP/1.1\r\nHost: localhost', 200],
      ['GET /nowhere HTTP/1.1\r\nHost: localhost', 404],
      ['DELETE /health HTTP/1.1\r\nHost: localhost', 405],
      ['OPTIONS /health HTTP/1.1\r\nHost: localhost', 204],
      ['GET /%zz HTTP/1.1\r\nHost: localhost', 400],
      ['GET /health HTTP/1.1', 400],
      ['GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: cake', 417],
      ['GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example', 200],
      ['GET /ws/stats HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example', 403],
      [`GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}`, 431],
      ['nonsense', 400],
      [`GET /ws/connect HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n${key}`, 101],
      [`GET /ws/connect HTTP/1.1\r\nHost: localhost\r\n${upgrade}`, 400],
      [`GET /ws/connect?token=x HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n${key}`, 401],
      [`GET /nowhere HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n${key}`, 404],
      ['GET /sse/connect HTTP/1.1\r\nHost: localhost', 200],
      ['GET /sse/connect?token=x HTTP/1.1\r\nHost: localhost', 401],
    ];
    for (const [text, status] of requests) {
      const raw = new RawSocket(fw.url);
      raw.write(requestText(text, []));
      const head = await raw.head();
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), text);
      assert.match(head, /^x-request-id: [A-Za-z0-9._-]{1,64}\r?$/im, text);
      raw.close();
    }
  });
});

describe('an internal fault', () => {
  it('of a request carries its id', async () => {
    const origins: unknown[] = [];
    const fault = new Error('broken');
    await using server = await ApiServer.start({
      parts: {
        report: (thrown, origin) => void origins.push([thrown, origin]),
        openStream: () => Promise.reject(fault),
      },
    });
    const { status } = await server.get('/sse/connect', { 'x-request-id': 'mine' });
    assert.equal(status, 500);
    assert.deepEqual(origins, [[fault, { request: 'mine' }]]);
  });

  it('of a frame carries its connection’s', () => {
    const origins: unknown[] = [];
    const failed: string[] = [];
    const link = {
      id: 'c1',
      pendingPublishes: 0,
      pendingSize: 0,
      crowded: false,
      relief: () => null,
      close: () => {},
      failed: (code: string) => failed.push(code),
    };
    const fault = new Error('broken');
    const session = {
      open: () => new Promise<void>(() => {}),
      command: () => {
        throw fault;
      },
      fail: () => {},
    };
    const runner = new Runner(
      link as unknown as ConstructorParameters<typeof Runner>[0],
      session as unknown as ConstructorParameters<typeof Runner>[1],
      { pause: () => {}, resume: () => {} },
      (thrown, origin) => origins.push([thrown, origin]),
    );
    runner.receive('{}');
    assert.deepEqual(origins, [[fault, { connection: 'c1' }]]);
    assert.deepEqual(failed, ['internal']);
    assert.ok(!(fault instanceof FanwireError));
  });
});
