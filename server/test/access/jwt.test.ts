import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TokenVerifier } from '../../src/access/jwt.ts';
import { FanwireError } from '../../src/errors.ts';
import { certificate } from './certificate.ts';
import { encode, jwt, rawJwt } from './raw-jwt.ts';
import { refusal, startError } from './refusal.ts';
import { claims, secret, verifier } from './verifiers.ts';

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');
const everyAlgorithm = ['HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const malformed = refusal('unauthorized', /^the token is malformed: /, 401);
const wrongSignature = refusal('unauthorized', /^the token's signature does not match any key/);
const wrongAlgorithm = refusal(
  'unauthorized',
  /^the token's algorithm is not one that this server accepts: [EHPRS]/,
);

describe('tokens signed with a secret', () => {
  for (const alg of ['HS256', 'HS384', 'HS512']) {
    it(`pass with ${alg}, and with that only`, async () => {
      const one = await verifier({ secret, algorithms: [alg] });
      assert.equal((await one.verify(jwt(alg, secret, claims()))).user, 'u1');
      for (const other of ['HS256', 'HS384', 'HS512'].filter((name) => name !== alg)) {
        await assert.rejects(one.verify(jwt(other, secret, claims())), wrongAlgorithm);
        await assert.rejects(one.verify(rawJwt(other, secret, { alg }, claims())), wrongSignature);
      }
    });
  }

  it('pass with any algorithm of a list', async () => {
    const both = await verifier({ secret, algorithms: ['HS256', 'HS512'] });
    for (const alg of ['HS256', 'HS512']) {
      assert.equal((await both.verify(jwt(alg, secret, claims()))).user, 'u1');
    }
  });

  it('are refused with another secret, an empty one too', async () => {
    const one = await verifier({ secret });
    for (const other of [`${secret} `, '', 'change-me']) {
      await assert.rejects(one.verify(jwt('HS256', other, claims())), wrongSignature);
    }
  });

  it('are refused when anything in them was changed', async () => {
    const one = await verifier({ secret });
    const [header, payload, signature] = jwt('HS256', secret, claims()).split('.');
    const changed = encode(claims({ sub: 'admin' }));
    await assert.rejects(one.verify(`${header}.${changed}.${signature}`), wrongSignature);
    await assert.rejects(one.verify(`${header}.${payload}.`), wrongSignature);
    await assert.rejects(one.verify(`${encode({ alg: 'HS256' })}.${payload}.${signature}`), wrongSignature);
    await assert.rejects(one.verify(`${header}.${payload}.${signature?.slice(0, -4)}`), wrongSignature);
  });

  it('pass with the former secret while it is set', async () => {
    const former = 'the former secret of thirty-two bytes';
    const old = jwt('HS256', former, claims());
    const rotating = await verifier({ secret, previousSecret: former });
    assert.equal((await rotating.verify(old)).user, 'u1');
    assert.equal((await rotating.verify(jwt('HS256', secret, claims()))).user, 'u1');
    await assert.rejects(rotating.verify(jwt('HS256', 'neither', claims())), wrongSignature);
    await assert.rejects((await verifier({ secret })).verify(old), wrongSignature);
  });

  it('hear about their claims with the former secret as well', async () => {
    const rotating = await verifier({ secret, previousSecret: 'former' });
    const expired = refusal('unauthorized', /has expired/);
    await assert.rejects(rotating.verify(jwt('HS256', 'former', claims({ exp: 1 }))), expired);
  });
});

describe('tokens signed with a private key', () => {
  const kinds: [alg: string, pair: Pair][] = [
    ['RS256', rsa],
    ['RS512', rsa],
    ['PS256', rsa],
    ['PS384', rsa],
    ['ES256', p256],
    ['ES384', p384],
    ['ES512', p521],
    ['EdDSA', ed25519],
    ['Ed25519', ed25519],
  ];
  for (const [alg, pair] of kinds) {
    it(`pass with ${alg} if it is pinned`, async () => {
      const one = await verifier({ publicKey: pem(pair), algorithms: [alg] });
      assert.equal((await one.verify(jwt(alg, pair.privateKey, claims()))).user, 'u1');
    });

    it(`pass with ${alg} by the type of the key if nothing is pinned`, async () => {
      const one = await verifier({ publicKey: pem(pair), algorithms: [] });
      assert.equal((await one.verify(jwt(alg, pair.privateKey, claims()))).user, 'u1');
    });
  }

  it('are refused with another algorithm of the same key', async () => {
    const one = await verifier({ publicKey: pem(rsa), algorithms: ['RS256'] });
    await assert.rejects(one.verify(jwt('PS256', rsa.privateKey, claims())), wrongAlgorithm);
    await assert.rejects(one.verify(jwt('RS512', rsa.privateKey, claims())), wrongAlgorithm);
    await assert.rejects(
      one.verify(rawJwt('PS256', rsa.privateKey, { alg: 'RS256' }, claims())),
      wrongSignature,
    );
  });

  it('are refused with another key of the same kind', async () => {
    const one = await verifier({ publicKey: pem(p256), algorithms: ['ES256'] });
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await assert.rejects(one.verify(jwt('ES256', other.privateKey, claims())), wrongSignature);
  });

  it('pass with the key of an X.509 certificate', async () => {
    const one = await verifier({
      publicKey: certificate(p256.privateKey, p256.publicKey),
      algorithms: ['ES256'],
    });
    assert.equal((await one.verify(jwt('ES256', p256.privateKey, claims()))).user, 'u1');
  });

  it('pass with a PEM whose line ends are escaped, as in environment files', async () => {
    const one = await verifier({ publicKey: pem(p256).replaceAll('\n', '\\n'), algorithms: ['ES256'] });
    assert.equal((await one.verify(jwt('ES256', p256.privateKey, claims()))).user, 'u1');
  });

  it('pass beside a secret, each key for its own algorithms', async () => {
    const one = await verifier({ secret, publicKey: pem(rsa), algorithms: ['HS256', 'RS256'] });
    assert.equal((await one.verify(jwt('HS256', secret, claims()))).user, 'u1');
    assert.equal((await one.verify(jwt('RS256', rsa.privateKey, claims()))).user, 'u1');
  });
});

describe('confusion of algorithms', () => {
  const everywhere = () => verifier({ secret, publicKey: pem(rsa), algorithms: everyAlgorithm });

  it('none is refused in any spelling', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', ' HS256', 'hs256', '__proto__', 'constructor']) {
      const text = `${encode({ alg })}.${encode(claims())}`;
      await assert.rejects((await everywhere()).verify(`${text}.`), wrongAlgorithm);
      await assert.rejects(
        (await everywhere()).verify(rawJwt('HS256', secret, { alg }, claims())),
        wrongAlgorithm,
      );
    }
  });

  it('a missing alg, or one that is no string, is refused', async () => {
    for (const header of [
      {},
      { alg: null },
      { alg: ['HS256'] },
      { alg: { toString: 'HS256' } },
      { alg: 256 },
    ]) {
      const text = rawJwt('HS256', secret, header, claims());
      await assert.rejects((await everywhere()).verify(text), refusal('unauthorized', /names no algorithm/));
    }
  });

  it('a public key never serves as the secret of an HMAC', async () => {
    const one = await verifier({ publicKey: pem(rsa), algorithms: ['RS256'] });
    const spellings = [
      pem(rsa),
      pem(rsa).trim(),
      rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    ];
    for (const asSecret of spellings) {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        await assert.rejects(one.verify(jwt(alg, asSecret, claims())), wrongAlgorithm);
        await assert.rejects((await everywhere()).verify(jwt(alg, asSecret, claims())), wrongSignature);
      }
    }
    const listed = await verifier({ publicKey: pem(rsa), algorithms: ['RS256', 'HS256'] });
    await assert.rejects(listed.verify(jwt('HS256', pem(rsa), claims())), wrongAlgorithm);
  });

  it('keys and addresses in the header mean nothing', async () => {
    const evil = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = evil.publicKey.export({ format: 'jwk' });
    const headers = [
      { jwk },
      { jwk, kid: 'evil' },
      { jku: 'http://127.0.0.1:1/jwks' },
      { x5u: 'http://127.0.0.1:1/cert' },
      { x5c: [certificate(p256.privateKey, p256.publicKey).split('\n').slice(1, -2).join('')] },
    ];
    for (const header of headers) {
      await assert.rejects(
        (await everywhere()).verify(jwt('RS256', evil.privateKey, claims(), header)),
        wrongSignature,
      );
      const good = await (await everywhere()).verify(jwt('RS256', rsa.privateKey, claims(), header));
      assert.equal(good.user, 'u1');
    }
  });

  it('an odd kid changes nothing, one that is no string is refused', async () => {
    for (const kid of [
      '../../dev/null',
      "' OR 1=1 --",
      '/etc/passwd\u0000',
      'http://evil.com',
      '__proto__',
      '',
    ]) {
      assert.equal((await (await everywhere()).verify(jwt('HS256', secret, claims(), { kid }))).user, 'u1');
      await assert.rejects((await everywhere()).verify(jwt('HS256', '', claims(), { kid })), wrongSignature);
    }
    for (const kid of [null, 1, ['a'], {}]) {
      await assert.rejects((await everywhere()).verify(jwt('HS256', secret, claims(), { kid })), malformed);
    }
  });

  it('extensions that the header demands are refused, the unencoded payload too', async () => {
    for (const header of [{ crit: ['b64'], b64: false }, { crit: ['exp'], exp: 1 }, { crit: [] }]) {
      await assert.rejects((await everywhere()).verify(jwt('HS256', secret, claims(), header)), malformed);
    }
  });
});

