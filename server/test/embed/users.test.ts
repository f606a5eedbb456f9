import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it, mock, type TestContext } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { FanwireOptions } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { embedded } from '../support/embedded.ts';
import { eventually } from '../support/eventually.ts';
import { closes, refused, refusedCall } from '../support/refusals.ts';
import { failsWith, startFailure } from '../support/rejections.ts';
import { testSecret } from '../support/server.ts';
import { stopTime } from '../support/stop-time.ts';

const { publicKey } = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

describe('history', () => {
  it('is the page that is asked for', async () => {
    await using fw = await embedded();
    const { fanwire } = fw;
    for (let content = 1; content <= 5; content++) await fanwire.publish('news', content);
    const last = await fanwire.history('news', { limit: 2 });
    assert.deepEqual([last.messages.map(({ data }) => data), last.more, last.offset], [['4', '5'], true, 5]);
    const first = await fanwire.history('news', { limit: 2, after: 0 });
    assert.deepEqual([first.messages.map(({ data }) => data), first.more], [['1', '2'], true]);
    const middle = await fanwire.history('news', { limit: 10, before: 4 });
    assert.deepEqual([middle.messages.map(({ data }) => data), middle.more], [['1', '2', '3'], false]);
  });

  it('of a channel that never was is empty', async () => {
    await using fw = await embedded();
    const { messages, offset, more } = await fw.fanwire.history('nowhere', { limit: 10 });
    assert.deepEqual([messages, offset, more], [[], 0, false]);
  });

  it('refuses a name that is none, or reserved', async () => {
    await using fw = await embedded();
    await failsWith(fw.fanwire.history('', { limit: 1 }), 'bad_request');
    await failsWith(fw.fanwire.history('$control', { limit: 1 }), 'forbidden');
  });
});

describe('presence', () => {
  it('is who is in a channel, ordered by name, in pages', async () => {
    await using fw = await embedded();
    const visitors = ['u2', 'u1', 'u3', 'u1'].map((user) => enter(fw, chat, 'lobby', { user }));
    await Promise.all(visitors);
    const all = await fw.fanwire.presence('lobby');
    assert.deepEqual(
      all.users.map(({ user, connections }) => [user, connections]),
      [
        ['u1', 2],
        ['u2', 1],
        ['u3', 1],
      ],
    );
    assert.deepEqual([all.total, all.next], [3, undefined]);
    const page = await fw.fanwire.presence('lobby', { limit: 2 });
    assert.deepEqual([page.users.length, page.total], [2, 3]);
    const rest = await fw.fanwire.presence('lobby', { cursor: page.next ?? '' });
    assert.deepEqual(
      rest.users.map(({ user }) => user),
      ['u3'],
    );
  });

  it('of an empty channel is nobody', async () => {
    await using fw = await embedded();
    assert.deepEqual(await fw.fanwire.presence('nowhere'), { users: [], total: 0 });
    await failsWith(fw.fanwire.presence('$all'), 'forbidden');
  });
});

