import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { ApiKeys, parseApiKeys } from '../../src/access/api-keys.ts';
import { type AuthenticationNeeds, Authenticator } from '../../src/access/authenticator.ts';
import { anonymous, type Principal } from '../../src/access/principal.ts';
import { Tickets } from '../../src/access/tickets.ts';
import { FakeClock } from './fake-clock.ts';
import { jwt } from './raw-jwt.ts';
import { refusal } from './refusal.ts';
import { claims, secret, verifier } from './verifiers.ts';

const key = 'an-api-key-0123456789';
const token = jwt('HS256', secret, claims({ scope: 'read', channels: ['news'] }));
const wrongToken = jwt('HS256', 'another secret', claims());
const open: AuthenticationNeeds = { required: false };
const closed: AuthenticationNeeds = { required: true };

interface Presented {
  readonly query?: string;
  readonly headers?: IncomingHttpHeaders;
}

async function entrance(keys = `ci:publish:${key}`) {
  const clock = new FakeClock();
  const tickets = new Tickets({ clock });
  const authenticator = new Authenticator({
    verifier: await verifier({ secret, clock }),
    apiKeys: new ApiKeys(parseApiKeys(keys)),
    tickets,
    apiKeyHeader: 'X-API-Key',
  });
  const enter = ({ query = '', headers = {} }: Presented, needs: AuthenticationNeeds): Promise<Principal> =>
    authenticator.authenticate({ query: new URLSearchParams(query), headers }, needs);
  return { enter, tickets, clock, authenticator };
}

describe('without credentials', () => {
  it('one is anonymous where none are required', async () => {
    const { enter } = await entrance();
    assert.equal(await enter({}, open), anonymous);
    assert.equal(await enter({ headers: { authorization: 'Basic dTpw' } }, open), anonymous);
    assert.equal(await enter({ query: 'ticket=x' }, open), anonymous);
  });

  it('one is refused where they are required, and told the ways', async () => {
    const { enter } = await entrance();
    await assert.rejects(
      enter({}, closed),
      refusal(
        'unauthorized',
        /Authorization: Bearer.*\?token=.*bearer, <token>.*X-API-Key or \?api_key=$/,
        401,
      ),
    );
    await assert.rejects(
      enter({}, { required: true, userRequired: true }),
      refusal('unauthorized', /^(?!.*X-API-Key).*\?token=/),
    );
    await assert.rejects(
      enter({}, { ...closed, allowTicket: true }),
      refusal('unauthorized', /POST \/sse\/ticket/),
    );
  });
});

describe('with a token', () => {
  it('one is its user, however it comes', async () => {
    const { enter } = await entrance();
    const ways: Presented[] = [
      { query: `token=${token}` },
      { headers: { authorization: `Bearer ${token}` } },
      { headers: { 'sec-websocket-protocol': `bearer, ${token}` } },
    ];
    for (const way of ways) {
      for (const needs of [open, closed, { required: true, userRequired: true }]) {
        const principal = await enter(way, needs);
        assert.equal(principal.user, 'u1');
        assert.equal(principal.via, 'jwt');
        assert.deepEqual(principal.scopes, new Set(['read']));
      }
    }
  });

  it('that is invalid one is refused even where none is required', async () => {
    const { enter } = await entrance();
    for (const wrong of [wrongToken, '', 'x', jwt('HS256', secret, claims({ exp: 1 }))]) {
      await assert.rejects(
        enter({ query: `token=${wrong}` }, open),
        refusal('unauthorized', /^the token/, 401),
      );
    }
  });

  it('and another one is a bad request', async () => {
    const { enter } = await entrance();
    const headers = { authorization: `Bearer ${token}` };
    await assert.rejects(
      enter({ query: `token=${wrongToken}`, headers }, open),
      refusal('bad_request', /two/, 400),
    );
  });
});

describe('with an API key', () => {
  it('one has no user, but the scopes of the key', async () => {
    const { enter } = await entrance();
    for (const way of [{ query: `api_key=${key}` }, { headers: { 'x-api-key': key } }]) {
      const principal = await enter(way, closed);
      assert.equal(principal.user, null);
      assert.equal(principal.via, 'key');
      assert.equal(principal.keyName, 'ci');
      assert.equal(principal.expiresAt, null);
      assert.deepEqual(principal.scopes, new Set(['publish', 'broadcast']));
    }
  });

  it('that is wrong one is refused even where none is required', async () => {
    const { enter } = await entrance();
    for (const wrong of ['', 'x', `${key}x`]) {
      await assert.rejects(
        enter({ query: `api_key=${wrong}` }, open),
        refusal('unauthorized', /^the API key is not/),
      );
    }
    const keyless = await entrance('');
    await assert.rejects(
      keyless.enter({ headers: { 'x-api-key': key } }, open),
      refusal('unauthorized', /accepts no API keys: WS_API_KEYS is not set/),
    );
  });

  it('alone one is refused where a user is required', async () => {
    const { enter } = await entrance();
    for (const required of [true, false]) {
      await assert.rejects(
        enter({ headers: { 'x-api-key': key } }, { required, userRequired: true }),
        refusal('unauthorized', /^an API key alone is not enough/, 401),
      );
    }
  });
});

