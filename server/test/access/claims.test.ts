import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allows } from '../../src/access/permissions.ts';
import type { Principal } from '../../src/access/principal.ts';
import { FakeClock } from './fake-clock.ts';
import { jwt } from './raw-jwt.ts';
import { refusal } from './refusal.ts';
import { claims, secret, verifier } from './verifiers.ts';

const now = new FakeClock().seconds;

async function verify(
  payload: unknown,
  rules: { issuer?: string; audience?: string } = {},
): Promise<Principal> {
  return (await verifier({ secret, ...rules })).verify(jwt('HS256', secret, payload));
}

function refused(message: RegExp) {
  return refusal('unauthorized', message, 401);
}

describe('a good token', () => {
  it('becomes a principal', async () => {
    const principal = await verify(
      claims({ iat: now - 5, jti: 'token-1', scope: 'openid publish manage', channels: ['news'] }),
    );
    const { channels, ...rest } = principal;
    assert.deepEqual(rest, {
      user: 'u1',
      via: 'jwt',
      keyName: null,
      expiresAt: (now + 60) * 1000,
      issuedAt: (now - 5) * 1000,
      tokenId: 'token-1',
      scopes: new Set(['publish', 'manage']),
      keyScopes: new Set(),
    });
    assert.equal(allows(channels, 'publish', 'news'), true);
    assert.equal(allows(channels, 'publish', 'other'), false);
  });

  it('needs no more than sub and exp', async () => {
    const principal = await verify(claims());
    assert.equal(principal.issuedAt, null);
    assert.equal(principal.tokenId, null);
    assert.equal(principal.channels, null);
    assert.deepEqual(principal.scopes, new Set());
  });
});

describe('a time in milliseconds', () => {
  for (const name of ['exp', 'nbf', 'iat']) {
    it(`is refused in ${name}, with that hint`, async () => {
      const milliseconds = (now + 60) * 1000;
      await assert.rejects(
        verify(claims({ [name]: milliseconds })),
        refused(/milliseconds.*seconds since 1970/),
      );
    });
  }
});

describe('exp', () => {
  it('may be absent where it is not required, and the first such token is told of', async () => {
    let told = 0;
    const lenient = await verifier({
      secret,
      expRequired: false,
      onEndless: () => {
        told++;
      },
    });
    for (let count = 0; count < 3; count++) {
      const { expiresAt } = await lenient.verify(jwt('HS256', secret, { sub: 'u1' }));
      assert.equal(expiresAt, null);
    }
    assert.equal(told, 1);
    await lenient.verify(jwt('HS256', secret, claims()));
    assert.equal(told, 1);
  });

  it('is required', async () => {
    await assert.rejects(verify({ sub: 'u1' }), refused(/no claim exp/));
    await assert.rejects(verify({ sub: 'u1', __proto__: { exp: now + 60 } }), refused(/no claim exp/));
  });

  it('is a number that a clock can hold', async () => {
    const texts = [
      '"4000000000"',
      'null',
      'true',
      '[4000000000]',
      '{}',
      '1e999',
      '-1e999',
      '1e300',
      '9007199254741',
    ];
    for (const text of texts) {
      await assert.rejects(
        verify(`{"sub":"u1","exp":${text}}`),
        refused(/claim exp: a number of seconds since 1970/),
      );
    }
    assert.equal((await verify({ sub: 'u1', exp: 99_999_999_999 })).expiresAt, 99_999_999_999_000);
  });

  it('has no grace, to the millisecond', async () => {
    for (const exp of [now, now - 1, 1, 0, -1]) {
      await assert.rejects(verify(claims({ exp })), refused(/^the token has expired/));
    }
    const clock = new FakeClock();
    const one = await verifier({ secret, clock });
    const token = jwt('HS256', secret, claims({ exp: now + 60.5 }));
    assert.equal((await one.verify(token)).expiresAt, now * 1000 + 60_500);
    clock.advance(60_499);
    assert.equal((await one.verify(token)).user, 'u1');
    clock.advance(1);
    await assert.rejects(one.verify(token), refused(/^the token has expired/));
  });
});

