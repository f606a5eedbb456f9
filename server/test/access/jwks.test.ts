import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { FakeClock } from './fake-clock.ts';
import { jwt } from './raw-jwt.ts';
import { refusal } from './refusal.ts';
import { claims, secret, verifier } from './verifiers.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsa2 = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');

const unavailable = refusal('unavailable', /^the token cannot be checked now: the key set \(JWKS_URL\)/, 503);
const wrongSignature = refusal('unauthorized', /signature does not match any key/);
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Answers a request with a key set, or in its own way. */
type Answer = object | ((request: IncomingMessage, response: ServerResponse) => void);

/** A real HTTP server whose answer can be changed, and which counts what it is asked. */
async function keyServer(first: Answer) {
  const state = { answer: first, paths: [] as string[] };
  const server = createServer((request, response) => {
    state.paths.push(request.url ?? '');
    if (typeof state.answer === 'function') state.answer(request, response);
    else response.end(JSON.stringify(state.answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    state,
    url: `http://127.0.0.1:${address.port}/jwks`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function jwk(key: KeyObject, more: object = {}): object {
  return { ...key.export({ format: 'jwk' }), ...more };
}

describe('keys from a JWKS', () => {
  it('are fetched once, at the first token, and serve every kind', async () => {
    const keys = [
      jwk(rsa.publicKey, { kid: 'r' }),
      jwk(p256.publicKey, { kid: 'p' }),
      jwk(ed25519.publicKey),
    ];
    await using server = await keyServer({ keys });
    const one = await verifier({ jwksUrl: server.url, algorithms });
    assert.deepEqual(server.state.paths, []);
    const tokens = [
      jwt('RS256', rsa.privateKey, claims(), { kid: 'r' }),
      jwt('PS256', rsa.privateKey, claims(), { kid: 'r' }),
      jwt('ES256', p256.privateKey, claims(), { kid: 'p' }),
      jwt('EdDSA', ed25519.privateKey, claims()),
    ];
    const principals = await Promise.all(tokens.map((token) => one.verify(token)));
    for (const { user } of principals) assert.equal(user, 'u1');
    assert.deepEqual(server.state.paths, ['/jwks']);
  });

  it('work without pinned algorithms, but never for HMAC', async () => {
    await using server = await keyServer({
      keys: [jwk(rsa.publicKey), { kty: 'oct', k: 'c2VjcmV0', kid: 'o' }],
    });
    const one = await verifier({ jwksUrl: server.url, algorithms: [] });
    assert.equal((await one.verify(jwt('RS256', rsa.privateKey, claims()))).user, 'u1');
    const notAccepted = refusal('unauthorized', /algorithm is not one/);
    await assert.rejects(one.verify(jwt('HS256', 'secret', claims(), { kid: 'o' })), notAccepted);
    const both = await verifier({ jwksUrl: server.url, secret, algorithms: [] });
    await assert.rejects(both.verify(jwt('HS256', 'secret', claims(), { kid: 'o' })), wrongSignature);
  });

  it('are all tried where the token names none', async () => {
    await using server = await keyServer({ keys: [jwk(rsa2.publicKey), jwk(rsa.publicKey)] });
    const one = await verifier({ jwksUrl: server.url, algorithms });
    for (const { privateKey } of [rsa, rsa2]) {
      assert.equal((await one.verify(jwt('RS256', privateKey, claims()))).user, 'u1');
    }
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await assert.rejects(one.verify(jwt('RS256', other.privateKey, claims())), wrongSignature);
  });

  it('serve only the algorithm that they name', async () => {
    await using server = await keyServer({ keys: [jwk(rsa.publicKey, { alg: 'RS256', use: 'sig' })] });
    const one = await verifier({ jwksUrl: server.url, algorithms });
    assert.equal((await one.verify(jwt('RS256', rsa.privateKey, claims()))).user, 'u1');
    await assert.rejects(one.verify(jwt('PS256', rsa.privateKey, claims())), wrongSignature);
  });

  it('too weak to prove anything are passed over, and reported', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    await using server = await keyServer({ keys: [jwk(weak.publicKey), jwk(rsa.publicKey)] });
    const problems: unknown[] = [];
    const report = (problem: unknown) => problems.push(problem);
    const one = await verifier({ jwksUrl: server.url, algorithms, report });
    assert.equal((await one.verify(jwt('RS256', rsa.privateKey, claims()))).user, 'u1');
    await assert.rejects(one.verify(jwt('RS256', weak.privateKey, claims())), wrongSignature);
    assert.match(String(problems), /^Error: JWKS_URL has an RSA key of less than 2048 bits/);
  });

  it('of one issuer say nothing about another: same kid, other server', async () => {
    await using a = await keyServer({ keys: [jwk(rsa.publicKey, { kid: 'same' })] });
    await using b = await keyServer({ keys: [jwk(rsa2.publicKey, { kid: 'same' })] });
    const ofA = await verifier({ jwksUrl: a.url, algorithms });
    const ofB = await verifier({ jwksUrl: b.url, algorithms });
    const token = jwt('RS256', rsa.privateKey, claims(), { kid: 'same' });
    assert.equal((await ofA.verify(token)).user, 'u1');
    await assert.rejects(ofB.verify(token), wrongSignature);
  });

  it('are asked for only after the own keys', async () => {
    await using server = await keyServer({ keys: [jwk(rsa2.publicKey)] });
    const publicKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const one = await verifier({ jwksUrl: server.url, publicKey, algorithms });
    assert.equal((await one.verify(jwt('RS256', rsa.privateKey, claims()))).user, 'u1');
    assert.deepEqual(server.state.paths, []);
    assert.equal((await one.verify(jwt('RS256', rsa2.privateKey, claims()))).user, 'u1');
    assert.deepEqual(server.state.paths, ['/jwks']);
  });
});

describe('a new key in the JWKS', () => {
  it('is found 30 s after the last fetch, however the clock is set, and the old one is gone', async () => {
    const clock = new FakeClock();
    await using server = await keyServer({ keys: [jwk(rsa.publicKey, { kid: '1' })] });
    const one = await verifier({ jwksUrl: server.url, algorithms, clock });
    const before = jwt('RS256', rsa.privateKey, claims(), { kid: '1' });
    const after = jwt('RS256', rsa2.privateKey, claims(), { kid: '2' });
    assert.equal((await one.verify(before)).user, 'u1');
    server.state.answer = { keys: [jwk(rsa2.publicKey, { kid: '2' })] };
    clock.step(600_000);
    clock.advance(29_999);
    await assert.rejects(one.verify(after), wrongSignature);
    assert.equal(server.state.paths.length, 1);
    clock.step(-1_200_000);
    clock.advance(1);
    assert.equal((await one.verify(after)).user, 'u1');
    assert.equal(server.state.paths.length, 2);
    await assert.rejects(one.verify(before), wrongSignature);
  });

  it('is fetched after 10 minutes, whether anybody shows it or not', async () => {
    const clock = new FakeClock();
    await using server = await keyServer({ keys: [jwk(rsa.publicKey)] });
    const one = await verifier({ jwksUrl: server.url, algorithms, clock });
    const token = jwt('RS256', rsa.privateKey, claims({ exp: clock.seconds + 3_600 }));
    for (const ms of [0, 599_999, 1]) {
      clock.advance(ms);
      await one.verify(token);
    }
    assert.equal(server.state.paths.length, 2);
  });
});

describe('a token', () => {
  it('never decides what is fetched', async () => {
    await using evil = await keyServer({ keys: [jwk(rsa2.publicKey, { kid: 'evil' })] });
    await using server = await keyServer({ keys: [jwk(rsa.publicKey, { kid: 'r' })] });
    const one = await verifier({ jwksUrl: server.url, algorithms });
    const address = new URL('/evil', evil.url).href;
    const header = { kid: address, jku: address, x5u: address, jwk: jwk(rsa2.publicKey) };
    const token = jwt('RS256', rsa2.privateKey, claims({ iss: address, aud: address }), header);
    await assert.rejects(one.verify(token), wrongSignature);
    assert.deepEqual(evil.state.paths, []);
    assert.deepEqual(server.state.paths, ['/jwks']);
  });

  it('with a made-up kid brings no second fetch', async () => {
    await using server = await keyServer({ keys: [jwk(rsa.publicKey, { kid: 'r' })] });
    const one = await verifier({ jwksUrl: server.url, algorithms });
    for (const kid of ['a', 'b', '../c', '__proto__', '']) {
      await assert.rejects(one.verify(jwt('RS256', rsa.privateKey, claims(), { kid })), wrongSignature);
    }
    assert.deepEqual(server.state.paths, ['/jwks']);
  });
});

describe('a JWKS that cannot be had', () => {
  const token = jwt('RS256', rsa.privateKey, claims());
  const elsewhere = (_: IncomingMessage, response: ServerResponse) =>
    response.writeHead(302, { location: '/other' }).end();
  const endless = (_: IncomingMessage, response: ServerResponse) => {
    const send = () => {
      while (response.write(' '.repeat(65_536)));
      response.once('drain', send);
    };
    send();
  };
  const broken: [what: string, answer: Answer][] = [
    ['a status other than 200', (_, response) => response.writeHead(500).end('{"keys":[]}')],
    ['a redirect', elsewhere],
    ['no JSON', (_, response) => response.end('<html>')],
    ['JSON of another shape', { key: [] }],
    ['JSON null', (_, response) => response.end('null')],
    ['keys that are no objects', { keys: ['x'] }],
    ['a cut connection', (request) => request.socket.destroy()],
    ['a body without end', endless],
    ['a key that cannot be read', { keys: [{ kty: 'RSA', e: 'AQAB' }] }],
  ];
  for (const [what, answer] of broken) {
    it(`is unavailable: ${what}`, async () => {
      await using server = await keyServer(answer);
      const problems: unknown[] = [];
      const report = (problem: unknown) => problems.push(problem);
      const one = await verifier({ jwksUrl: server.url, algorithms, report });
      await assert.rejects(one.verify(token), unavailable);
      assert.equal(problems.length, 1);
      assert.deepEqual(server.state.paths, ['/jwks']);
    });
  }

  it('is asked again after 5 s, and then works', async () => {
    await using server = await keyServer((_, response) => response.writeHead(503).end());
    const clock = new FakeClock();
    const problems: unknown[] = [];
    const report = (problem: unknown) => problems.push(problem);
    const one = await verifier({ jwksUrl: server.url, algorithms, clock, report });
    await assert.rejects(one.verify(token), unavailable);
    server.state.answer = { keys: [jwk(rsa.publicKey)] };
    clock.advance(4999);
    await assert.rejects(one.verify(token), unavailable);
    assert.equal(server.state.paths.length, 1);
    assert.equal(problems.length, 1);
    clock.advance(1);
    assert.equal((await one.verify(token)).user, 'u1');
    assert.equal(server.state.paths.length, 2);
  });

  it('is asked again after 5 s when the clock was set back', async () => {
    await using server = await keyServer((_, response) => response.writeHead(503).end());
    const clock = new FakeClock();
    const one = await verifier({ jwksUrl: server.url, algorithms, clock });
    await assert.rejects(one.verify(token), unavailable);
    server.state.answer = { keys: [jwk(rsa.publicKey)] };
    clock.step(-10_000);
    await assert.rejects(one.verify(token), unavailable);
    assert.equal(server.state.paths.length, 1);
    clock.advance(5_000);
    assert.equal((await one.verify(token)).user, 'u1');
  });

  it('does not stop tokens of the own keys', async () => {
    await using server = await keyServer((_, response) => response.writeHead(503).end());
    const one = await verifier({ jwksUrl: server.url, secret, algorithms: [...algorithms, 'HS256'] });
    assert.equal((await one.verify(jwt('HS256', secret, claims()))).user, 'u1');
    await assert.rejects(one.verify(token), unavailable);
  });
});
