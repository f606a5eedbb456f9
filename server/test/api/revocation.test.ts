import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { jwt } from '../access/raw-jwt.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testSecret, testServer } from '../support/server.ts';
import { TestServer as ApiServer } from './kit.ts';

const revoke = '/api/tokens/revoke';
const directory = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
after(() => rmSync(directory, { recursive: true }));

/** A token that says when it was issued, a minute ago unless told otherwise, and what its id is. */
function tokenOf(fw: TestServer, sub: string, claims: object = {}): string {
  const now = Math.floor(fw.clock.now() / 1000);
  return jwt('HS256', testSecret, { sub, iat: now - 60, exp: now + 600, ...claims });
}

/** Whether the server takes the token, in every way in which one is presented. */
async function ways(fw: TestServer, token: string): Promise<boolean> {
  const http = await fw.call('GET', '/ws/stats', undefined, { authorization: `Bearer ${token}` });
  const socket = await fw.socket(`/ws/connect?token=${token}`).then(
    () => 200,
    ({ status }) => status,
  );
  const stream = await fw.stream(`/sse/connect?token=${token}`).then(
    () => 200,
    ({ status }) => status,
  );
  assert.deepEqual([socket, stream], [http.status, http.status]);
  return http.status === 200;
}

async function open(fw: TestServer, token: string): Promise<ChannelClient> {
  const socket = await fw.socket(`/ws/connect?token=${token}`);
  await socket.next({ type: 'connected' });
  return { socket } as ChannelClient;
}

async function revoked(fw: TestServer, body: object): Promise<void> {
  const answer = await fw.call('POST', revoke, body);
  assert.deepEqual([answer.status, answer.body], [200, { ok: true }]);
}

