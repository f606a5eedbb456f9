import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shareDescriptors } from '../../src/ops/descriptors.ts';
import { scrape } from '../ops/figures.ts';
import { embedded } from '../support/embedded.ts';
import { eventually } from '../support/eventually.ts';
import { handshakeHeaders, RawSocket, requestText } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { watchedServer } from '../support/watched-server.ts';

type Headers = readonly (readonly [string, string])[];

const key = 'a-key-of-the-tests-that-is-long';
const limit = 20;
const env = { MAX_HTTP_CONNECTIONS: String(limit), WS_API_KEYS: `shop:manage:${key}` };
const signedIn: Headers = [['X-API-Key', key]];

const get = (path: string, headers: Headers = []): string =>
  requestText(`GET ${path} HTTP/1.1`, [['Host', 'localhost'], ...headers]);
const answers = ({ text }: RawSocket): number => text.match(/HTTP\/1\.1 200 /g)?.length ?? 0;

/** A connection that has asked once and is kept. */
async function kept(url: string, headers?: Headers, path = '/health'): Promise<RawSocket> {
  const raw = new RawSocket(url);
  raw.write(get(path, headers));
  await raw.until(() => answers(raw) === 1);
  return raw;
}

async function crowd(count: number, open: () => Promise<RawSocket>): Promise<AsyncDisposable & RawSocket[]> {
  const all: RawSocket[] = [];
  for (let n = 0; n < count; n++) all.push(await open());
  const close = async (): Promise<void> => {
    for (const raw of all) raw.close();
  };
  return Object.assign(all, { [Symbol.asyncDispose]: close });
}

async function silent(url: string): Promise<RawSocket> {
  const raw = new RawSocket(url);
  await raw.connected();
  return raw;
}

const isOpen = ({ socket }: RawSocket): boolean => !socket.destroyed && !socket.readableEnded;

/** Asks on a connection of its own, as somebody who has nothing to do with the others. */
async function served(fw: TestServer): Promise<void> {
  const began = performance.now();
  const raw = await kept(fw.url);
  raw.close();
  assert.ok(performance.now() - began < 1_000);
}

describe('connections that are kept open and ask for nothing', () => {
  for (const [title, open] of [
    ['after a request', (url: string) => kept(url)],
    ['without a word', silent],
  ] as const) {
    it(`${title}: the oldest gives way, and whoever comes is served`, async () => {
      await using fw = await watchedServer(env);
      await using all = await crowd(limit * 3, () => open(fw.url));
      await all[0]?.ended();
      await served(fw);
      const newest = all.at(-1);
      assert.ok(newest);
      newest.write(get('/health'));
      const before = answers(newest);
      await newest.until(() => answers(newest) === before + 1);
      await eventually(async () => all.filter(isOpen).length < limit, 'no more than the limit are left');
    });
  }

  it('are counted, and said in one line of the log', async () => {
    await using fw = await watchedServer(env);
    await using _all = await crowd(limit * 3, () => kept(fw.url));
    const figures = await scrape(fw, { 'x-api-key': key });
    assert.equal(figures.value('fanwire_http_cuts_total', { reason: 'idle' }), limit * 2 + 1);
    assert.equal(figures.value('fanwire_http_connections_limit'), limit);
    assert.equal(figures.value('fanwire_http_connections'), limit);
    const line = { reason: 'idle', setting: 'MAX_HTTP_CONNECTIONS', text: 'a limit cuts HTTP connections' };
    assert.deepEqual(fw.faults, [line]);
  });

  it('do not throw out who has shown a credential, nor keep anybody from signing in', async () => {
    await using fw = await watchedServer(env);
    const shop = await kept(fw.url, signedIn, '/ws/stats');
    await using _all = await crowd(limit * 3, () => kept(fw.url));
    shop.write(get('/ws/stats', signedIn));
    await shop.until(() => answers(shop) === 2);
    const late = await kept(fw.url, signedIn, '/ws/stats');
    await using _more = await crowd(limit * 2, () => kept(fw.url));
    for (const raw of [shop, late]) {
      const before = answers(raw);
      raw.write(get('/ws/stats', signedIn));
      await raw.until(() => answers(raw) === before + 1);
      raw.close();
    }
    const socket = await fw.socket(`/ws/connect?token=${await fw.token('ann')}`);
    await socket.next({ type: 'connected' });
  });

  it('of those who have shown one, the oldest gives way when nobody else is there', async () => {
    await using fw = await watchedServer(env);
    await using all = await crowd(limit, () => kept(fw.url, signedIn, '/ws/stats'));
    await served(fw);
    await all[0]?.ended();
    assert.ok(all.slice(1).every(isOpen));
  });
});

