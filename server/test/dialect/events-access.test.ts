import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { refused, refusedCall } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';

const required = { SSE_AUTH_REQUIRED: 'true' };
const key = 'a-key-of-the-tests-1';

async function userOf(fw: TestServer, query: string, headers: Record<string, string> = {}): Promise<unknown> {
  const stream = await fw.stream(`/sse/connect?${query}`, headers);
  return (await stream.next('connected')).data.content.user_id;
}

async function ticketOf(fw: TestServer, user: string, wishes: object = {}): Promise<string> {
  const headers = { authorization: `Bearer ${await fw.token(user, wishes)}` };
  return (await fw.call('POST', '/sse/ticket', undefined, headers)).body.ticket;
}

describe('SSE_AUTH_REQUIRED', () => {
  it('refuses without credentials', async () => {
    await using fw = await testServer({ env: required });
    await refused(fw.stream('/sse/connect?channels=news'), 401, 'unauthorized');
  });

  it('false lets anybody in, but not with credentials that are invalid', async () => {
    await using fw = await testServer();
    assert.equal(await userOf(fw, ''), null);
    for (const query of ['token=x.y.z', 'token=', 'api_key=nope', 'ticket=nope', 'ticket=']) {
      await refused(fw.stream(`/sse/connect?${query}`), 401, 'unauthorized');
    }
    await refused(fw.stream('/sse/connect', { authorization: 'Bearer nope' }), 401, 'unauthorized');
  });

  it('is satisfied by a token as ?token= or as Authorization: Bearer', async () => {
    await using fw = await testServer({ env: required });
    const token = await fw.token('u1');
    assert.equal(await userOf(fw, `token=${token}`), 'u1');
    assert.equal(await userOf(fw, '', { authorization: `Bearer ${token}` }), 'u1');
    assert.equal(await userOf(fw, '', { authorization: `bearer ${token}` }), 'u1');
  });

  it('is satisfied by an API key as header or ?api_key=', async () => {
    await using fw = await testServer({
      env: { ...required, WS_API_KEYS: key, WS_API_KEY_HEADER: 'X-Fan-Key' },
    });
    assert.equal(await userOf(fw, `api_key=${key}`), null);
    assert.equal(await userOf(fw, '', { 'x-fan-key': key }), null);
    await refused(fw.stream('/sse/connect', { 'x-api-key': key }), 401, 'unauthorized');
    await refused(fw.stream('/sse/connect', { 'x-fan-key': `${key}x` }), 401, 'unauthorized');
  });
});

describe('a ticket', () => {
  it('opens one stream in the name of whoever got it', async () => {
    await using fw = await testServer({ env: required });
    const ticket = await ticketOf(fw, 'u1');
    assert.equal(await userOf(fw, `ticket=${ticket}`), 'u1');
    await refused(fw.stream(`/sse/connect?ticket=${ticket}`), 401, 'unauthorized');
  });

  it('is good for 30 s', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: required });
    const headers = { authorization: `Bearer ${await fw.token('u1')}` };
    const issue = async () => (await fw.call('POST', '/sse/ticket', undefined, headers)).body;
    const [early, late] = [await issue(), await issue()];
    assert.equal(early.expires_in, 30);
    clock.advance(29_999);
    assert.equal(await userOf(fw, `ticket=${early.ticket}`), 'u1');
    clock.advance(1);
    await refused(fw.stream(`/sse/connect?ticket=${late.ticket}`), 401, 'unauthorized');
  });

  it('is given to nobody without credentials where they are required', async () => {
    await using fw = await testServer({ env: required });
    refusedCall(await fw.call('POST', '/sse/ticket'), 401, 'unauthorized');
  });

  it('has the permissions and the expiry of the token', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: required });
    const ticket = () => ticketOf(fw, 'u1', { channels: ['news'], ttlSeconds: 10 });
    await refused(fw.stream(`/sse/connect?channels=other&ticket=${await ticket()}`), 403, 'forbidden');
    const stream = await fw.stream(`/sse/connect?channels=news&ticket=${await ticket()}`);
    clock.advance(11_000);
    assert.equal((await stream.next('closed')).data.code, 4401);
  });

  it('together with other credentials is a bad request', async () => {
    await using fw = await testServer({ env: required });
    const path = `/sse/connect?ticket=${await ticketOf(fw, 'u1')}&token=${await fw.token('u1')}`;
    await refused(fw.stream(path), 400, 'bad_request');
  });

  it('opens no WebSocket', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_AUTH_REQUIRED: 'true' } });
    await refused(fw.socket(`/ws/connect?ticket=${await ticketOf(fw, 'u1')}`), 401, 'unauthorized');
  });
});