describe('malformed tokens', () => {
  const good = jwt('HS256', secret, claims());
  const [header = '', payload = '', signature = ''] = good.split('.');
  const wrong = [
    '',
    'x',
    '.',
    '..',
    '...',
    header,
    `${header}.${payload}`,
    `${good}.`,
    `.${good}`,
    `${good}.${payload}.${signature}`,
    `${header}..${signature}!`,
    `${encode('[]')}.${payload}.${signature}`,
    `${encode('"HS256"')}.${payload}.${signature}`,
    `${encode('null')}.${payload}.${signature}`,
    `${encode('{"alg":"HS256"')}.${payload}.${signature}`,
    `${header}.${payload}.${signature}\u0000`,
    `Bearer ${good}`,
    '{"alg":"HS256"}',
    '\ud800.\ud800.\ud800',
  ];
  for (const token of wrong) {
    it(`such as ${JSON.stringify(token.slice(0, 40))} are refused`, async () => {
      await assert.rejects((await verifier({ secret })).verify(token), malformed);
    });
  }

  it('of any text are refused with an answer for the client', async () => {
    const one = await verifier({ secret });
    const part = fc.oneof(fc.string(), fc.base64String(), fc.json().map(encode), fc.constant(header));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        await assert.rejects(one.verify(parts.join('.')), (thrown) => thrown instanceof FanwireError);
      }),
      { numRuns: 500 },
    );
  });

  it('whose payload is no JSON object are refused, though signed', async () => {
    const one = await verifier({ secret });
    const noObject = refusal('unauthorized', /^the token is malformed: its payload is not a JSON object$/);
    for (const text of ['', '[]', 'null', '"u1"', '7', '{', 'x']) {
      await assert.rejects(one.verify(jwt('HS256', secret, text)), noObject);
    }
  });

  it('are refused over 8192 characters before anything is read', async () => {
    const one = await verifier({ secret });
    const tooLong = refusal('unauthorized', /longer than 8192 characters/);
    await assert.rejects(one.verify(jwt('HS256', secret, claims({ pad: 'x'.repeat(8192) }))), tooLong);
    await assert.rejects(one.verify('.'.repeat(1e7)), tooLong);
    const long = jwt('HS256', secret, claims({ pad: 'x'.repeat(6000) }));
    assert.ok(long.length > 8100 && long.length <= 8192);
    assert.equal((await one.verify(long)).user, 'u1');
  });
});