describe('clients that come back all at once', () => {
  it('are let in, although nobody has been read when the last of them is accepted', async () => {
    // A process of its own, so that it accepts many in one turn.
    await using server = await ServerProcess.start({ env: { ENGINE: 'memory', MAX_HTTP_CONNECTIONS: '64' } });
    const sockets = await Promise.all(
      Array.from({ length: 200 }, () => RawSocket.webSocket(server.url, '/ws/connect')),
    );
    for (const socket of sockets) await socket.frames.next(({ payload }) => payload.includes('"connected"'));
    for (const socket of sockets) socket.close();
  });
});

describe('connections that keep the server waiting', () => {
  const head = 'POST /api/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

  it('for the rest of a request give way', async () => {
    await using fw = await watchedServer(env);
    const open = async (): Promise<RawSocket> => {
      const raw = new RawSocket(fw.url);
      raw.write(`${head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n{`);
      await raw.until((text) => text.startsWith('HTTP/1.1 '));
      return raw;
    };
    await using _all = await crowd(limit, open);
    await served(fw);
  });

  it('because they are served do not, and the one that comes is refused', async () => {
    const opened = Promise.withResolvers<void>();
    await using fw = await embedded({ http: { connections: limit } });
    let served = 0;
    fw.fanwire.use(async (context, next) => {
      if (context.kind === 'message') {
        served++;
        await opened.promise;
      }
      await next();
    });
    const body = '{"channel":"news","data":1}';
    const all: RawSocket[] = [];
    for (let n = 0; n < limit; n++) {
      const raw = new RawSocket(fw.url);
      raw.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      all.push(raw);
    }
    await eventually(async () => served === limit, 'all are served');
    const late = new RawSocket(fw.url);
    await late.ended();
    assert.match(late.text, /^HTTP\/1\.1 503 .*\r\nRetry-After: \d+\r\n.*"code":"server_full"/s);
    opened.resolve();
    for (const raw of all) {
      await raw.until(() => answers(raw) === 1);
      raw.close();
    }
  });
});

describe('sockets that become something else', () => {
  it('count as connections by HTTP no longer, and again not when they end', async () => {
    await using fw = await watchedServer(env);
    const count = async (): Promise<number> => {
      const figures = await scrape(fw, { 'x-api-key': key });
      return figures.value('fanwire_http_connections');
    };
    const alone = await count();
    for (let n = 0; n < limit; n++) {
      await fw.socket('/ws/connect');
      await fw.stream('/sse/connect');
    }
    assert.equal(await count(), alone);
    await served(fw);
  });

  it('do not when they are refused: those make room as well', async () => {
    await using fw = await watchedServer(env);
    const open = async (): Promise<RawSocket> => {
      const raw = new RawSocket(fw.url);
      raw.socket.allowHalfOpen = true;
      raw.write(requestText('GET /nowhere HTTP/1.1', handshakeHeaders));
      await raw.head();
      return raw;
    };
    await using _all = await crowd(limit * 2, open);
    await served(fw);
  });
});

describe('the descriptors of the process', () => {
  it('are shared out: what connections do not need is for HTTP, within bounds', () => {
    const share = (connections: number, http: number, workers: number, descriptors: number | null) =>
      shareDescriptors({ connections, http, workers }, descriptors);
    assert.deepEqual(share(1000, 0, 1, 4096), { connections: 3048, sockets: 4048 });
    assert.deepEqual(share(1000, 0, 1, 1_048_576).connections, 10_000);
    assert.deepEqual(share(1000, 0, 1, null).connections, 10_000);
    assert.deepEqual(share(1000, 0, 1, 1024), { connections: 64, sockets: 976 });
    assert.deepEqual(share(1000, 300, 1, 1_048_576).connections, 300);
    assert.deepEqual(share(1000, 300, 3, 3 * 1000 + 80), { connections: 100, sockets: 1000 });
  });

  it('are never all taken by connections that ask for nothing', {
    skip: process.platform !== 'linux',
  }, async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      openFiles: 300,
      env: {
        DATABASE_PATH: directory.join('chat.db'),
        NODE_ENV: 'production',
        JWT_SECRET: '3f1c5f0b7a1d4e2f9b8c6d5e4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b',
        WS_API_KEYS: `shop:manage:${key}`,
        MAX_CONNECTIONS_TOTAL: '100',
      },
    });
    await using _all = await crowd(673, () => kept(server.url));
    const began = performance.now();
    const response = await fetch(`${server.url}/ws/stats`, { headers: { 'x-api-key': key } });
    assert.equal(response.status, 200);
    assert.ok(performance.now() - began < 1_000);
    const raw = await RawSocket.webSocket(server.url, '/ws/connect', signedIn);
    await raw.frames.next(({ payload }) => payload.includes('"connected"'));
    raw.close();
  });
});