describe('with a token and an API key', () => {
  const both = { query: `token=${token}&api_key=${key}` };

  it('one is the user of the token with the scopes of both', async () => {
    const { enter } = await entrance();
    const principal = await enter(both, { required: true, userRequired: true });
    assert.equal(principal.user, 'u1');
    assert.equal(principal.via, 'jwt');
    assert.equal(principal.keyName, 'ci');
    assert.notEqual(principal.channels, null);
    assert.notEqual(principal.expiresAt, null);
    assert.deepEqual([...principal.scopes].sort(), ['broadcast', 'publish', 'read']);
  });

  it('both have to be valid', async () => {
    const { enter } = await entrance();
    const unauthorized = refusal('unauthorized', /./);
    await assert.rejects(enter({ query: `token=${wrongToken}&api_key=${key}` }, open), unauthorized);
    await assert.rejects(enter({ query: `token=${token}&api_key=${key}x` }, open), unauthorized);
  });
});

describe('with a ticket', () => {
  const needs: AuthenticationNeeds = { required: true, allowTicket: true };

  it('one is who asked for it, once', async () => {
    const { enter, tickets } = await entrance();
    const principal = await enter({ query: `token=${token}` }, closed);
    const { ticket } = tickets.issue(principal);
    assert.equal(await enter({ query: `ticket=${ticket}` }, needs), principal);
    await assert.rejects(
      enter({ query: `ticket=${ticket}` }, { ...needs, required: false }),
      refusal('unauthorized', /^the ticket is unknown, used or expired; get a new one/, 401),
    );
  });

  it('that expired one is refused', async () => {
    const { enter, tickets, clock } = await entrance();
    const { ticket } = tickets.issue(anonymous);
    clock.advance(30_000);
    await assert.rejects(enter({ query: `ticket=${ticket}` }, needs), refusal('unauthorized', /^the ticket/));
  });

  it('and other credentials one contradicts oneself, and the ticket stays good', async () => {
    const { enter, tickets } = await entrance();
    const { ticket } = tickets.issue({ ...anonymous, user: 'u2', via: 'jwt' });
    for (const other of [`token=${token}`, `api_key=${key}`]) {
      await assert.rejects(
        enter({ query: `ticket=${ticket}&${other}` }, needs),
        refusal('bad_request', /either a ticket or other credentials/, 400),
      );
    }
    assert.equal((await enter({ query: `ticket=${ticket}` }, needs)).user, 'u2');
  });

  it('of an API key one has no user', async () => {
    const { enter, tickets } = await entrance();
    const { ticket } = tickets.issue(await enter({ query: `api_key=${key}` }, closed));
    await assert.rejects(
      enter({ query: `ticket=${ticket}` }, { ...needs, userRequired: true }),
      refusal('unauthorized', /an API key alone/),
    );
  });
});

describe('a connection', () => {
  const connection = {};
  const headers = { 'x-api-key': key };

  async function known(query: string, first: IncomingHttpHeaders) {
    const { authenticator } = await entrance(`ci:publish:${key},other:read:another-key-0123456789`);
    const principal = await authenticator.authenticate(
      { query: new URLSearchParams(query), headers: first, connection },
      open,
    );
    return { principal, recall: (again: IncomingHttpHeaders) => authenticator.recall(again, connection) };
  }

  it('is known again by the API key that it presented', async () => {
    for (const [query, first] of [
      ['', headers],
      [`api_key=${key}`, {}],
    ] as const) {
      const { principal, recall } = await known(query, first);
      assert.equal(principal.keyName, 'ci');
      assert.equal(recall(headers), principal);
    }
  });

  it('is known by that key whole, and by nothing else', async () => {
    const { recall } = await known('', headers);
    const others = ['', key.slice(1), `${key} `, `${key.slice(0, -1)}x`, 'another-key-0123456789'];
    for (const other of others) assert.equal(recall({ 'x-api-key': other }), null, other);
    assert.equal(recall({}), null);
    assert.equal(recall({ 'x-api-key': [key] }), null);
    assert.equal(recall({ ...headers, authorization: `Bearer ${token}` }), null);
    assert.equal(recall({ ...headers, authorization: '' }), null);
    assert.equal(recall({ ...headers, 'sec-websocket-protocol': `bearer, ${token}` }), null);
  });

  it('is known to itself alone', async () => {
    const { authenticator } = await entrance();
    const query = new URLSearchParams();
    await authenticator.authenticate({ query, headers, connection }, closed);
    await authenticator.authenticate({ query, headers }, closed);
    assert.equal(authenticator.recall(headers, {}), null);
    assert.notEqual(authenticator.recall(headers, connection), null);
  });

  it('is not known by a token, nor by a key beside one', async () => {
    const authorization = `Bearer ${token}`;
    for (const first of [{ authorization }, { ...headers, authorization }, {}]) {
      const { recall } = await known('', first);
      for (const again of [first, headers, {}]) assert.equal(recall(again), null);
    }
  });

  it('is not known by what was refused', async () => {
    const { authenticator } = await entrance();
    const wrong = { 'x-api-key': `${key}x` };
    await assert.rejects(
      authenticator.authenticate({ query: new URLSearchParams(), headers: wrong, connection }, open),
    );
    assert.equal(authenticator.recall(wrong, connection), null);
  });
});

describe('a refusal', () => {
  it('never holds what was presented', async () => {
    const { enter } = await entrance();
    const presented = [
      `token=${wrongToken}`,
      `api_key=${key}x`,
      `token=a&token=${token}`,
      'ticket=made-up-ticket',
    ];
    for (const query of presented) {
      await assert.rejects(enter({ query }, { required: true, allowTicket: true }), (thrown) => {
        const text = `${thrown} ${JSON.stringify(thrown)}`;
        for (const hidden of [wrongToken, token, key, 'made-up-ticket'])
          assert.ok(!text.includes(hidden), text);
        return true;
      });
    }
  });
});