describe('nbf and iat', () => {
  it('may lie 5 s ahead, not more', async () => {
    for (const claim of ['nbf', 'iat']) {
      assert.equal((await verify(claims({ [claim]: now + 5 }))).user, 'u1');
      await assert.rejects(
        verify(claims({ [claim]: now + 5.001 })),
        refused(new RegExp(`claim ${claim} lies in the`)),
      );
    }
  });

  it('are numbers if they are there', async () => {
    for (const claim of ['nbf', 'iat']) {
      for (const value of ['1', null, [], false, 1e300]) {
        await assert.rejects(
          verify(claims({ [claim]: value })),
          refused(new RegExp(`claim ${claim}: a number`)),
        );
      }
    }
  });
});

describe('sub', () => {
  it('is a user id', async () => {
    for (const sub of ['a', 'auth0|123', 'ü', '$x', '__proto__', 'x'.repeat(250)]) {
      assert.equal((await verify(claims({ sub }))).user, sub);
    }
    for (const sub of [undefined, null, '', 7, ['u1'], 'a\n', '\u0085', 'x'.repeat(251), 'é'.repeat(126)]) {
      await assert.rejects(verify(claims({ sub })), refused(/^the token's claim sub, the user's id: /));
    }
    await assert.rejects(verify(`{"exp":${now + 60},"sub":"\\ud800"}`), refused(/claim sub/));
  });
});

describe('iss and aud', () => {
  it('mean nothing unless they are set', async () => {
    assert.equal((await verify(claims({ iss: 'x', aud: 7 }))).user, 'u1');
  });

  it('iss has to be the issuer', async () => {
    const rules = { issuer: 'https://issuer' };
    assert.equal((await verify(claims({ iss: 'https://issuer' }), rules)).user, 'u1');
    for (const iss of [undefined, null, '', 'https://issuer/', 'https://ISSUER', ['https://issuer']]) {
      await assert.rejects(
        verify(claims({ iss }), rules),
        refused(/another issuer \(claim iss\).*JWT_ISSUER/),
      );
    }
  });

  it('aud has to be the audience or to list it', async () => {
    const rules = { audience: 'fanwire' };
    for (const aud of ['fanwire', ['fanwire'], ['other', 'fanwire']]) {
      assert.equal((await verify(claims({ aud }), rules)).user, 'u1');
    }
    for (const aud of [
      undefined,
      null,
      '',
      'other',
      'fanwire2',
      [],
      ['other'],
      [['fanwire']],
      { fanwire: 1 },
    ]) {
      await assert.rejects(
        verify(claims({ aud }), rules),
        refused(/another audience \(claim aud\).*JWT_AUDIENCE/),
      );
    }
  });
});

describe('jti, scope and channels', () => {
  it('jti is a string that is not empty', async () => {
    for (const jti of ['', null, 7, ['a']]) {
      await assert.rejects(verify(claims({ jti })), refused(/^the token's claim jti: /));
    }
  });

  it('scope is one string, names of other systems are passed over', async () => {
    const scopesOf = async (scope: unknown) => [...(await verify(claims({ scope }))).scopes].sort();
    assert.deepEqual(await scopesOf('read broadcast'), ['broadcast', 'read']);
    assert.deepEqual(await scopesOf('publish'), ['publish']);
    assert.deepEqual(await scopesOf('  openid  Manage managex constructor '), []);
    assert.deepEqual(await scopesOf(''), []);
    for (const scope of [null, 7, ['manage'], { manage: true }]) {
      await assert.rejects(verify(claims({ scope })), refused(/^the token's claim scope: one string/));
    }
  });

  it('a malformed channels claim makes the token invalid', async () => {
    for (const channels of [null, 'news', 7, { subscribe: 'news' }, { read: ['news'] }]) {
      await assert.rejects(verify(claims({ channels })), refused(/^the token's claim channels/));
    }
  });
});