describe('createAccessToken', () => {
  it('makes a token that lets the user in, and says who it is', async () => {
    await using fw = await embedded();
    const token = await fw.fanwire.createAccessToken('ü 💬');
    const socket = await fw.socket(`/ws/connect?token=${token}`);
    assert.equal((await socket.next({ type: 'connected' })).content.user_id, 'ü 💬');
  });

  it('has the claims that are asked for', async () => {
    await using fw = await embedded({
      jwt: { secret: testSecret, issuer: 'me', audience: 'you', expiry: 2, algorithms: ['HS512'] },
    });
    const before = Math.floor(Date.now() / 1000);
    const token = await fw.fanwire.createAccessToken('u1', {
      ttl: 90,
      channels: { subscribe: ['news'] },
      scopes: ['read', 'publish'],
    });
    const { iat = 0, exp, jti, ...claims } = decodeJwt(token);
    assert.deepEqual(claims, {
      sub: 'u1',
      iss: 'me',
      aud: 'you',
      channels: { subscribe: ['news'] },
      scope: 'read publish',
    });
    assert.ok(iat >= before && iat <= Date.now() / 1000);
    assert.equal(exp, iat + 90);
    assert.match(String(jti), /^[0-9a-f-]{36}$/);
    assert.equal(decodeProtectedHeader(token).alg, 'HS512');
    const socket = await fw.socket(`/ws/connect?token=${token}`);
    await socket.next({ type: 'connected' });
    const plain = decodeJwt(await fw.fanwire.createAccessToken('u1'));
    assert.equal((plain.exp ?? 0) - (plain.iat ?? 0), 120, 'jwt.expiry is in minutes');
    assert.deepEqual([plain.channels, plain.scope], [undefined, undefined]);
    assert.notEqual(plain.jti, jti);
  });

  it('gives no more than it says', async () => {
    await using fw = await embedded();
    const token = await fw.fanwire.createAccessToken('u1', {
      channels: { subscribe: ['news', 'room-*'], publish: [] },
    });
    const socket = await fw.socket(`/ws/connect?token=${token}`);
    const ask = async (action: string, data: object) => {
      socket.send({ action, data, request_id: 'r' });
      return (await socket.next({ request_id: 'r' })).type;
    };
    assert.equal(await ask('subscribe', { channel: 'room-1' }), 'subscribed');
    assert.equal(await ask('subscribe', { channel: 'other' }), 'error');
    assert.equal(await ask('send_to_channel', { channel: 'room-1', content: 1 }), 'error');
  });

  it('gives scopes over HTTP', async () => {
    await using fw = await embedded({ apiKeys: { keys: ['another-key-of-16-characters'] } });
    const bearer = async (scopes: readonly 'publish'[]) => ({
      authorization: `Bearer ${await fw.fanwire.createAccessToken('u1', { scopes })}`,
    });
    const body = { channel: 'news', data: 1 };
    assert.equal((await fw.call('POST', '/api/publish', body, await bearer(['publish']))).status, 200);
    refusedCall(await fw.call('POST', '/api/publish', body, await bearer([])), 403, 'forbidden');
  });

  it('refuses what no token may have', async () => {
    await using fw = await embedded();
    const { fanwire } = fw;
    for (const user of ['', 'x'.repeat(251), 'a\nb']) {
      await failsWith(fanwire.createAccessToken(user), 'bad_request');
    }
    for (const ttl of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await failsWith(fanwire.createAccessToken('u1', { ttl }), 'bad_request');
    }
  });

  it('is not to be had where others sign the tokens', async () => {
    const keys: FanwireOptions['jwt'][] = [
      { publicKey },
      { publicKey, secret: testSecret, algorithms: ['EdDSA'] },
    ];
    for (const jwt of keys) {
      await using fw = await embedded({ jwt });
      assert.match(await startFailure(fw.fanwire.createAccessToken('u1')), /^jwt\.secret: .*shared secret/);
    }
  });

  it('is to be had beside a public key', async () => {
    await using fw = await embedded({ jwt: { publicKey, secret: testSecret } });
    const socket = await fw.socket(`/ws/connect?token=${await fw.fanwire.createAccessToken('u1')}`);
    assert.equal((await socket.next({ type: 'connected' })).content.user_id, 'u1');
  });

  it('is refused once it has expired', async () => {
    await using fw = await embedded();
    const token = await fw.fanwire.createAccessToken('u1', { ttl: 1 });
    const { exp = 0 } = decodeJwt(token);
    const socket = await fw.socket(`/ws/connect?token=${token}`);
    await socket.next({ type: 'connected' });
    await closes(socket, 4401);
    assert.ok(Date.now() >= exp * 1000);
    await refused(fw.socket(`/ws/connect?token=${token}`), 401, 'unauthorized');
  });
});

