import assert from 'node:assert/strict';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { createServer, operatorPaths } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { closeHttp, FaultLog, hosted, inMemory, listening } from '../support/embedded.ts';
import { listenEverywhere } from '../support/listeners.ts';
import { handshakeHeaders, RawSocket, requestText } from '../support/raw-socket.ts';
import { closes, refused } from '../support/refusals.ts';
import { testSecret } from '../support/server.ts';
import { SocketClient } from '../support/socket-client.ts';

/** An application with routes of its own and a 404 of its own. */
const routes: RequestListener = (request, response) => {
  if (request.url === '/hello') response.end('theirs: hello');
  else if (request.url === '/echo') request.pipe(response);
  else response.writeHead(404, { 'content-type': 'text/plain' }).end('theirs: no such page');
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A WebSocket server of the application that greets everybody. */
function greeter(server: Server, path: string): WebSocketServer {
  const theirs = new WebSocketServer({ server, path });
  theirs.on('connection', (socket) => socket.send('{"theirs":true}'));
  return theirs;
}

async function isTheirs(url: string, path: string): Promise<boolean> {
  const client = new SocketClient(`${url.replace('http', 'ws')}${path}`, {});
  try {
    await client.opened;
    return (await client.next()).theirs === true;
  } finally {
    client.close();
  }
}

/** An upgrade that is answered by the application's handler of requests. */
async function declined(url: string, path: string, status: number): Promise<void> {
  const raw = new RawSocket(url);
  raw.write(requestText(`GET ${path} HTTP/1.1`, handshakeHeaders));
  await raw.until((text) => text.includes('theirs: '));
  raw.close();
  assert.match(raw.text, new RegExp(`^HTTP/1\\.1 ${status} `));
}

const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

describe('a Fanwire on the HTTP server of an application', () => {
  it('serves its paths beside those of the application', async () => {
    await using fw = await hosted({ pages: { enabled: true } }, createHttpServer(routes));
    assert.equal((await ask(`${fw.url}/hello`)).text, 'theirs: hello');
    assert.equal(
      (await ask(`${fw.url}/echo`, { method: 'POST', body: 'x'.repeat(100_000) })).text.length,
      100_000,
    );
    const page = await ask(`${fw.url}/ws/test-page`);
    assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
    const missing = await ask(`${fw.url}/api/channels/nowhere`, {
      headers: { authorization: `Bearer ${await fw.token('u1', { scopes: ['read'] })}` },
    });
    assert.equal(missing.status, 404);
    assert.equal(JSON.parse(missing.text).error.code, 'not_found');
    const listeners = await listenEverywhere(fw, 'news');
    await fw.fanwire.publish('news', 'hello');
    for (const listener of listeners) assert.equal((await listener.received(1)).length, 1);
    assert.deepEqual(fw.log.messages, []);
  });

  it('leaves the 404 to the application', async () => {
    await using fw = await hosted({}, createHttpServer(routes));
    for (const path of [
      '/nowhere',
      '/api',
      '/api/nothing',
      '/ws/',
      '/sse',
      '/',
      '/WS/test-page',
      '/ws/test-page',
      '/sse/test',
      '/pages/page.css',
      '//',
    ]) {
      const { status, text } = await ask(`${fw.url}${path}`);
      assert.deepEqual([status, text], [404, 'theirs: no such page'], path);
    }
  });

  it('answers a plain GET at the address of a WebSocket, and leaves other methods and / to the application', async () => {
    await using fw = await hosted({}, createHttpServer(routes));
    assert.equal((await ask(`${fw.url}/ws/connect`)).status, 426);
    assert.equal((await ask(`${fw.url}/ws?room=a&client_id=b`)).status, 426);
    assert.equal((await fetch(`${fw.url}/ws/a`)).status, 403, 'no Origin');
    for (const [method, path] of [
      ['POST', '/ws/a'],
      ['GET', '/?a=b'],
    ] as const) {
      const response = await fetch(`${fw.url}${path}`, { method });
      assert.equal(await response.text(), 'theirs: no such page', path);
    }
  });

  it('can be put on a server that listens already', async () => {
    const http = createHttpServer(routes);
    await listening(http);
    const fanwire = await createServer({ ...inMemory, server: http, logger: new FaultLog() });
    const { port } = http.address() as { port: number };
    const client = new SocketClient(`ws://127.0.0.1:${port}/ws/connect`, {});
    await client.next({ type: 'connected' });
    await fanwire.close();
    await closes(client, 1012);
    await closeHttp(http);
  });

  it('answers HEAD, OPTIONS and wrong methods on its own paths', async () => {
    await using fw = await hosted({ pages: { enabled: true } }, createHttpServer(routes));
    const head = await ask(`${fw.url}/ws/test-page`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.ok(Number(head.headers.get('content-length')) > 0);
    const preflight = await ask(`${fw.url}/api/publish`, {
      method: 'OPTIONS',
      headers: { origin: fw.url, 'access-control-request-method': 'POST' },
    });
    assert.deepEqual(
      [preflight.status, preflight.headers.get('access-control-allow-methods')],
      [204, 'POST, OPTIONS'],
    );
    const wrong = await ask(`${fw.url}/api/publish`, { method: 'PUT' });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST, OPTIONS']);
    assert.equal((await ask(`${fw.url}/hello`, { method: 'OPTIONS' })).text, 'theirs: hello');
  });

  it('takes Expect: 100-continue, for itself and for the application', async () => {
    await using fw = await hosted({}, createHttpServer(routes));
    const token = await fw.token('u1', { scopes: ['publish'] });
    const body = JSON.stringify({ channel: 'news', data: 1 });
    for (const [path, expected] of [
      ['/api/publish', '"offset":1'],
      ['/echo', body],
    ] as const) {
      const raw = new RawSocket(fw.url);
      const headers = [
        ['Host', 'localhost'],
        ['Authorization', `Bearer ${token}`],
        ['Content-Type', 'application/json'],
        ['Content-Length', String(body.length)],
        ['Expect', '100-continue'],
      ] as const;
      raw.write(requestText(`POST ${path} HTTP/1.1`, headers));
      assert.match(await raw.head(), /^HTTP\/1\.1 100 Continue$/);
      raw.write(body);
      await raw.until((text) => text.includes(expected));
      assert.match(raw.text, /\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
      raw.close();
    }
  });

  it('leaves Expect to an application that listens for it, but on its own paths', async () => {
    const http = createHttpServer(routes);
    const asked: string[] = [];
    http.on('checkContinue', (request, response) => {
      asked.push(String(request.url));
      response.writeHead(417).end();
    });
    await using fw = await hosted({}, http);
    const headers = [
      ['Host', 'localhost'],
      ['Content-Type', 'application/json'],
      ['Content-Length', '2'],
      ['Expect', '100-continue'],
    ] as const;
    const ours = new RawSocket(fw.url);
    ours.write(requestText('POST /api/publish HTTP/1.1', headers));
    assert.match(await ours.head(), /^HTTP\/1\.1 100 Continue$/);
    ours.write('{}');
    await ours.until((text) => text.includes('HTTP/1.1 401'));
    ours.close();
    const theirs = new RawSocket(fw.url);
    theirs.write(requestText('POST /echo HTTP/1.1', headers));
    assert.match(await theirs.head(), /^HTTP\/1\.1 417/);
    assert.deepEqual(asked, ['/echo']);
  });

  it('cuts off a request behind an event stream on the same connection, whosever it is', async () => {
    for (const path of ['/hello', '/ws/test-page', '/sse/connect']) {
      let asked = 0;
      const http = createHttpServer((request, response) => {
        asked++;
        routes(request, response);
      });
      await using fw = await hosted({ pages: { enabled: true } }, http);
      const get = (line: string) => requestText(`GET ${line} HTTP/1.1`, [['Host', 'localhost']]);
      const raw = new RawSocket(fw.url);
      raw.write(get('/sse/connect?channels=news'));
      await raw.until((text) => text.includes('event: connected'));
      raw.write(get(path));
      await raw.ended();
      assert.equal(raw.text.match(/HTTP\/1\.1/g)?.length, 1, path);
      const inOnePacket = new RawSocket(fw.url);
      inOnePacket.write(get('/sse/connect?channels=news') + get(path));
      await inOnePacket.ended();
      assert.ok(!inOnePacket.text.includes('theirs'), path);
      assert.equal(asked, 0);
      const upgrade = new RawSocket(fw.url);
      upgrade.write(get('/sse/connect?channels=news'));
      await upgrade.until((text) => text.includes('event: connected'));
      upgrade.write(requestText(`GET ${path} HTTP/1.1`, handshakeHeaders));
      await upgrade.ended();
      assert.equal(upgrade.text.match(/HTTP\/1\.1/g)?.length, 1, path);
      const garbage = new RawSocket(fw.url);
      garbage.write(get('/sse/connect?channels=news'));
      await garbage.until((text) => text.includes('event: connected'));
      garbage.write('nonsense\r\n\r\n');
      await garbage.ended();
      assert.equal(garbage.text.match(/HTTP\/1\.1/g)?.length, 1);
    }
  });

  it('leaves what is no HTTP to the application', async () => {
    const http = createHttpServer(routes);
    http.on('clientError', (_fault, socket) => socket.end('HTTP/1.1 400 Theirs\r\n\r\n'));
    await using fw = await hosted({}, http);
    const raw = new RawSocket(fw.url);
    raw.write('nonsense\r\n\r\n');
    await raw.until((text) => text.startsWith('HTTP/1.1 400 Theirs'));
    raw.close();
  });

  it('is never open for management, whoever asks', async () => {
    await using fw = await hosted({ production: false, listen: { host: '127.0.0.1' } });
    const calls: readonly [string, RequestInit][] = [
      ['/api/publish', post({ channel: 'news', data: 1 })],
      ['/api/batch', post({ messages: [] })],
      ['/ws/broadcast', post({ message: { content: 1 } })],
      ['/ws/stats', {}],
      ['/ws/connections', {}],
      ['/api/channels', {}],
      ['/api/users/u1/disconnect', { method: 'POST' }],
    ];
    const token = await fw.token('u1');
    for (const [path, init] of calls) {
      assert.equal((await ask(`${fw.url}${path}`, init)).status, 401, path);
      const headers = { ...init.headers, authorization: `Bearer ${token}` };
      assert.equal((await ask(`${fw.url}${path}`, { ...init, headers })).status, 403, path);
    }
  });
});

describe('WebSockets beside those of an application', () => {
  for (const order of ['before', 'after']) {
    it(`go each to its own, the application’s having been attached ${order} the Fanwire`, async () => {
      const http = createHttpServer(routes);
      if (order === 'before') greeter(http, '/live');
      await using fw = await hosted({}, http);
      if (order === 'after') greeter(http, '/live');
      for (const path of ['/live', '/live?x=1']) assert.ok(await isTheirs(fw.url, path), path);
      const client = await ChannelClient.open(fw);
      await client.settled();
      const token = await fw.token('u1');
      const room = await fw.socket(`/ws/lobby?token=${token}`, { headers: { origin: fw.url } });
      await room.ask({ type: 'presence.list' }, { type: 'presence.state' });
      const raw = new RawSocket(fw.url);
      raw.write(requestText('GET /nowhere HTTP/1.1', handshakeHeaders));
      await raw.ended();
      assert.match(raw.text, /^HTTP\/1\.1 400 Bad Request\r\n/, 'as `ws` refuses what is not at its path');
    });
  }

  it('go to listeners of an application that decide by themselves', async () => {
    const http = createHttpServer(routes);
    const theirs = new WebSocketServer({ noServer: true });
    const asked: string[] = [];
    http.on('upgrade', (request, socket, head) => {
      asked.push(String(request.url));
      if (request.url !== '/live') {
        socket.end('HTTP/1.1 418 Theirs\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      theirs.handleUpgrade(request, socket, head, (peer) => peer.send('{"theirs":true}'));
    });
    await using fw = await hosted({}, http);
    assert.ok(await isTheirs(fw.url, '/live'));
    await (await ChannelClient.open(fw)).settled();
    const raw = new RawSocket(fw.url);
    raw.write(requestText('GET /other HTTP/1.1', handshakeHeaders));
    assert.match(await raw.head(), /^HTTP\/1\.1 418 Theirs/);
    raw.close();
    assert.deepEqual(asked, ['/live', '/other']);
  });

  for (const [release, taken] of [
    ['that asks whether to take an offer up', false],
    ['that takes every offer up', true],
  ] as const) {
    it(`and offers of other protocols are ignored on its paths, with a release of Node ${release}`, async () => {
      const http = createHttpServer(routes);
      greeter(http, '/live');
      await using fw = await hosted({}, http);
      if (taken) Object.assign(http, { shouldUpgradeCallback: () => true });
      const token = await fw.token('u1', { scopes: ['read', 'publish'] });
      for (const offer of ['h2c', 'TLS/1.0', 'h2c, websocket']) {
        const raw = new RawSocket(fw.url);
        const headers = [
          ['Host', 'localhost'],
          ['Authorization', `Bearer ${token}`],
          ['Connection', 'Upgrade, HTTP2-Settings'],
          ['Upgrade', offer],
          ['HTTP2-Settings', 'AAMAAABkAAQAoAAAAAIAAAAA'],
        ] as const;
        raw.write(requestText('GET /ws/stats HTTP/1.1', headers));
        assert.match(await raw.head(), /^HTTP\/1\.1 200 OK\r\n/, offer);
        await raw.until((text) => text.includes('"total_connections"'));
        raw.close();
      }
    });
  }

  it('at a path where nobody takes them up stay requests of the application', async () => {
    await using fw = await hosted({}, createHttpServer(routes));
    await declined(fw.url, '/nowhere', 404);
    await declined(fw.url, '/hello', 200);
  });

  it('that were taken up and that nobody answers are refused and closed', async () => {
    const http = createHttpServer(routes);
    await using fw = await hosted({}, http);
    const second = await createServer({ ...inMemory, server: http, except: ['/'] });
    Object.assign(http, { shouldUpgradeCallback: () => true });
    const refusal = await refused(fw.socket('/nowhere'), 404, 'not_found');
    assert.equal(refusal.headers.connection, 'close');
    await (await ChannelClient.open(fw)).settled();
    await second.close();
  });

  it('that are refused are refused by the Fanwire', async () => {
    const http = createHttpServer(routes);
    greeter(http, '/live');
    await using fw = await hosted({ websocket: { authRequired: true } }, http);
    await refused(fw.socket('/ws/connect'), 401, 'unauthorized');
    await refused(fw.socket('/ws'), 400, 'bad_request');
    await refused(fw.socket('/ws/lobby'), 403, 'forbidden');
  });

  it('are all the application’s where they are switched off', async () => {
    const http = createHttpServer(routes);
    greeter(http, '/ws/connect');
    await using fw = await hosted({ websocket: { enabled: false } }, http);
    assert.ok(await isTheirs(fw.url, '/ws/connect'));
  });
});

describe('paths that are left to the application', () => {
  const own = (path: string, fw: { url: string }) =>
    ask(`${fw.url}${path}`).then(({ text }) => text !== 'theirs');

  it('are the operator’s pages unless told otherwise', async () => {
    await using fw = await hosted();
    assert.deepEqual(operatorPaths, ['/health', '/ready', '/metrics', '/openapi.json', '/docs', '/console']);
    for (const path of operatorPaths) {
      for (const more of ['', '?x=1', '/', '/below?x=1']) {
        assert.equal(await own(path + more, fw), false, path + more);
      }
    }
    for (const path of ['/ws/stats', '/api/channels']) assert.equal(await own(path, fw), true, path);
    for (const path of ['/', '/ws/test-page', '/sse/test', '/pages/page.css']) {
      assert.equal(await own(path, fw), false, path);
    }
  });

  it('are not the pages that it asks for', async () => {
    await using some = await hosted({ pages: { enabled: true } });
    for (const path of ['/', '/docs', '/openapi.json', '/ws/test-page', '/sse/test', '/pages/page.css']) {
      assert.equal(await own(path, some), true, path);
    }
    for (const path of ['/console', '/health', '/metrics']) assert.equal(await own(path, some), false, path);
    await using other = await hosted({ env: { CONSOLE_ENABLED: 'true' } });
    assert.equal(await own('/console', other), true);
    for (const path of ['/', '/docs', '/ws/test-page']) assert.equal(await own(path, other), false, path);
  });

  it('are none for an empty list', async () => {
    await using fw = await hosted({ except: [], pages: { enabled: true, console: true } });
    for (const path of operatorPaths) assert.equal(await own(path, fw), true, path);
    assert.equal(await own('/', fw), true);
    assert.equal(await own('/healthy', fw), false);
  });

  it('are each with everything below it, and nothing beside it', async () => {
    for (const left of ['/api', '/api/']) {
      await using fw = await hosted({ except: [left] });
      for (const path of ['/api/channels', '/api/publish', '/api/channels/x?y=/z']) {
        assert.equal(await own(path, fw), false, `${left}: ${path}`);
      }
      assert.equal(await own('/health', fw), true);
      assert.equal(await own('/ws/stats', fw), true);
    }
    await using fw = await hosted({ except: ['/api/chan', '/heal'] });
    for (const path of ['/api/channels', '/health']) assert.equal(await own(path, fw), true, path);
  });

  it('are WebSockets as well', async () => {
    const http = createHttpServer(routes);
    const theirs = new WebSocketServer({ server: http });
    theirs.on('connection', (socket) => socket.send('{"theirs":true}'));
    await using fw = await hosted({ except: ['/ws'] }, http);
    for (const path of ['/ws', '/ws?room=lobby&client_id=c1', '/ws/connect', '/ws/lobby']) {
      assert.ok(await isTheirs(fw.url, path), path);
    }
    const chat = await fw.socket('/');
    await chat.ask({ action: 'rooms' }, { action: 'rooms' });
  });

  it('may be the bare address, which is itself alone', async () => {
    const http = createHttpServer(routes);
    greeter(http, '/');
    await using fw = await hosted({ except: ['/'] }, http);
    assert.ok(await isTheirs(fw.url, '/'));
    assert.ok(await isTheirs(fw.url, '/?name=ann'));
    await (await ChannelClient.open(fw)).settled();
    assert.equal((await ask(`${fw.url}/health`)).status, 200);
  });
});

describe('close of a Fanwire on somebody else’s server', () => {
  it('tells its connections to come back, and the server goes on', async () => {
    const http = createHttpServer(routes);
    greeter(http, '/live');
    await using fw = await hosted({}, http);
    const live = new WebSocket(`${fw.url.replace('http', 'ws')}/live`);
    const closed: number[] = [];
    live.on('close', (code) => closed.push(code));
    await new Promise((resolve) => live.once('message', resolve));
    const client = await ChannelClient.open(fw);
    const stream = await fw.stream('/sse/connect');
    await stream.next('connected');
    await fw.fanwire.close();
    await closes(client.socket, 1012);
    assert.equal((await stream.next('closed')).data.code, 1012);
    assert.ok(http.listening);
    assert.equal((await ask(`${fw.url}/hello`)).text, 'theirs: hello');
    assert.ok(await isTheirs(fw.url, '/live'));
    assert.deepEqual(closed, []);
    live.terminate();
  });

  it('gives its paths back', async () => {
    const http = createHttpServer((_request, response) => response.end('theirs'));
    await using fw = await hosted({ except: [] }, http);
    assert.notEqual((await ask(`${fw.url}/health`)).text, 'theirs');
    await fw.fanwire.close();
    await fw.fanwire.close();
    for (const path of ['/health', '/ws/test-page', '/sse/connect', '/api/publish']) {
      assert.equal((await ask(`${fw.url}${path}`)).text, 'theirs', path);
    }
    assert.equal(http.listenerCount('upgrade'), 0);
    greeter(http, '/ws/connect');
    assert.ok(await isTheirs(fw.url, '/ws/connect'));
  });

  it('makes room for another one', async () => {
    const http = createHttpServer(routes);
    await using first = await hosted({}, http);
    await first.fanwire.close();
    const next = await createServer({ ...inMemory, server: http, logger: new FaultLog() });
    const client = await ChannelClient.open(first);
    await client.subscribe('news');
    await next.publish('news', 'from the next one');
    await client.reached('news', 1);
    await next.close();
    await closes(client.socket, 1012);
  });
});

describe('two Fanwires on one server', () => {
  it('each serve what they are left', async () => {
    const http = createHttpServer(routes);
    await using first = await hosted({ except: ['/ws/connect', '/sse', ...operatorPaths] }, http);
    const log = new FaultLog();
    const second = await createServer({
      engine: 'memory',
      jwt: { secret: testSecret },
      server: http,
      except: ['/', '/api', ...operatorPaths],
      logger: log,
    });
    // `/ws/connect` and `/sse` are left to the second one, `/` and `/api` to the first.
    const client = await ChannelClient.open(first);
    const stream = await first.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const chat = await first.socket('/');
    await chat.ask({ action: 'join', room: 'news' }, { action: 'joined' });
    await client.subscribe('news');
    await second.publish('news', 'second');
    await first.fanwire.publish('news', 'first');
    await client.reached('news', 1);
    assert.equal((await stream.next('message')).data.content, 'second');
    assert.equal((await chat.next({ action: 'message' })).text, 'first');
    assert.deepEqual(client.contents('news'), ['second']);
    assert.equal((await ask(`${first.url}/hello`)).text, 'theirs: hello');
    await second.close();
    await closes(client.socket, 1012);
    await chat.ask({ action: 'rooms' }, { action: 'rooms' });
    await declined(first.url, '/ws/connect', 404);
    assert.deepEqual([log.messages, first.log.messages], [[], []]);
  });
});
