import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { clientFrame, handshakeHeaders, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { closes, refused } from '../support/refusals.ts';
import { type TestServer, testOrigin, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const frame = 'refusals=frame';
const headers = { origin: testOrigin };

const allRequire = {
  RELAY_AUTH_REQUIRED: 'true',
  WEBSOCKET_AUTH_REQUIRED: 'true',
  CHAT_AUTH_REQUIRED: 'true',
};

/** By dialect: an address, and what its error frame says. */
const dialects: readonly [path: string, read: (frame: Frame) => { code: string; retry_after?: number }][] = [
  ['/ws?room=a&client_id=c&', ({ type, payload }) => ({ ...payload, is: type })],
  ['/ws/a?', ({ type, ...rest }) => ({ ...rest, is: type })],
  [
    '/ws/connect?',
    ({ type, content }) => ({ code: content.type, retry_after: content.retry_after, is: type }),
  ],
  ['/?', ({ action, ...rest }) => ({ ...rest, is: action })],
];

/** Everything that such a client is told: one frame, then the close. */
async function told(socket: SocketClient, code: number): Promise<Frame> {
  await closes(socket, code);
  assert.equal(socket.inbox.all.length, 1);
  return socket.inbox.all[0];
}

for (const [path, read] of dialects) {
  describe(`?refusals=frame at ${path}`, () => {
    it('tells that credentials are missing or wrong: 4401', async () => {
      await using fw = await testServer({ env: allRequire });
      for (const query of ['', '&token=wrong', '&api_key=wrong']) {
        const socket = await fw.socket(`${path}${frame}${query}`, { headers });
        const error = read(await told(socket, 4401));
        assert.equal(error.code, 'unauthorized');
        assert.equal(error.retry_after, undefined);
      }
    });

    it('tells that the page may not: 4403', async () => {
      await using fw = await testServer();
      const socket = await fw.socket(`${path}${frame}`, { headers: { origin: 'https://evil.example' } });
      assert.equal(read(await told(socket, 4403)).code, 'forbidden');
    });

    it('tells that a parameter is wrong: 4400', async () => {
      await using fw = await testServer();
      for (const query of ['&echo=maybe', '&Token=x']) {
        const socket = await fw.socket(`${path}${frame}${query}`, { headers });
        assert.equal(read(await told(socket, 4400)).code, 'bad_request');
      }
    });

    it('tells that there is no place, and when to try again: 4503', async () => {
      await using fw = await testServer({ env: { WEBSOCKET_MAX_CONNECTIONS: '1' } });
      await ChannelClient.open(fw);
      const token = await fw.token('ann');
      const socket = await fw.socket(`${path}${frame}&token=${token}`, { headers });
      const error = read(await told(socket, 4503));
      assert.deepEqual([error.code, error.retry_after], ['server_full', 5]);
    });

    it('changes nothing for who is let in', async () => {
      await using fw = await testServer();
      const token = await fw.token('ann');
      const socket = await fw.socket(`${path}${frame}&token=${token}`, { headers });
      assert.equal((await fw.call('GET', '/ws/connections')).body.total, 1);
      socket.close();
    });
  });
}

describe('?refusals= with another value', () => {
  it('is 400, or the default', async () => {
    await using fw = await testServer();
    await refused(fw.socket('/ws/connect?refusals=loud'), 400, 'bad_request');
    (await fw.socket('/ws/connect?refusals=http')).close();
  });
});

describe('the subprotocol refusals.frame', () => {
  it('does the same, alone and beside others', async () => {
    await using fw = await testServer({ env: allRequire });
    for (const [protocols, chosen] of [
      [['refusals.frame'], 'refusals.frame'],
      [['refusals.frame', 'chat'], 'chat'],
      [['chat', 'refusals.frame'], 'chat'],
      [['refusals.frame', 'bearer', 'wrong'], 'bearer'],
      [['bearer', 'wrong', 'refusals.frame'], 'bearer'],
    ] as const) {
      const socket = await fw.socket('/ws/connect', { protocols: [...protocols] });
      assert.equal(socket.ws.protocol, chosen);
      const { content } = await told(socket, 4401);
      assert.equal(content.type, 'unauthorized');
    }
  });

  it('is answered to who is let in, as browsers need it', async () => {
    await using fw = await testServer();
    const socket = await fw.socket('/ws/connect', { protocols: ['refusals.frame'] });
    assert.equal(socket.ws.protocol, 'refusals.frame');
    await socket.next({ type: 'connected' });
  });
});

describe('a refusal by a frame', () => {
  it('of a full room says when to try again', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ROOM: '1' } });
    await fw.socket('/ws?room=a&client_id=1');
    const socket = await fw.socket(`/ws?room=a&client_id=2&${frame}`);
    const { payload } = await told(socket, 4503);
    assert.deepEqual([payload.code, payload.retry_after], ['room_full', 5]);
    await fw.socket('/ws?room=b&client_id=2');
  });

  it('is not given where no WebSocket is, nor to a broken handshake', async () => {
    await using fw = await testServer({ env: allRequire });
    await refused(fw.socket(`/nowhere?${frame}`), 404, 'not_found');
    const raw = new RawSocket(fw.url);
    const broken = handshakeHeaders.filter(([name]) => name !== 'Sec-WebSocket-Key');
    raw.write(requestText(`GET /ws/connect?${frame} HTTP/1.1`, broken));
    assert.match(await raw.head(), /^HTTP\/1\.1 40[01] /);
    raw.close();
  });

  it('lets nothing be done: what is sent is not handled, and it counts nowhere', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_AUTH_REQUIRED: 'true' } });
    const listener = await ChannelClient.open(fw, { user: 'ann' });
    await listener.subscribe('news');
    const raw = await RawSocket.webSocket(fw.url, `/ws/connect?${frame}`);
    const publish = { action: 'send_to_channel', data: { channel: 'news', content: 'forged' } };
    raw.write(clientFrame(opcodes.text, JSON.stringify(publish)));
    raw.write(clientFrame(opcodes.text, '{"action":"subscribe","data":{"channel":"news"}}'));
    assert.equal(await raw.closeCode(), 4401);
    assert.equal((await fw.call('GET', `/ws/stats?token=${await fw.token('ann')}`)).body.websocket.total, 1);
    await raw.ended();
    await listener.settled();
    assert.deepEqual(listener.contents('news'), []);
    assert.equal(raw.frames.all.filter(({ opcode }) => opcode === opcodes.text).length, 1);
  });

  it('is given to a hundred at a time that do not go; more of them are answered as HTTP', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_AUTH_REQUIRED: 'true' } });
    const rest = requestText(`GET /ws/connect?${frame} HTTP/1.1`, handshakeHeaders);
    const statuses = await Promise.all(
      Array.from({ length: 150 }, async () => {
        const raw = new RawSocket(fw.url);
        raw.write(rest);
        const [, status = ''] = /^HTTP\/1\.1 (\d+)/.exec(await raw.head()) ?? [];
        return { raw, status };
      }),
    );
    const count = (wanted: string): number => statuses.filter(({ status }) => status === wanted).length;
    assert.deepEqual([count('101'), count('401')], [100, 50]);
    // None of them answers the close: they are cut off.
    await Promise.all(statuses.map(({ raw }) => raw.ended()));
    await told(await fw.socket(`/ws/connect?${frame}`), 4401);
  });

  it('does not hold up the end of the server', async () => {
    const fw = await testServer({ env: { WEBSOCKET_AUTH_REQUIRED: 'true', SHUTDOWN_TIMEOUT: '30' } });
    await RawSocket.webSocket(fw.url, `/ws/connect?${frame}`);
    const began = performance.now();
    await fw[Symbol.asyncDispose]();
    assert.ok(performance.now() - began < 1_500);
  });
});