describe('disconnectUser', () => {
  it('closes every connection of the user with 4410, and of nobody else', async () => {
    await using fw = await embedded();
    const visit = { user: 'u1' };
    const sockets = [
      await enter(fw, relay, 'lobby', visit),
      await enter(fw, room, 'lobby', visit),
      await enter(fw, chat, 'lobby', visit),
      (await ChannelClient.open(fw, visit)).socket,
    ];
    const stream = await fw.stream(`/sse/connect?token=${await fw.token('u1')}`);
    await stream.next('connected');
    const other = await ChannelClient.open(fw, { user: 'u2' });
    const anonymous = await ChannelClient.open(fw);
    assert.equal(await fw.fanwire.disconnectUser('u1'), 5);
    for (const socket of sockets) await closes(socket, 4410);
    assert.equal((await stream.next('closed')).data.code, 4410);
    await other.settled();
    await anonymous.settled();
    assert.equal(await fw.fanwire.disconnectUser('u1'), 0);
  });

  it('refuses a user that nobody can be', async () => {
    await using fw = await embedded();
    await failsWith(fw.fanwire.disconnectUser(''), 'bad_request');
  });
});

/** Time that passes only when it is told to, with the server at work meanwhile: its timers run as they would. */
function stopTimers(t: TestContext): (ms: number) => void {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const advance = stopTime(t);
  return (ms) => {
    for (let left = ms; left > 0; left -= 200) {
      advance(Math.min(left, 200));
      mock.timers.tick(Math.min(left, 200));
    }
  };
}

describe('cleanupInactiveConnections', () => {
  it('closes with 4408 who gave no sign of life for so long, and leaves streams alone', async (t) => {
    const pass = stopTimers(t);
    await using fw = await embedded({ websocket: { disconnectTimeout: 86_400 } });
    const silent = await ChannelClient.open(fw);
    const pinging = await ChannelClient.open(fw);
    const talking = await enter(fw, relay, 'lobby');
    const stream = await fw.stream('/sse/connect');
    await stream.next('connected');
    pass(5_000);
    assert.equal(fw.fanwire.cleanupInactiveConnections(5_001), 0);
    await relay.settle(talking, 'lobby');
    await pinging.settled();
    pass(1_000);
    assert.equal(fw.fanwire.cleanupInactiveConnections(5_000), 1);
    await closes(silent.socket, 4408);
    await pinging.settled();
    await relay.settle(talking, 'lobby');
    await fw.fanwire.broadcast({ content: 1 });
    await stream.next('broadcast');
    assert.equal(fw.fanwire.cleanupInactiveConnections(5_000), 0);
    assert.equal(fw.fanwire.cleanupInactiveConnections(0), 2);
    await closes(pinging.socket, 4408);
    await closes(talking, 4408);
  });

  it('takes a WebSocket ping for a sign of life', async (t) => {
    const pass = stopTimers(t);
    await using fw = await embedded({ websocket: { disconnectTimeout: 86_400 } });
    const client = await ChannelClient.open(fw);
    pass(1_000);
    const answered = new Promise((resolve) => client.socket.ws.once('pong', resolve));
    client.socket.ws.ping();
    await answered;
    assert.equal(fw.fanwire.cleanupInactiveConnections(1), 0);
    pass(1);
    assert.equal(fw.fanwire.cleanupInactiveConnections(1), 1);
    await closes(client.socket, 4408);
  });

  it('waits for websocket.disconnectTimeout unless told otherwise', async (t) => {
    const pass = stopTimers(t);
    // The room dialect has a limit of its own, which is longer here: so the server does not clean up by itself.
    await using fw = await embedded({ websocket: { disconnectTimeout: 2 }, room: { idleTimeout: 3_600 } });
    const client = await enter(fw, room, 'lobby');
    pass(1_999);
    assert.equal(fw.fanwire.cleanupInactiveConnections(), 0);
    pass(1);
    assert.equal(fw.fanwire.cleanupInactiveConnections(), 1);
    await closes(client, 4408);
    await eventually(async () => (await fw.call('GET', '/ws/stats')).body.total_connections === 0, 'it left');
  });
});
