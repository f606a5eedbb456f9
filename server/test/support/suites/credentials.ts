import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Door, enter, heard, open } from '../doors.ts';
import { FakeClock } from '../fake-clock.ts';
import { closes, refused } from '../refusals.ts';
import { type TestServer, testServer } from '../server.ts';
import type { SocketOptions } from '../socket-client.ts';

const apiKey = 'a-key-of-the-tests-0123456789';
/** A room of which nothing else is asked. */
const lobby = 'lobby';

/** PROTOCOLS.md, "Common rules": credentials; and the setting of each dialect that asks for them. */
export function credentialsSuite(door: Door): void {
  describe(`${door.name}: credentials`, () => {
    waysIn(door);
    refusals(door);
    requirement(door);
    permissions(door);
    expiry(door);
  });
}

/** The one connection there is belongs to this user. */
async function isUser(fw: TestServer, user: string): Promise<void> {
  const { body } = await fw.call('GET', '/ws/connections');
  assert.deepEqual(
    body.connections.map((connection: { user_id: string }) => connection.user_id),
    [user],
  );
}

function waysIn(door: Door): void {
  const ways: [string, (token: string) => { query: string } & SocketOptions][] = [
    ['?token=', (token) => ({ query: `&token=${token}` })],
    ['Authorization: Bearer', (token) => ({ query: '', headers: { authorization: `Bearer ${token}` } })],
    [
      'authorization: bearer, in lower case',
      (token) => ({ query: '', headers: { authorization: `bearer ${token}` } }),
    ],
    ['the subprotocols bearer, <token>', (token) => ({ query: '', protocols: ['bearer', token] })],
  ];
  for (const [way, present] of ways) {
    it(`a token comes by ${way}`, async () => {
      await using fw = await testServer();
      const { query, headers, protocols = [] } = present(await fw.token('ann'));
      const client = await fw.socket(`${door.path(lobby)}${query}`, {
        headers: { ...door.headers, ...headers },
        protocols,
      });
      await door.settle(client, lobby);
      assert.equal(client.ws.protocol, protocols.length > 0 ? 'bearer' : '');
      await isUser(fw, 'ann');
    });
  }

  it('the same token in two places is fine; two different ones are 400', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await fw.token('ann'), await fw.token('bob')];
    const path = `${door.path(lobby)}&token=${ann}`;
    await fw.socket(path, { headers: { ...door.headers, authorization: `Bearer ${ann}` } });
    await isUser(fw, 'ann');
    await refused(
      fw.socket(path, { headers: { ...door.headers, authorization: `Bearer ${bob}` } }),
      400,
      'bad_request',
    );
  });
}

function refusals(door: Door): void {
  const wrong: [string, (fw: TestServer, clock: FakeClock) => Promise<SocketOptions & { query?: string }>][] =
    [
      ['a token that is none', async () => ({ query: '&token=nonsense' })],
      ['an empty token', async () => ({ query: '&token=' })],
      [
        'a token with another signature',
        async (fw) => ({ query: `&token=${(await fw.token('ann')).slice(0, -4)}AAAA` }),
      ],
      [
        'an expired token',
        async (fw, clock) => {
          const token = await fw.token('ann', { ttlSeconds: 10 });
          clock.advance(10_000);
          return { query: `&token=${token}` };
        },
      ],
      ['a wrong token in the header', async () => ({ headers: { authorization: 'Bearer nonsense' } })],
      ['a wrong token as subprotocol', async () => ({ protocols: ['bearer', 'nonsense'] })],
      ['an unknown API key', async () => ({ query: '&api_key=unknown' })],
      ['an unknown API key in the header', async () => ({ headers: { 'x-api-key': 'unknown' } })],
    ];
  for (const [what, present] of wrong) {
    it(`${what} is 401, required or not`, async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock, env: { WS_API_KEYS: apiKey } });
      const { query = '', headers, ...more } = await present(fw, clock);
      const opening = fw.socket(`${door.path(lobby)}${query}`, {
        headers: { ...door.headers, ...headers },
        ...more,
      });
      const { headers: answered } = await refused(opening, 401, 'unauthorized');
      assert.equal(answered['www-authenticate'], 'Bearer');
    });
  }

  it('the subprotocol bearer without a token is 400', async () => {
    await using fw = await testServer();
    const opening = fw.socket(door.path(lobby), { headers: door.headers, protocols: ['bearer'] });
    await refused(opening, 400, 'bad_request');
  });
}

function requirement(door: Door): void {
  const { authSetting } = door;
  const none = (fw: TestServer) => fw.socket(door.path(lobby), { headers: door.headers });
  const key = (fw: TestServer) =>
    fw.socket(door.path(lobby), { headers: { ...door.headers, 'x-api-key': apiKey } });
  const keyInQuery = (fw: TestServer) =>
    fw.socket(`${door.path(lobby)}&api_key=${apiKey}`, { headers: door.headers });

  if (authSetting === null) {
    it('a connection without a token is 401, and an API key alone is, because it names no user', async () => {
      await using fw = await testServer({ env: { WS_API_KEYS: apiKey } });
      await refused(none(fw), 401, 'unauthorized');
      await refused(key(fw), 401, 'unauthorized');
      await refused(keyInQuery(fw), 401, 'unauthorized');
    });
    return;
  }

  it('nobody has to present anything by default', async () => {
    await using fw = await testServer();
    const client = await enter(fw, door, lobby);
    assert.equal(client.ws.protocol, '');
  });

  it(`with ${authSetting}=true a connection without credentials is 401`, async () => {
    await using fw = await testServer({ env: { [authSetting]: 'true', WS_API_KEYS: apiKey } });
    await refused(none(fw), 401, 'unauthorized');
    await door.settle(await key(fw), lobby);
    await door.settle(await keyInQuery(fw), lobby);
    await enter(fw, door, lobby, { user: 'ann' });
  });
}

function permissions(door: Door): void {
  it('a token whose channels do not cover the room is forbidden there', async () => {
    await using fw = await testServer();
    const visit = { user: 'ann', token: { channels: ['other', 'team-*'] } };
    await enter(fw, door, 'other', visit);
    await enter(fw, door, 'team-1', visit);
    if (door.roomInAddress) return void (await refused(open(fw, door, lobby, visit), 403, 'forbidden'));
    const client = await open(fw, door, lobby, visit);
    client.send({ action: 'join', room: lobby });
    assert.equal(door.error(await client.next()).code, 'forbidden');
  });

  it('a token that may only listen is forbidden to write', async () => {
    await using fw = await testServer();
    const token = { channels: { subscribe: [lobby], presence: [lobby] } };
    const client = await enter(fw, door, lobby, { user: 'ann', token });
    client.send(door.message(lobby, 'hi'));
    assert.equal(door.error(await client.next()).code, 'forbidden');
    assert.deepEqual(await heard(door, client), []);
  });
}

function expiry(door: Door): void {
  it('a token that expires on an open connection closes it with 4401 within a second', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, door, lobby, { user: 'ann', token: { ttlSeconds: 12 } });
    clock.advance(11_900);
    await heard(door, client);
    clock.advance(1_100);
    await closes(client, 4401);
  });
}
