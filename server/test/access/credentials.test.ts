import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { type Credentials, readCredentials } from '../../src/access/credentials.ts';
import { refusal } from './refusal.ts';

interface Presented {
  readonly query?: string;
  readonly headers?: IncomingHttpHeaders;
  readonly apiKeyHeader?: string;
  readonly allowTicket?: boolean;
}

function read({
  query = '',
  headers = {},
  apiKeyHeader = 'X-API-Key',
  allowTicket = false,
}: Presented): Credentials {
  return readCredentials({ query: new URLSearchParams(query), headers, apiKeyHeader, allowTicket });
}

function protocols(value: string): Presented {
  return { headers: { 'sec-websocket-protocol': value } };
}

const nothing: Credentials = { token: null, apiKey: null, ticket: null, subprotocol: false };

describe('a token', () => {
  it('may be absent', () => {
    assert.deepEqual(read({}), nothing);
    assert.deepEqual(read({ query: 'room=a&tokens=b&Token=c' }), nothing);
  });

  it('comes as ?token=', () => {
    assert.deepEqual(read({ query: 'room=a&token=t.o.k' }), { ...nothing, token: 't.o.k' });
    assert.equal(read({ query: 'token=' }).token, '');
  });

  it('comes as a Bearer, in any case', () => {
    for (const authorization of ['Bearer t.o.k', 'bearer t.o.k', 'BEARER   t.o.k', 'Bearer t.o.k ']) {
      assert.deepEqual(read({ headers: { authorization } }), { ...nothing, token: 't.o.k' });
    }
    assert.equal(read({ headers: { authorization: 'Bearer' } }).token, '');
    assert.equal(read({ headers: { authorization: 'Bearer a b' } }).token, 'a b');
  });

  it('is not looked for in other schemes', () => {
    for (const authorization of ['Basic dTpw', 'Bearerx t', 'Token t', '', 't.o.k', 'Digest bearer t']) {
      assert.deepEqual(read({ headers: { authorization } }), nothing);
    }
  });

  it('comes as the pair of subprotocols bearer, <token>', () => {
    for (const value of [
      'bearer, t.o.k',
      'bearer,t.o.k',
      'v1, bearer ,  t.o.k , v2',
      'bearer,t.o.k,bearer,t.o.k',
    ]) {
      assert.deepEqual(read(protocols(value)), { ...nothing, token: 't.o.k', subprotocol: true });
    }
    assert.deepEqual(read(protocols('v1, v2')), nothing);
    assert.equal(read(protocols('bearer, bearer')).token, 'bearer');
  });

  it('must follow the subprotocol bearer', () => {
    for (const value of ['bearer', 'v1, bearer', 'bearer,', 'bearer, , x']) {
      assert.throws(
        () => read(protocols(value)),
        refusal('bad_request', /"bearer" must be followed by the token/, 400),
      );
    }
  });

  it('may stand in two places if it is the same', () => {
    const headers = { authorization: 'Bearer t', 'sec-websocket-protocol': 'bearer, t' };
    assert.deepEqual(read({ query: 'token=t&token=t', headers }), {
      ...nothing,
      token: 't',
      subprotocol: true,
    });
  });

  it('may not differ between two places', () => {
    const conflict = refusal('bad_request', /two different values for the token; send only one$/, 400);
    const headers = { authorization: 'Bearer t' };
    assert.throws(() => read({ query: 'token=u', headers }), conflict);
    assert.throws(() => read({ query: 'token=', headers }), conflict);
    assert.throws(() => read({ query: 'token=t&token=u' }), conflict);
    assert.throws(() => read({ headers: { ...headers, 'sec-websocket-protocol': 'bearer, u' } }), conflict);
    assert.throws(() => read(protocols('bearer, t, bearer, u')), conflict);
  });
});

describe('an API key', () => {
  it('comes as the configured header, in any case, or as ?api_key=', () => {
    assert.deepEqual(read({ headers: { 'x-api-key': 'k' } }), { ...nothing, apiKey: 'k' });
    assert.deepEqual(read({ headers: { 'x-key': 'k' }, apiKeyHeader: 'X-KEY' }), { ...nothing, apiKey: 'k' });
    assert.deepEqual(read({ headers: { 'x-api-key': 'k' }, apiKeyHeader: 'X-KEY' }), nothing);
    assert.deepEqual(read({ query: 'api_key=k' }), { ...nothing, apiKey: 'k' });
    assert.deepEqual(read({ query: 'api_key=k', headers: { 'x-api-key': 'k' } }), {
      ...nothing,
      apiKey: 'k',
    });
  });

  it('may not differ between two places', () => {
    const conflict = refusal('bad_request', /two different values for the API key/, 400);
    assert.throws(() => read({ query: 'api_key=k', headers: { 'x-api-key': 'l' } }), conflict);
    assert.throws(() => read({ headers: { 'x-api-key': ['k', 'l'] } }), conflict);
  });

  it('is not found in what every object has', () => {
    for (const apiKeyHeader of ['constructor', '__proto__', 'toString']) {
      assert.deepEqual(read({ apiKeyHeader }), nothing);
    }
  });
});

describe('a ticket', () => {
  it('is looked for only where it is allowed', () => {
    assert.deepEqual(read({ query: 'ticket=t' }), nothing);
    assert.deepEqual(read({ query: 'ticket=t', allowTicket: true }), { ...nothing, ticket: 't' });
    assert.throws(
      () => read({ query: 'ticket=t&ticket=u', allowTicket: true }),
      refusal('bad_request', /two different values for the ticket/, 400),
    );
  });
});

describe('reading', () => {
  it('takes time in proportion to the length', () => {
    const before = performance.now();
    for (const filler of [' ', ',', 'bearer,x,', '\t', ', ']) {
      read(protocols(`b${filler.repeat(200_000)}x`));
      read({ headers: { authorization: `Bearer ${filler.repeat(200_000)}x` } });
    }
    assert.ok(performance.now() - before < 1000);
  });
});