describe('a token that expires', () => {
  it('ends the stream with the event closed, code 4401', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const stream = await fw.stream(`/sse/connect?token=${await fw.token('u1', { ttlSeconds: 10 })}`);
    const other = await fw.stream('/sse/connect');
    clock.advance(9_900);
    await fw.call('POST', '/ws/broadcast', { message: { content: 'still here' } });
    await stream.next('broadcast');
    clock.advance(1_100);
    const { data, id } = await stream.next('closed');
    assert.deepEqual(data, { code: 4401, reason: 'token expired or revoked' });
    assert.equal(id, stream.inbox.all.at(-2)?.id, 'it has no id of its own');
    await stream.ended;
    await fw.call('POST', '/ws/broadcast', { message: { content: 'for others' } });
    await other.next('broadcast', { content: 'for others' });
  });
});

describe('the channels of the address', () => {
  it('need permission', async () => {
    await using fw = await testServer({ env: required });
    const token = await fw.token('u1', { channels: { subscribe: ['news'] } });
    await fw.stream(`/sse/connect?channels=news&token=${token}`);
    await refused(fw.stream(`/sse/connect?channels=news,other&token=${token}`), 403, 'forbidden');
  });

  it('may not be reserved ones', async () => {
    await using fw = await testServer();
    const token = await fw.token('u1');
    for (const channel of ['$all', '$user:u1', '$user:u2', '$control']) {
      const path = `/sse/connect?channels=${encodeURIComponent(channel)}&token=${token}`;
      await refused(fw.stream(path), 403, 'forbidden');
    }
  });

  it('have to be names', async () => {
    await using fw = await testServer();
    for (const name of ['x'.repeat(256), 'a%00b', 'a%0Ab', '%C2%85']) {
      await refused(fw.stream(`/sse/connect?channels=ok,${name}`), 400, 'bad_request');
    }
    await fw.stream(`/sse/connect?channels=${'x'.repeat(255)}`);
  });
});

describe('Origin', () => {
  const env = { ALLOWED_ORIGINS: 'https://app.example.com' };

  it('that is not allowed is refused with 403, before credentials are looked at', async () => {
    await using fw = await testServer({ env: { ...env, ...required } });
    for (const origin of [
      'https://evil.example',
      'https://app.example.com.evil.example',
      'http://app.example.com',
      'null',
    ]) {
      await refused(fw.stream('/sse/connect?token=x', { origin }), 403, 'forbidden');
    }
  });

  it('that is allowed may read the stream, and so may a loopback page in development', async () => {
    await using fw = await testServer({ env });
    for (const origin of ['https://app.example.com', 'http://localhost:5173', fw.url]) {
      const { headers } = await fw.stream('/sse/connect', { origin });
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers.vary, 'Origin');
    }
  });

  it('in production is not loopback', async () => {
    const guests = { SSE_AUTH_REQUIRED: 'false' };
    await using fw = await testServer({ env: { ...env, ...guests, NODE_ENV: 'production' } });
    await refused(fw.stream('/sse/connect', { origin: 'http://localhost:5173' }), 403, 'forbidden');
    await fw.stream('/sse/connect', { origin: 'https://app.example.com' });
  });

  it('may be anything where ALLOWED_ORIGINS is *', async () => {
    await using fw = await testServer({ env: { ALLOWED_ORIGINS: '*' } });
    const { headers } = await fw.stream('/sse/connect', { origin: 'https://anywhere.example' });
    assert.equal(headers['access-control-allow-origin'], '*');
  });

  it('is shown the refusal as well, so that a page can read why', async () => {
    await using fw = await testServer({ env: { ...env, ...required } });
    const origin = 'https://app.example.com';
    const { headers } = await refused(fw.stream('/sse/connect', { origin }), 401, 'unauthorized');
    assert.equal(headers['access-control-allow-origin'], origin);
  });

  it('guards a preflight for Last-Event-ID and Authorization', async () => {
    await using fw = await testServer({ env });
    const ask = (origin: string) =>
      fetch(`${fw.url}/sse/connect`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization,last-event-id',
        },
      });
    const allowed = await ask('https://app.example.com');
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example.com');
    const names = (allowed.headers.get('access-control-allow-headers') ?? '').toLowerCase();
    assert.ok(names.includes('authorization') && names.includes('last-event-id'), names);
    assert.equal((await ask('https://evil.example')).status, 403);
  });
});
