import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { refused } from '../../support/refusals.ts';
import { type TestServer, testSecret, testServer } from '../../support/server.ts';
import { from, warnings } from '../../support/warnings.ts';

const here = from('203.0.113.7');
const elsewhere = from('203.0.113.8');
const key = 'a-key-of-the-tests-that-is-long';

async function left(fw: TestServer, connections: number): Promise<void> {
  const total = async () =>
    (await fw.call('GET', '/ws/stats', undefined, { 'x-api-key': key })).body.total_connections;
  await eventually(async () => (await total()) === connections, `${connections} are there`);
}

describe('connections of one address', () => {
  it('are at most half of all places, over every transport', async () => {
    const { log, lines } = warnings();
    await using fw = await testServer({ log, env: { MAX_CONNECTIONS_TOTAL: '8', WS_API_KEYS: key } });
    const first = await fw.socket('/ws/connect', { headers: here });
    await fw.socket('/ws?room=r&client_id=c', { headers: here });
    await fw.socket('/', { headers: here });
    await fw.stream('/sse/connect', here);
    for (const open of [
      () => fw.socket('/ws/connect', { headers: here }),
      () => fw.stream('/sse/connect', here),
    ]) {
      const { headers, body } = await refused(open(), 429, 'limit_reached');
      assert.equal(headers['retry-after'], '5');
      assert.equal(
        body.error.message,
        'this address has its 4 connections already (MAX_CONNECTIONS_PER_ADDRESS); close one of them first',
      );
    }
    await fw.socket('/ws/connect', { headers: elsewhere });
    await fw.socket('/ws/connect', { headers: { ...here, 'x-api-key': key } });
    first.close();
    await left(fw, 5);
    await fw.stream('/sse/connect', here);
    assert.deepEqual(
      lines.map(({ limit, of, address }) => ({ limit, of, address })),
      [{ limit: 'connections', of: 'address', address: '203.0.113.7' }],
    );
  });

  it('are at most half of those of each transport', async () => {
    await using fw = await testServer({ env: { SSE_MAX_CONNECTIONS: '4', WEBSOCKET_MAX_CONNECTIONS: '2' } });
    for (let n = 0; n < 2; n++) await fw.stream('/sse/connect', here);
    await refused(fw.stream('/sse/connect', here), 429, 'limit_reached');
    await fw.socket('/ws/connect', { headers: here });
    await refused(fw.socket('/ws/connect', { headers: here }), 429, 'limit_reached');
    await fw.stream('/sse/connect', elsewhere);
  });

  it('are those of an IPv6 network of 64 bits', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ADDRESS: '2' } });
    for (const at of ['2001:db8::1', '2001:db8::2']) await fw.socket('/ws/connect', { headers: from(at) });
    await refused(fw.socket('/ws/connect', { headers: from('2001:db8::3') }), 429, 'limit_reached');
    await fw.socket('/ws/connect', { headers: from('2001:db8:0:1::1') });
  });

  it('are not counted for this machine in development, unless the limit is set', async () => {
    {
      await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '4' } });
      for (let n = 0; n < 4; n++) await fw.socket('/ws/connect');
      await refused(fw.socket('/ws/connect'), 503, 'server_full');
    }
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ADDRESS: '2' } });
    for (let n = 0; n < 2; n++) await fw.socket('/ws/connect');
    await refused(fw.socket('/ws/connect'), 429, 'limit_reached');
  });

  it('are counted for this machine in production', async () => {
    await using fw = await testServer({
      env: {
        NODE_ENV: 'production',
        JWT_SECRET: `${testSecret}-9Kq2Zt`,
        MAX_CONNECTIONS_TOTAL: '4',
        WS_API_KEYS: key,
        WEBSOCKET_AUTH_REQUIRED: 'false',
      },
    });
    const headers = {};
    for (let n = 0; n < 2; n++) await fw.socket('/ws/connect', { headers });
    await refused(fw.socket('/ws/connect', { headers }), 429, 'limit_reached');
  });
});