describe('POST /api/tokens/revoke', () => {
  it('by jti: that token, on open connections and from now on', async () => {
    await using fw = await testServer({ clock: new FakeClock() });
    const [one, other] = [tokenOf(fw, 'u1', { jti: 'one' }), tokenOf(fw, 'u1', { jti: 'other' })];
    const gone = await open(fw, one);
    const stays = await open(fw, other);
    const stream = await fw.stream(`/sse/connect?token=${one}`);
    await revoked(fw, { jti: 'one' });
    assert.equal((await gone.socket.closed).code, 4401);
    await stream.ended;
    assert.equal(await ways(fw, one), false);
    assert.equal(await ways(fw, other), true);
    await stays.socket.ask({ action: 'ping' }, { type: 'pong' });
  });

  it('by user: what was issued until now, or before a time', async () => {
    await using fw = await testServer({ clock: new FakeClock() });
    const now = Math.floor(fw.clock.now() / 1000);
    const [early, late] = [tokenOf(fw, 'u1', { iat: now - 100 }), tokenOf(fw, 'u1', { iat: now - 50 })];
    const other = tokenOf(fw, 'u2');
    const [first, second] = [await open(fw, early), await open(fw, late)];
    await revoked(fw, { user_id: 'u1', issued_before: (now - 50) * 1000 });
    assert.equal((await first.socket.closed).code, 4401);
    assert.deepEqual(
      [await ways(fw, early), await ways(fw, late), await ways(fw, other)],
      [false, true, true],
    );
    await revoked(fw, { user_id: 'u1' });
    assert.equal((await second.socket.closed).code, 4401);
    assert.deepEqual([await ways(fw, late), await ways(fw, other)], [false, true]);
    await revoked(fw, { user_id: 'u1', issued_before: (now - 200) * 1000 });
    assert.equal(await ways(fw, late), false, 'an earlier time takes nothing back');
  });

  it('by time: everybody’s, also tokens that do not say when they were issued', async () => {
    await using fw = await testServer({ clock: new FakeClock() });
    const timeless = tokenOf(fw, 'u1', { iat: undefined });
    const young = tokenOf(fw, 'u2', { iat: Math.floor(fw.clock.now() / 1000) });
    await revoked(fw, { issued_before: fw.clock.now() - 1000 });
    assert.deepEqual([await ways(fw, timeless), await ways(fw, young)], [false, true]);
  });

  it('holds for tickets given out before, and for a refresh', async () => {
    await using fw = await testServer({ clock: new FakeClock() });
    const token = tokenOf(fw, 'u1', { jti: 'one' });
    const { body } = await fw.call('POST', '/sse/ticket', undefined, { authorization: `Bearer ${token}` });
    const client = await ChannelClient.open(fw);
    await revoked(fw, { jti: 'one' });
    await assert.rejects(fw.stream(`/sse/connect?ticket=${body.ticket}`), { status: 401 });
    assert.equal(await client.refusal('refresh', { token }), 'unauthorized');
  });

  it('survives a restart with sqlite', async () => {
    const options = { directory, clock: new FakeClock() };
    let tokens: string[] = [];
    {
      await using fw = await testServer(options);
      tokens = [tokenOf(fw, 'u1', { jti: 'one' }), tokenOf(fw, 'u2'), tokenOf(fw, 'u3')];
      await revoked(fw, { jti: 'one' });
      await revoked(fw, { user_id: 'u2' });
    }
    await using fw = await testServer(options);
    assert.deepEqual(await Promise.all(tokens.map((token) => ways(fw, token))), [false, false, true]);
  });

  it('refuses what it does not understand, and names the member', async () => {
    await using server = await ApiServer.start();
    const now = server.clock.now();
    const cases: readonly (readonly [object, string])[] = [
      [{}, 'jti, user_id, issued_before'],
      [{ jti: null }, 'jti, user_id, issued_before'],
      [{ jti: 'a', user_id: 'u1' }, 'jti'],
      [{ jti: 'a', issued_before: now }, 'jti'],
      ...[1, true, [], {}, ''].map((jti) => [{ jti }, 'jti'] as const),
      ...[1, true, [], {}, '', 'a\n', 'x'.repeat(251)].map((user_id) => [{ user_id }, 'user_id'] as const),
      ...['1', true, [], {}, 1.5, -1, 0, Math.floor(now / 1000), now + 61_000, 1e300].map(
        (issued_before) => [{ issued_before }, 'issued_before'] as const,
      ),
    ];
    for (const [body, name] of cases) {
      const answer = await server.post(revoke, body);
      assert.equal(answer.status, 422, JSON.stringify(body));
      assert.ok(answer.body.error.message.startsWith(name), answer.body.error.message);
    }
    assert.equal((await server.get('/ws/stats', server.token('u1'))).status, 200);
  });
});

describe('POST /api/users/{id}/disconnect', () => {
  it('closes the user’s connections with 4410, and nobody else’s', async () => {
    await using fw = await testServer();
    const [one, two, other] = [
      await ChannelClient.open(fw, { user: 'u1' }),
      await fw.room('lobby', 'u1'),
      await ChannelClient.open(fw, { user: 'u2' }),
    ];
    const stream = await fw.stream(`/sse/connect?token=${await fw.token('u1')}`);
    const { status, body } = await fw.call('POST', '/api/users/u1/disconnect');
    assert.deepEqual([status, body], [200, { ok: true, closed: 3 }]);
    assert.equal((await one.socket.closed).code, 4410);
    assert.equal((await two.closed).code, 4410);
    await stream.ended;
    await other.settled();
    assert.deepEqual((await fw.call('POST', '/api/users/u1/disconnect')).body, { ok: true, closed: 0 });
    await ChannelClient.open(fw, { user: 'u1' });
  });

  it('takes any user id', async () => {
    await using server = await ApiServer.start();
    for (const user of ['a/b', '__proto__', '😀', '%']) {
      const client = await server.connect({ user });
      const { body } = await server.request('POST', `/api/users/${encodeURIComponent(user)}/disconnect`);
      assert.equal(body.closed, 1, user);
      assert.equal(client.closedWith[0]?.code, 4410);
    }
    for (const id of ['x'.repeat(251), '%0a', '%7f']) {
      const { status, body } = await server.request('POST', `/api/users/${id}/disconnect`);
      assert.equal(status, 400);
      assert.match(body.error.message, /^id: /);
    }
  });
});
