import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../support/fake-clock.ts';
import { refused } from '../../support/refusals.ts';
import { type TestServer, testServer } from '../../support/server.ts';
import { from, warnings } from '../../support/warnings.ts';

const key = 'a-key-of-the-tests-that-is-long';
const env = { FAILED_CREDENTIALS_PER_MINUTE: '6', WS_API_KEYS: key };
const wrongToken = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl';
const here = from('203.0.113.7');
const elsewhere = from('203.0.113.8');

/** Every way to present a credential that is wrong. */
const ways: [what: string, present: (fw: TestServer) => Promise<unknown>][] = [
  ['a token on a WebSocket', (fw) => fw.socket(`/ws/connect?token=${wrongToken}`, { headers: here })],
  ['a token as subprotocol', (fw) => fw.socket('/', { headers: here, protocols: ['bearer', wrongToken] })],
  ['an API key on a WebSocket', (fw) => fw.socket('/', { headers: { ...here, 'x-api-key': 'wrong' } })],
  ['a token on an event stream', (fw) => fw.stream(`/sse/connect?token=${wrongToken}`, here)],
  ['a ticket', (fw) => fw.stream('/sse/connect?ticket=wrong', here)],
  ['an API key over HTTP', (fw) => call(fw, { 'x-api-key': 'wrong' })],
  ['an API key in the query', (fw) => call(fw, {}, '?api_key=wrong')],
  ['a token over HTTP', (fw) => call(fw, { authorization: `Bearer ${wrongToken}` })],
];

async function call(fw: TestServer, headers: Record<string, string>, query = ''): Promise<void> {
  const {
    status,
    body,
    headers: sent,
  } = await fw.call('GET', `/ws/stats${query}`, undefined, {
    ...here,
    ...headers,
  });
  if (status !== 200) throw Object.assign(new Error(body.error.code), { status, body, sent });
}

async function statusOf(presented: Promise<unknown>): Promise<number> {
  return presented.then(
    () => 200,
    (thrown) => thrown.status,
  );
}

describe('wrong credentials', () => {
  for (const [what, present] of ways) {
    it(`${what}: after too many the next is 429, and so is every other credential of that address`, async () => {
      await using fw = await testServer({ clock: new FakeClock(), env });
      for (let n = 0; n < 6; n++) assert.equal(await statusOf(present(fw)), 401);
      for (const [other, presentOther] of ways) assert.equal(await statusOf(presentOther(fw)), 429, other);
      const right = `?token=${await fw.token('ann')}`;
      const { headers, body } = await refused(fw.socket(`/${right}`, { headers: here }), 429, 'rate_limited');
      assert.equal(headers['retry-after'], '10');
      assert.equal(body.error.message, 'too many wrong credentials came from this address; wait');
      await fw.socket('/', { headers: here });
      await fw.socket(`/${right}`, { headers: elsewhere });
    });
  }

  it('that are mixed count together, and time forgives', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env });
    const [, ...six] = ways;
    for (const [what, present] of six.slice(0, 6)) assert.equal(await statusOf(present(fw)), 401, what);
    assert.equal(await statusOf(call(fw, { 'x-api-key': key })), 429);
    clock.advance(10_000);
    for (let n = 0; n < 20; n++) assert.equal(await statusOf(call(fw, { 'x-api-key': key })), 200);
    assert.equal(await statusOf(call(fw, { 'x-api-key': 'wrong' })), 401);
    const authorization = `Bearer ${await fw.token('ann')}`;
    assert.equal(await statusOf(call(fw, { authorization })), 429);
    // What a connection has proved before stays proved.
    assert.equal(await statusOf(call(fw, { 'x-api-key': key })), 200);
  });

  it('to refresh a connection with count as well', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env });
    const client = await fw.socket(`/ws/connect?token=${await fw.token('ann')}`, { headers: here });
    const refresh = async () =>
      (await client.ask({ action: 'refresh', data: { token: wrongToken } }, { type: 'error' })).content.type;
    for (let n = 0; n < 6; n++) assert.equal(await refresh(), 'unauthorized');
    assert.equal(await refresh(), 'rate_limited');
    assert.equal(await statusOf(call(fw, { 'x-api-key': 'wrong' })), 429);
  });

  it('in a flood are one line in the log, and counted', async () => {
    const { log, lines } = warnings();
    await using fw = await testServer({ clock: new FakeClock(), log, env });
    for (let n = 0; n < 100; n++) await statusOf(call(fw, { 'x-api-key': 'wrong' }));
    assert.deepEqual(lines, [
      {
        limit: 'credentials',
        of: 'address',
        address: '203.0.113.7',
        refused: 1,
        text: 'a limit bites: clients are refused',
      },
    ]);
  });

  it('are 100 a minute by default, from this machine too', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env: { WS_API_KEYS: key } });
    const wrong = () => fw.call('GET', '/ws/stats', undefined, { 'x-api-key': 'wrong' });
    for (let n = 0; n < 100; n++) assert.equal((await wrong()).status, 401);
    assert.equal((await wrong()).status, 429);
  });

  it('are not those that were left out, or are right but not enough', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env });
    for (let n = 0; n < 20; n++) {
      assert.equal(await statusOf(call(fw, {})), 401);
      assert.equal((await fw.call('DELETE', '/ws/connections/x', undefined, here)).status, 401);
    }
    assert.equal(await statusOf(call(fw, { 'x-api-key': key })), 200);
  });
});
