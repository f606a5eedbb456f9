import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { Agent, createServer as createHttpsServer } from 'node:https';
import { after, before, describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { createServer, type FanwireOptions, operatorPaths } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import {
  closeHttp,
  embedded,
  FaultLog,
  Hosted,
  hosted,
  inMemory,
  listening,
  urlOf,
} from '../support/embedded.ts';
import { closes, refused } from '../support/refusals.ts';
import { failsWith, startFailure } from '../support/rejections.ts';
import { TestServer } from '../support/server.ts';
import { codes, page, tableOf } from './embedding-page.ts';
import { Workshop } from './workshop.ts';

function set(t: TestContext, variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
}

async function answer(url: string, method = 'GET'): Promise<number | 'theirs'> {
  const response = await fetch(url, { method });
  return (await response.text()) === 'theirs' ? 'theirs' : response.status;
}

describe('docs/embedding.md: options', () => {
  it('the environment counts if it is given, and options win over it', async (t) => {
    set(t, { WEBSOCKET_AUTH_REQUIRED: 'true' });
    await using alone = await embedded({ pages: { enabled: false, console: false } });
    await ChannelClient.open(alone);
    await using given = await embedded({ env: process.env });
    await refused(given.socket('/ws/connect'), 401, 'unauthorized');
    await using over = await embedded({ env: process.env, websocket: { authRequired: false } });
    await ChannelClient.open(over);
  });

  it('NODE_ENV counts unless `production` is given', async (t) => {
    set(t, { NODE_ENV: 'production' });
    const options: FanwireOptions = { engine: 'memory', logger: new FaultLog() };
    assert.match(await startFailure(createServer(options)), /JWT_SECRET is not set, and production/);
    await (await createServer({ ...options, production: false })).close();
  });

  it('`undefined` is left out, and lists are arrays or texts', async () => {
    const keys = ['one-key-of-the-tests', 'another-key-of-the-tests'];
    for (const list of [keys, keys.join(',')]) {
      await using fw = await embedded({ listen: { port: undefined }, apiKeys: { keys: list } });
      for (const key of keys) {
        assert.equal((await fw.call('GET', '/ws/stats', undefined, { 'x-api-key': key })).status, 200);
      }
    }
  });

  it('a logger gets every line, whatever the level', async () => {
    const lines: string[] = [];
    const log = (_fields: object, line: string): void => void lines.push(line);
    const logger = { debug: log, info: log, warn: log, error: log };
    await using fw = await embedded({ logger, log: { level: 'silent' } });
    await ChannelClient.open(fw);
    assert.ok(lines.includes('engine open') && lines.includes('listening'), lines.join());
  });

  it('the package can be required', async () => {
    await using workshop = new Workshop();
    const running = workshop.program('main.cjs', "console.log(typeof require('fanwire').createServer);");
    assert.equal(await running.ended, 0, running.output);
    assert.match(running.output, /^function$/m);
  });
});

describe('docs/embedding.md: on a server that is there already', () => {
  const [, pages = [], upgrades = []] = tableOf('', "Fanwire's", "The application's");
  const theirs: RequestListener = (_request, response) => response.end('theirs');
  let fw: Hosted;

  before(async () => {
    fw = await hosted();
  });

  after(() => fw[Symbol.asyncDispose]());

  it('the paths of the HTTP API are Fanwire’s, with any method', async () => {
    await using alone = await embedded({ pages: { enabled: false, console: false } });
    const { body } = await alone.call('GET', '/openapi.json');
    const paths = Object.keys(body.paths).filter((path) => !operatorPaths.includes(path));
    assert.ok(paths.includes('/api/publish') && paths.includes('/sse/connect'));
    for (const path of paths) {
      if (path !== '/sse/connect') assert.notEqual(await answer(`${fw.url}${path}`), 'theirs', path);
      assert.notEqual(await answer(`${fw.url}${path}`, 'PUT'), 'theirs', path);
    }
    assert.equal(await answer(`${fw.url}/api/publish`), 405);
  });

  it('all others are the application’s, the operator’s pages included', async () => {
    assert.deepEqual(codes(pages[2]), operatorPaths);
    const others = [
      '/',
      '/ws/test-page',
      '/sse/test',
      '/api',
      '/api/orders',
      '/ws/other/page',
      '/sse',
      '/sse/other',
      '/other',
    ];
    for (const path of [...operatorPaths, ...others]) {
      assert.equal(await answer(`${fw.url}${path}`), 'theirs', path);
    }
  });

  it('the WebSockets of the dialects are Fanwire’s, and others the application’s', async () => {
    assert.deepEqual(codes(upgrades[1]), ['/', '/ws', '/ws/{room}', '/ws/connect']);
    for (const path of ['/', '/ws?room=lobby&client_id=c1', '/ws/connect']) await fw.socket(path);
    await fw.room('lobby', 'ann');
    await assert.rejects(fw.socket('/other'), { status: 200 });
  });

  it('`except` changes it', async () => {
    await using all = await hosted({ except: [], pages: { enabled: true, console: true } });
    for (const path of operatorPaths) assert.notEqual(await answer(`${all.url}${path}`), 'theirs', path);
    await using less = await hosted({ except: [...operatorPaths, '/', '/ws/stats'] });
    for (const path of ['/ws/stats', '/sse/test', '/health']) {
      assert.equal(await answer(`${less.url}${path}`), 'theirs', path);
    }
    await assert.rejects(less.socket('/'), { status: 200 });
    await less.socket('/ws/connect');
  });

  it('management needs credentials, and `listen` is the program’s', async () => {
    assert.equal(await answer(`${fw.url}/ws/stats`), 401);
    await startFailure(fw.fanwire.listen(0));
    assert.equal(fw.fanwire.url, null);
  });

  it('`close` closes connections with 1012 and gives the paths back', async () => {
    await using closing = await hosted();
    const { socket } = await ChannelClient.open(closing);
    await closing.fanwire.close();
    await closes(socket, 1012);
    assert.equal(await answer(`${closing.url}/api/publish`), 'theirs');
  });

  it('a server of node:https will do', async (t) => {
    const psk = Buffer.alloc(32, 7);
    const cipher = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
    const http = createHttpsServer({ ...cipher, pskCallback: () => psk }, theirs);
    const fanwire = await createServer({ ...inMemory, logger: new FaultLog(), server: http });
    await listening(http);
    t.after(() => closeHttp(http));
    const agent = new Agent({
      ...cipher,
      pskCallback: () => ({ psk, identity: 'us' }),
      checkServerIdentity: () => undefined,
    });
    const socket = new WebSocket(`${urlOf(http).replace('http', 'wss')}/ws/connect`, { agent });
    const [greeting] = await once(socket, 'message');
    assert.equal(JSON.parse(String(greeting)).type, 'connected');
    const closed = once(socket, 'close');
    await fanwire.close();
    assert.equal((await closed)[0], 1012);
  });

  it('listeners of the application hear of its own requests only, whenever they were added', async () => {
    const heard: (string | undefined)[] = [];
    const hear = ({ url }: IncomingMessage): void => void heard.push(url);
    const http = createHttpServer(theirs);
    http.on('request', hear).on('upgrade', hear);
    await using host = await hosted({}, http);
    http.prependListener('request', hear).prependListener('upgrade', hear);
    await answer(`${host.url}/ws/stats`);
    await host.socket('/ws/connect');
    assert.deepEqual(heard, []);
    assert.equal(await answer(`${host.url}/own`), 'theirs');
    assert.deepEqual(heard, ['/own', '/own']);
  });

  it('a header as long as that of a stream that resumes passes the limits of Node.js', async () => {
    const http = createHttpServer(theirs);
    const fanwire = await createServer({ ...inMemory, logger: new FaultLog(), server: http });
    await listening(http);
    await using host = new Hosted(http, fanwire, new FaultLog());
    const headers = { 'x-long': 'x'.repeat(10_000) };
    assert.equal((await fetch(`${host.url}/ws/stats`, { headers })).status, 401);
  });
});

describe('docs/embedding.md: publishing', () => {
  it('rejects with the codes of the table', async () => {
    const listed = tableOf('Code', '').map(([code]) => codes(code)[0]);
    assert.deepEqual(listed, ['bad_request', 'forbidden', 'too_large', 'unavailable']);
    await using fw = await embedded();
    const { fanwire } = fw;
    await failsWith(fanwire.publish('news', undefined), 'bad_request');
    await failsWith(fanwire.publish('', 1), 'bad_request');
    await failsWith(fanwire.publish('news', 1, { id: 'x'.repeat(129) }), 'bad_request');
    await failsWith(fanwire.publish('news', 1, { type: 'x'.repeat(65) }), 'bad_request');
    await failsWith(fanwire.publish('$all', 1), 'forbidden');
    await failsWith(fanwire.publish('news', 'x'.repeat(1024 * 1024)), 'too_large');
    await fanwire.close();
    await failsWith(fanwire.publish('news', 1), 'unavailable');
  });

  it('gives the types of the table', async () => {
    await using fw = await embedded();
    const listed = tableOf('Method', 'To', 'Type, unless another is given').map(
      ([, , type]) => codes(type)[0],
    );
    const types: string[] = [];
    fw.fanwire.on('message', ({ type }) => types.push(type));
    await fw.fanwire.publish('news', 1);
    await fw.fanwire.sendToChannel('news', { content: 1 });
    await fw.fanwire.broadcast({ content: 1 });
    await fw.fanwire.sendToUser('ann', { content: 1 });
    assert.deepEqual(types, listed);
  });
});

describe('docs/embedding.md: ending', () => {
  const ending = page.blocks.filter(({ mark }) => mark.includes('ends with 0'));

  for (const [at, { code, mark }] of ending.entries()) {
    const whole = mark.startsWith('fragment') ? `${page.marked('prelude')}\n${code}` : code;
    it(`SIGTERM closes connections with 1012 and the process ends: ${code.split('\n')[0]}`, async () => {
      await using workshop = new Workshop();
      const running = await workshop.server(`ending-${at}.mts`, whole);
      await using fw = new TestServer(workshop.url, systemClock, async () => {});
      const { socket } = await ChannelClient.open(fw);
      const stream = await fw.stream('/sse/connect');
      await stream.next('connected');
      running.signal('SIGTERM');
      await closes(socket, 1012);
      assert.equal((await stream.next('closed')).data.code, 1012);
      assert.equal(await running.ended, 0, running.output);
    });
  }
});
