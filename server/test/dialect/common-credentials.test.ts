import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { refused } from '../support/refusals.ts';
import { type TestServer, testOrigin, testServer } from '../support/server.ts';
import type { SocketOptions } from '../support/socket-client.ts';

/** Every WebSocket address and the setting that makes its credentials required; null where they always are. */
const doors = [
  { dialect: 'relay', path: '/ws?room=a&client_id=c1&', setting: 'RELAY_AUTH_REQUIRED' },
  { dialect: 'room', path: '/ws/a?', setting: null },
  { dialect: 'channel', path: '/ws/connect?', setting: 'WEBSOCKET_AUTH_REQUIRED' },
  { dialect: 'chat', path: '/?', setting: 'CHAT_AUTH_REQUIRED' },
] as const;

const key = 'a-key-of-the-tests-1';

async function userOf(fw: TestServer, path: string, options: SocketOptions = {}): Promise<unknown> {
  const headers = { origin: testOrigin, ...options.headers };
  const socket = await fw.socket(path, { ...options, headers });
  // The server knows it at the latest when it answers a frame.
  socket.send({});
  await socket.inbox.next();
  const { body } = await fw.call('GET', '/ws/connections', undefined, { 'x-api-key': key });
  const { user_id } = body.connections.at(-1);
  socket.close();
  return user_id;
}

for (const { dialect, path, setting } of doors) {
  describe(`credentials of the ${dialect} dialect`, () => {
    const required = { WS_API_KEYS: key, ...(setting === null ? {} : { [setting]: 'true' }) };

    it('are a token as ?token=', async () => {
      await using fw = await testServer({ env: required });
      assert.equal(await userOf(fw, `${path}token=${await fw.token('u1')}`), 'u1');
    });

    it('are a token as Authorization: Bearer', async () => {
      await using fw = await testServer({ env: required });
      const authorization = `Bearer ${await fw.token('u1')}`;
      assert.equal(await userOf(fw, path, { headers: { authorization } }), 'u1');
    });

    it('are a token as the subprotocols bearer, <token>; the server answers bearer', async () => {
      await using fw = await testServer({ env: required });
      const token = await fw.token('u1');
      const socket = await fw.socket(path, {
        protocols: ['bearer', token],
        headers: { origin: testOrigin },
      });
      assert.equal(socket.ws.protocol, 'bearer');
      socket.close();
      assert.equal(await userOf(fw, path, { protocols: ['bearer', token] }), 'u1');
    });

    it('may be given twice where they are the same, and not where they differ', async () => {
      await using fw = await testServer({ env: required });
      const token = await fw.token('u1');
      const same = { headers: { origin: testOrigin, authorization: `Bearer ${token}` } };
      assert.equal(await userOf(fw, `${path}token=${token}`, same), 'u1');
      const other = await fw.token('u2');
      await refused(fw.socket(`${path}token=${other}`, same), 400, 'bad_request');
    });

    it('are an API key as header or ?api_key=, where no user is needed', async () => {
      await using fw = await testServer({ env: required });
      if (dialect === 'room') {
        const headers = { origin: testOrigin, 'x-api-key': key };
        await refused(fw.socket(path, { headers }), 401, 'unauthorized');
        return;
      }
      const nobody = dialect === 'chat' ? /^guest-/ : /^null$/;
      assert.match(String(await userOf(fw, `${path}api_key=${key}`)), nobody);
      assert.match(String(await userOf(fw, path, { headers: { 'x-api-key': key } })), nobody);
    });

    it('that are invalid are refused even where none are required', async () => {
      await using fw = await testServer({ env: { WS_API_KEYS: key } });
      const headers = { origin: testOrigin };
      const token = await fw.token('u1');
      const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(43)}`;
      for (const query of ['token=', 'token=x.y.z', `token=${forged}`, 'api_key=', 'api_key=wrong']) {
        await refused(fw.socket(path + query, { headers }), 401, 'unauthorized');
      }
      const authorization = 'Bearer nonsense';
      await refused(fw.socket(path, { headers: { ...headers, authorization } }), 401, 'unauthorized');
      await refused(fw.socket(path, { headers, protocols: ['bearer', 'nonsense'] }), 401, 'unauthorized');
      await refused(
        fw.socket(`${path}token=${token}`, { headers: { ...headers, 'x-api-key': 'wrong' } }),
        401,
        'unauthorized',
      );
    });

    it('that have expired are refused', async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock });
      const token = await fw.token('u1', { ttlSeconds: 10 });
      clock.advance(10_000);
      const opening = fw.socket(`${path}token=${token}`, { headers: { origin: testOrigin } });
      const { body } = await refused(opening, 401, 'unauthorized');
      assert.equal(JSON.stringify(body).includes(token), false);
    });

    it('end with the token: 4401 within a second of its expiry', async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock });
      const token = await fw.token('u1', { ttlSeconds: 10 });
      const socket = await fw.socket(`${path}token=${token}`, { headers: { origin: testOrigin } });
      socket.send({});
      await socket.inbox.next();
      clock.advance(9_999);
      assert.equal(socket.ws.readyState, socket.ws.OPEN);
      clock.advance(1_001);
      assert.equal((await socket.closed).code, 4401);
    });
  });
}

describe('the subprotocol bearer', () => {
  it('without a token is a bad request', async () => {
    await using fw = await testServer();
    await refused(fw.socket('/ws/connect', { protocols: ['bearer'] }), 400, 'bad_request');
  });

  it('is answered by itself, and never by the token', async () => {
    await using fw = await testServer();
    const token = await fw.token('u1');
    const socket = await fw.socket('/ws/connect', { protocols: ['chat', 'bearer', token] });
    assert.equal(socket.ws.protocol, 'bearer');
  });
});

describe('WS_API_KEY_HEADER', () => {
  it('names the header of the API key, in any case', async () => {
    const env = { WS_API_KEYS: key, WS_API_KEY_HEADER: 'X-Fan-Key', WEBSOCKET_AUTH_REQUIRED: 'true' };
    await using fw = await testServer({ env });
    await fw.socket('/ws/connect', { headers: { 'x-fan-KEY': key } });
    await refused(fw.socket('/ws/connect', { headers: { 'x-api-key': key } }), 401, 'unauthorized');
  });
});

describe('what the query says beside', () => {
  it('is nobody’s business: unknown parameters are left alone', async () => {
    await using fw = await testServer();
    await fw.socket('/ws/connect?utm_source=x&my_token=1&tokenize=2');
  });
});