/** In development there is a page at `/`. */
const noPages = { PAGES_ENABLED: 'false' };

describe('a plain GET at the address of a WebSocket', () => {
  const addresses = ['/ws?room=a&client_id=c', '/ws/a', '/ws/connect', '/'];

  async function get(fw: TestServer, path: string, more: Record<string, string> = {}) {
    return fw.call('GET', path, undefined, { ...headers, ...more });
  }

  it('is 426 where the upgrade would be accepted, and takes no place', async () => {
    await using fw = await testServer({
      env: { ...noPages, MAX_CONNECTIONS_TOTAL: '1', MAX_CONNECTIONS_PER_ROOM: '1' },
    });
    const token = await fw.token('ann');
    for (const path of [...addresses, ...addresses]) {
      const answer = await get(fw, path, { authorization: `Bearer ${token}` });
      assert.equal(answer.status, 426, path);
      assert.equal(answer.headers.get('upgrade'), 'websocket');
      assert.equal(answer.body.error.code, 'upgrade_required');
    }
    await fw.socket('/ws?room=a&client_id=c');
  });

  it('is the refusal that the upgrade would have got', async () => {
    await using fw = await testServer({
      env: { ...noPages, ...allRequire, WEBSOCKET_MAX_CONNECTIONS: '1', MAX_CONNECTIONS_PER_ROOM: '1' },
    });
    const token = await fw.token('ann');
    for (const path of addresses) {
      const { status, body } = await get(fw, path);
      assert.deepEqual([status, body.error.code], [401, 'unauthorized'], path);
    }
    const bad = await get(fw, `/ws?token=${token}`);
    assert.deepEqual([bad.status, bad.body.error.code], [400, 'bad_request']);
    const near = await get(fw, `/ws/connect?token=${token}&Echo=false`);
    assert.deepEqual([near.status, near.body.error.code], [400, 'bad_request']);
    const claims = await fw.token('bob', { channels: ['b'] });
    const other = await get(fw, `/ws/a?token=${claims}`);
    assert.deepEqual([other.status, other.body.error.code], [403, 'forbidden']);
    await fw.socket(`/ws?room=a&client_id=1&token=${token}`);
    const full = await get(fw, `/ws/connect?token=${token}`);
    assert.deepEqual([full.status, full.body.error.code], [503, 'server_full']);
    assert.equal(full.headers.get('retry-after'), '5');
  });

  it('is still a call of another method where the API has one, and nothing where there is nothing', async () => {
    await using fw = await testServer();
    const posted = await get(fw, '/ws/broadcast');
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.get('allow'), 'POST, OPTIONS');
    assert.equal((await get(fw, '/ws/stats')).status, 200);
    assert.equal((await get(fw, '/ws/a/b')).status, 404);
    assert.equal((await fw.call('POST', '/ws/a', {})).status, 405);
  });

  it('is 404 without WebSockets', async () => {
    await using fw = await testServer({ env: { ...noPages, WEBSOCKET_ENABLED: 'false' } });
    for (const path of addresses) assert.equal((await get(fw, path)).status, 404, path);
  });
});

describe('connected', () => {
  it('tells when the token expires, in milliseconds', async () => {
    await using fw = await testServer();
    const token = await fw.token('ann', { ttlSeconds: 600 });
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const socket = await fw.socket(`/ws/connect?token=${token}`);
    const stream = await fw.stream(`/sse/connect?token=${token}`);
    assert.equal((await socket.next({ type: 'connected' })).content.expires_at, exp * 1000);
    assert.equal((await stream.next('connected')).data.content.expires_at, exp * 1000);
  });

  it('tells null where nothing expires', async () => {
    await using fw = await testServer();
    const socket = await fw.socket('/ws/connect');
    const stream = await fw.stream('/sse/connect');
    assert.equal((await socket.next({ type: 'connected' })).content.expires_at, null);
    assert.equal((await stream.next('connected')).data.content.expires_at, null);
    await eventually(async () => stream.inbox.all.length === 1, 'nothing else');
  });
});