describe('what a refusal says', () => {
  it('holds neither the token nor the secret nor a claim', async () => {
    const one = await verifier({ secret, issuer: 'https://issuer', audience: 'fanwire' });
    const base = { sub: 'private-user', iss: 'https://issuer', aud: 'fanwire', exp: 4e9 };
    const tokens = [
      jwt('HS256', 'private-secret', base),
      jwt('HS256', secret, { ...base, exp: 1 }),
      jwt('HS256', secret, { ...base, iss: 'private-issuer' }),
      jwt('HS256', secret, { ...base, aud: 'private-audience' }),
      jwt('HS256', secret, { ...base, sub: 'private-user\n' }),
      jwt('HS256', secret, { ...base, channels: { private: [] } }),
      jwt('HS256', secret, '{"sub":"private-user",}'),
      rawJwt('HS256', secret, { alg: 'private-alg' }, base),
      jwt('HS256', secret, base, { crit: ['private-extension'] }),
    ];
    for (const token of tokens) {
      await assert.rejects(one.verify(token), (thrown) => {
        const text = `${thrown} ${JSON.stringify(thrown)}`;
        assert.ok(!/private/.test(text), text);
        assert.ok(!text.includes(secret));
        for (const part of token.split('.')) assert.ok(!text.includes(part), text);
        return refusal('unauthorized', /./)(thrown);
      });
    }
  });

  it('is about the signature before it is about any claim', async () => {
    const one = await verifier({ secret });
    await assert.rejects(one.verify(jwt('HS256', 'wrong', { exp: 1 })), wrongSignature);
  });
});

