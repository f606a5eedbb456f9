import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allows } from '../../src/access/permissions.ts';
import { signToken, type TokenOrder } from '../../src/access/token-signer.ts';
import { FakeClock } from './fake-clock.ts';
import { refusal } from './refusal.ts';
import { secret, verifier } from './verifiers.ts';

function order(more: Partial<TokenOrder> = {}): TokenOrder {
  return { secret, algorithm: 'HS256', user: 'u1', ttlSeconds: 60, clock: new FakeClock(), ...more };
}

describe('signToken', () => {
  for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
    it(`makes tokens that pass, with ${algorithm}`, async () => {
      const one = await verifier({ secret, algorithms: [algorithm], issuer: 'me', audience: 'you' });
      const token = await signToken(
        order({
          algorithm,
          scopes: ['read', 'manage'],
          channels: { publish: ['a*'] },
          issuer: 'me',
          audience: 'you',
        }),
      );
      const principal = await one.verify(token);
      const now = new FakeClock().now();
      assert.equal(principal.user, 'u1');
      assert.equal(principal.issuedAt, now);
      assert.equal(principal.expiresAt, now + 60_000);
      assert.deepEqual(principal.scopes, new Set(['read', 'manage']));
      assert.equal(allows(principal.channels, 'publish', 'ab'), true);
      assert.equal(allows(principal.channels, 'subscribe', 'ab'), false);
    });
  }

  it('names every token differently and claims nothing that was not asked for', async () => {
    const payloads = await Promise.all([1, 2].map(async () => payloadOf(await signToken(order()))));
    for (const payload of payloads) {
      assert.deepEqual(Object.keys(payload).sort(), ['exp', 'iat', 'jti', 'sub']);
    }
    assert.notEqual(payloads[0]?.jti, payloads[1]?.jti);
  });

  it('keeps to the clock', async () => {
    const clock = new FakeClock();
    const one = await verifier({ secret, clock });
    const token = await signToken(order({ clock, ttlSeconds: 1 }));
    clock.advance(999);
    assert.equal((await one.verify(token)).user, 'u1');
    clock.advance(1);
    await assert.rejects(one.verify(token), refusal('unauthorized', /has expired/));
  });

  it('refuses an order that no verifier would accept', async () => {
    for (const ttlSeconds of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(signToken(order({ ttlSeconds })), refusal('bad_request', /^ttlSeconds: /));
    }
    for (const user of ['', 'a\n', 'x'.repeat(251)]) {
      await assert.rejects(signToken(order({ user })), refusal('bad_request', /^user: /));
    }
    await assert.rejects(
      signToken(order({ channels: [''] })),
      refusal('unauthorized', /claim channels\[0\]/),
    );
  });
});

function payloadOf(token: string): { jti?: unknown } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
