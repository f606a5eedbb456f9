import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import type { Context } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { embedded } from '../support/embedded.ts';
import { closes, refused } from '../support/refusals.ts';
import { TestServer, testOrigin, testSecret } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';
import { codes, page, tablesOf } from './embedding-page.ts';
import { Workshop } from './workshop.ts';

const workshop = new Workshop();

after(() => workshop[Symbol.asyncDispose]());

/** The server of the fragment of the page that holds this text, and clients with tokens that it takes. */
async function served(part: string, file: string): Promise<TestServer> {
  const prelude = page.marked('prelude').replace('{ engine', `{ jwt: { secret: '${testSecret}' }, engine`);
  const fragment = page.blocks.find(({ code, mark }) => mark.startsWith('fragment') && code.includes(part));
  await workshop.server(file, `${prelude}\n${fragment?.code ?? assert.fail(part)}`);
  return new TestServer(workshop.url, systemClock, async () => {});
}

describe('docs/embedding.md: own actions', () => {
  let fw: TestServer;

  before(async () => {
    fw = await served('fanwire.action(', 'actions.mts');
  });

  after(() => fw[Symbol.asyncDispose]());

  async function clientOf(dialect: string): Promise<SocketClient> {
    const ann = { user: 'ann' };
    switch (dialect) {
      case 'relay':
        return enter(fw, relay, 'lobby', ann);
      case 'room':
        return enter(fw, room, 'lobby', ann);
      case 'chat':
        return enter(fw, chat, 'lobby', ann);
      default:
        return (await ChannelClient.open(fw, ann)).socket;
    }
  }

  for (const rows of tablesOf('Dialect', 'Frame', 'Answer')) {
    for (const [dialect = '', frame, expected] of rows) {
      it(`${dialect}: ${frame}`, async () => {
        const client = await clientOf(dialect);
        const sent: Frame = JSON.parse(codes(frame)[0] ?? '');
        const wanted: Frame = JSON.parse(codes(expected)[0] ?? '');
        client.send(sent);
        const answer = await client.next();
        if ('timestamp' in wanted) {
          assert.equal(typeof answer.timestamp, typeof wanted.timestamp);
          wanted.timestamp = answer.timestamp;
        }
        assert.equal(JSON.stringify(answer), JSON.stringify(wanted));
      });
    }
  }

  it('has a row for every dialect in both tables', () => {
    for (const rows of tablesOf('Dialect', 'Frame', 'Answer')) {
      assert.deepEqual(
        rows.map(([dialect]) => dialect),
        ['relay', 'room', 'channel', 'chat'],
      );
    }
  });
});

describe('docs/embedding.md: signing in by a session cookie', () => {
  let fw: TestServer;
  const cookie = 'theme=dark; session=c0ffee';

  before(async () => {
    fw = await served('const sessions', 'sessions.mts');
  });

  after(() => fw[Symbol.asyncDispose]());

  it('lets WebSockets of every dialect in as the user of the session', async () => {
    const socket = await fw.socket('/ws/connect', { headers: { cookie, origin: fw.url } });
    assert.equal((await socket.next({ type: 'connected' })).content.user_id, 'ann');
    await fw.socket('/ws/news', { headers: { cookie, origin: fw.url } });
    await refused(fw.socket('/ws/connect', { headers: { origin: fw.url } }), 401, 'unauthorized');
    await refused(fw.socket('/ws/salaries', { headers: { cookie, origin: fw.url } }), 403, 'forbidden');
  });

  it('does not look at credentials of the request', async () => {
    await fw.socket('/ws/connect?token=nonsense', { headers: { cookie } });
  });

  it('keeps pages of other origins out, in development none of this machine', async () => {
    const headers = { cookie, origin: 'https://evil.example' };
    await refused(fw.socket('/ws/connect', { headers }), 403, 'forbidden');
    await fw.socket('/ws/connect', { headers: { cookie, origin: testOrigin } });
  });

  it('is not about the HTTP API', async () => {
    const answer = await fw.call('GET', '/ws/stats', undefined, { cookie, authorization: 'Bearer nonsense' });
    assert.equal(answer.status, 401);
  });

  it('closes with 4401 when the session ends', async () => {
    await using short = await embedded();
    short.fanwire.use((context, next) => {
      if (context.kind === 'connect') context.authenticate({ user: 'ann', expiresAt: Date.now() + 50 });
      return next();
    });
    await closes((await ChannelClient.open(short)).socket, 4401);
  });
});

describe('docs/embedding.md: middleware', () => {
  it('sees what clients publish and who wants in, and nothing else', async () => {
    await using fw = await embedded();
    const seen: Context['kind'][] = [];
    fw.fanwire.use((context, next) => {
      seen.push(context.kind);
      return next();
    });
    fw.fanwire.action('channel', 'stock', () => 3);
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    await fw.fanwire.publish('news', 1);
    client.socket.send({ action: 'stock', request_id: 'r1' });
    await client.socket.next({ request_id: 'r1' });
    assert.deepEqual(seen, ['connect']);
    client.socket.send({
      action: 'send_to_channel',
      data: { channel: 'news', content: 2 },
      request_id: 'r2',
    });
    await client.socket.next({ request_id: 'r2' });
    await fw.call('POST', '/api/publish', { channel: 'news', data: 3 });
    assert.deepEqual(seen, ['connect', 'message', 'message']);
  });

  it('a layer that waits holds up that connection only, and keeps its order', async () => {
    await using fw = await embedded();
    const { promise: told, resolve: goOn } = Promise.withResolvers<void>();
    fw.fanwire.use(async (context, next) => {
      if (context.kind === 'message' && context.data === 'slow') await told;
      await next();
    });
    const [held, free] = [await ChannelClient.open(fw), await ChannelClient.open(fw)];
    await free.subscribe('news');
    const send = (client: ChannelClient, content: string): void =>
      client.socket.send({ action: 'send_to_channel', data: { channel: 'news', content } });
    send(held, 'slow');
    send(held, 'behind it');
    send(free, 'of somebody else');
    await free.reached('news', 1);
    assert.deepEqual(free.contents('news'), ['of somebody else']);
    goOn();
    await free.reached('news', 3);
    assert.deepEqual(free.contents('news'), ['of somebody else', 'slow', 'behind it']);
  });

  it('a connection that a layer let in may still be refused, without the event `connect`', async () => {
    await using fw = await embedded({ limits: { connections: 1 } });
    const [layers, events]: [(string | null)[], string[]] = [[], []];
    fw.fanwire.use(async (context, next) => {
      await next();
      if (context.kind === 'connect') layers.push(context.user);
    });
    fw.fanwire.on('connect', ({ id }) => events.push(id));
    await ChannelClient.open(fw);
    await refused(fw.socket('/ws/connect'), 503, 'server_full');
    assert.deepEqual([layers.length, events.length], [2, 1]);
  });
});