describe('a verifier', () => {
  it('without any key accepts no tokens and says so', async () => {
    const none = await verifier({ algorithms: everyAlgorithm });
    const refused = refusal(
      'unauthorized',
      /^this server accepts no tokens: none of JWT_SECRET, JWT_PUBLIC_KEY/,
    );
    for (const token of ['', 'x', jwt('HS256', secret, claims()), jwt('HS256', '', claims())]) {
      await assert.rejects(none.verify(token), refused);
    }
  });

  it('derives HS256 for a secret if nothing is pinned', async () => {
    const one = await verifier({ secret, algorithms: [] });
    assert.equal((await one.verify(jwt('HS256', secret, claims()))).user, 'u1');
    await assert.rejects(one.verify(jwt('HS512', secret, claims())), wrongAlgorithm);
  });

  const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const wrong: [what: string, make: () => Promise<TokenVerifier>, message: RegExp][] = [
    [
      'an unknown algorithm',
      () => verifier({ secret, algorithms: ['HS256', 'HS1'] }),
      /^JWT_ALG names "HS1"/,
    ],
    ['none', () => verifier({ secret, algorithms: ['none'] }), /^JWT_ALG names "none"/],
    ['an empty secret', () => verifier({ secret: '' }), /^JWT_SECRET is empty/],
    [
      'an empty former secret',
      () => verifier({ secret, previousSecret: '' }),
      /^JWT_PREVIOUS_SECRET is empty/,
    ],
    ['a public key as secret', () => verifier({ secret: pem(rsa) }), /^JWT_SECRET holds a PEM key/],
    ['a secret without HS', () => verifier({ secret, algorithms: ['RS256'] }), /^JWT_SECRET can check HS256/],
    ['a text that is no key', () => verifier({ publicKey: 'x' }), /^JWT_PUBLIC_KEY cannot be read/],
    ['a broken PEM', () => verifier({ publicKey: pem(rsa).slice(0, 100) }), /^JWT_PUBLIC_KEY cannot be read/],
    ['a private key', () => verifier({ publicKey: privatePem }), /^JWT_PUBLIC_KEY holds a private key/],
    ['a short RSA key', () => verifier({ publicKey: pem(small) }), /less than 2048 bits/],
    [
      'X25519',
      () => verifier({ publicKey: pem(generateKeyPairSync('x25519')) }),
      /of a type that cannot be used/,
    ],
    [
      'secp256k1',
      () => verifier({ publicKey: pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })) }),
      /of a type that cannot be used/,
    ],
    [
      'a key that nothing pinned fits',
      () => verifier({ publicKey: pem(rsa) }),
      /^JWT_PUBLIC_KEY is for RS256, /,
    ],
    [
      'a key of another curve',
      () => verifier({ publicKey: pem(p256), algorithms: ['ES384'] }),
      /is for ES256, but JWT_ALG is ES384/,
    ],
    [
      'a JWKS that is no address',
      () => verifier({ jwksUrl: 'x', algorithms: ['RS256'] }),
      /^JWKS_URL must be/,
    ],
    [
      'a JWKS file',
      () => verifier({ jwksUrl: 'file:///etc/passwd', algorithms: ['RS256'] }),
      /^JWKS_URL must be/,
    ],
    [
      'a JWKS with a user',
      () => verifier({ jwksUrl: 'https://u:p@a.com', algorithms: ['RS256'] }),
      /^JWKS_URL must/,
    ],
    [
      'a JWKS with HS256',
      () => verifier({ jwksUrl: 'https://a.com' }),
      /^JWKS_URL gives public keys, but JWT_ALG is HS/,
    ],
  ];
  for (const [what, make, message] of wrong) {
    it(`does not start with ${what}`, async () => {
      await assert.rejects(make(), (thrown) => {
        assert.ok(!String(thrown).includes(secret));
        return startError(message)(thrown);
      });
    });
  }
});

function pem({ publicKey }: { publicKey: KeyObject }): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