describe('connections of one user', () => {
  it('are limited wherever they come from, and each user by itself', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_USER: '2', WS_API_KEYS: key } });
    const open = async (user: string, n: number) =>
      fw.socket(`/ws/connect?token=${await fw.token(user)}`, { headers: from(`203.0.113.${n}`) });
    const first = await open('__proto__', 1);
    await fw.stream(`/sse/connect?token=${await fw.token('__proto__')}`, from('203.0.113.2'));
    const { body } = await refused(open('__proto__', 3), 429, 'limit_reached');
    assert.match(body.error.message, /MAX_CONNECTIONS_PER_USER/);
    await open('ben', 3);
    for (let n = 0; n < 3; n++) await fw.socket('/ws/connect');
    first.close();
    await left(fw, 5);
    await open('__proto__', 3);
  });
});

describe('how fast connections are opened', () => {
  it('is limited by address, refused ones counted too, at whatever path', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({
      clock,
      env: { CONNECT_RATE_PER_ADDRESS: '2', MAX_CONNECTIONS_PER_ADDRESS: '4', WS_API_KEYS: key },
    });
    const nowhere = () => fw.socket('/nowhere/at/all', { headers: here });
    await refused(nowhere(), 404, 'not_found');
    await refused(fw.socket('/ws', { headers: here }), 400, 'bad_request');
    await fw.socket('/ws/connect', { headers: here });
    await fw.stream('/sse/connect', here);
    for (const open of [
      nowhere,
      () => fw.socket('/', { headers: here }),
      () => fw.stream('/sse/connect', here),
    ]) {
      const { headers } = await refused(open(), 429, 'rate_limited');
      assert.equal(headers['retry-after'], '1');
    }
    await fw.socket('/ws/connect', { headers: elsewhere });
    await fw.socket(`/ws/connect?api_key=${key}`, { headers: here });
    clock.advance(1_000);
    for (let n = 0; n < 2; n++) await fw.socket('/ws/connect', { headers: here });
    await refused(fw.socket('/ws/connect', { headers: here }), 429, 'rate_limited');
  });

  it('is limited by user', async () => {
    await using fw = await testServer({
      clock: new FakeClock(),
      env: { CONNECT_RATE_PER_USER: '1', MAX_CONNECTIONS_PER_USER: '3' },
    });
    const token = await fw.token('ann');
    const open = async (n: number) => {
      const client = await fw.socket(`/ws/connect?token=${token}`, { headers: from(`203.0.113.${n}`) });
      client.close();
    };
    for (let n = 0; n < 3; n++) await open(n);
    await refused(open(9), 429, 'rate_limited');
    await refused(fw.stream(`/sse/connect?token=${token}`, from('203.0.113.9')), 429, 'rate_limited');
    await fw.socket('/ws/connect', { headers: from('203.0.113.9') });
  });
});

describe('the last places', () => {
  const env = { RESERVED_PLACES_PERCENT: '50', WS_API_KEYS: key };

  it('are for those with a credential, on each transport', async () => {
    const { log, lines } = warnings();
    await using fw = await testServer({
      log,
      env: { ...env, WEBSOCKET_MAX_CONNECTIONS: '4', SSE_MAX_CONNECTIONS: '2' },
    });
    for (let n = 0; n < 2; n++) await fw.socket('/');
    const { headers, body } = await refused(fw.socket('/'), 503, 'server_full');
    assert.equal(headers['retry-after'], '5');
    assert.match(body.error.message, /kept for who signs in/);
    await fw.stream('/sse/connect');
    await refused(fw.stream('/sse/connect'), 503, 'server_full');
    await fw.stream(`/sse/connect?token=${await fw.token('ann')}`);
    await fw.socket(`/?token=${await fw.token('ann')}`);
    await fw.socket('/ws/connect', { headers: { 'x-api-key': key } });
    await refused(fw.socket(`/?token=${await fw.token('ben')}`), 503, 'server_full');
    assert.deepEqual(
      lines.map(({ limit, of }) => ({ limit, of })),
      [{ limit: 'guests', of: 'server' }],
    );
  });

  it('of the whole server too', async () => {
    await using fw = await testServer({ env: { ...env, MAX_CONNECTIONS_TOTAL: '3' } });
    await fw.socket('/');
    await fw.stream('/sse/connect');
    await refused(fw.socket('/'), 503, 'server_full');
    await refused(fw.stream('/sse/connect'), 503, 'server_full');
    await fw.room('lobby', 'ann');
  });

  it('are a tenth by default, for clients elsewhere', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '10' } });
    for (let n = 0; n < 9; n++) await fw.socket('/', { headers: from(`203.0.113.${n}`) });
    await refused(fw.socket('/', { headers: from('203.0.113.10') }), 503, 'server_full');
    await fw.socket('/');
  });
});
