import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anonymous, type Principal } from '../../src/access/principal.ts';
import { Revocations } from '../../src/access/revocations.ts';
import type { Revocation } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { Hub } from '../../src/hub/hub.ts';
import { FakeClock } from '../support/fake-clock.ts';

interface Bench extends AsyncDisposable {
  readonly hub: Hub;
  readonly engine: MemoryEngine;
  readonly revocations: Revocations;
}

/** A node of its own, with these revocations in its store before it starts. */
async function open(...stored: Revocation[]): Promise<Bench> {
  const retention = { windowSize: 100, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
  const clock = new FakeClock();
  const engine = new MemoryEngine({ retention, clock });
  const report = (thrown: unknown) => {
    throw thrown;
  };
  const hub = new Hub({ engine, clock, report });
  const revocations = new Revocations(hub, engine.revocations);
  await hub.open();
  for (const revocation of stored) await engine.revocations.add(revocation);
  await revocations.open();
  return { hub, engine, revocations, [Symbol.asyncDispose]: () => hub.close() };
}

function token(change: Partial<Principal> = {}): Principal {
  return { ...anonymous, via: 'jwt', user: 'u1', issuedAt: 10_000, tokenId: 't1', ...change };
}

const tokenRevoked = (id: string): Revocation => ({ kind: 'token', id });
const before = (user: string | null, time: number): Revocation => ({ kind: 'before', user, time });

describe('Revocations', () => {
  it('cover nothing until something is revoked, a token without any claim least of all', async () => {
    await using bench = await open();
    assert.equal(bench.revocations.covers(token()), false);
    assert.equal(bench.revocations.covers(token({ tokenId: null, issuedAt: null, user: null })), false);
  });

  it('cover a token by its id, whoever presents it', async () => {
    await using bench = await open();
    await bench.revocations.revoke(tokenRevoked('t1'));
    assert.equal(bench.revocations.covers(token()), true);
    assert.equal(bench.revocations.covers(token({ user: null, issuedAt: 99_000 })), true);
    assert.equal(bench.revocations.covers(token({ tokenId: 't2' })), false);
    assert.equal(bench.revocations.covers(token({ tokenId: null })), false);
  });

  it('cover tokens of a user that were issued before a time, to the millisecond, and nobody else’s', async () => {
    await using bench = await open();
    await bench.revocations.revoke(before('u1', 10_000));
    const covers = (user: string | null, issuedAt: number) =>
      bench.revocations.covers(token({ user, issuedAt }));
    assert.deepEqual([covers('u1', 9_999), covers('u1', 10_000), covers('u1', 10_001)], [true, false, false]);
    for (const user of ['u2', 'U1', '', '__proto__', null]) assert.equal(covers(user, 1), false);
  });

  it('cover everybody’s tokens that were issued before a time, those without a user too', async () => {
    await using bench = await open();
    await bench.revocations.revoke(before(null, 10_000));
    for (const user of ['u1', '__proto__', null]) {
      assert.equal(bench.revocations.covers(token({ user, issuedAt: 9_999 })), true);
      assert.equal(bench.revocations.covers(token({ user, issuedAt: 10_000 })), false);
    }
  });

  it('take a token that does not say when it was issued for as old as any', async () => {
    await using bench = await open();
    const old = token({ issuedAt: null, tokenId: null });
    await bench.revocations.revoke(before('u2', 5_000));
    assert.equal(bench.revocations.covers(old), false);
    await bench.revocations.revoke(before('u1', 1));
    assert.equal(bench.revocations.covers(old), true);
    assert.equal(bench.revocations.covers({ ...old, user: null }), false);
    await bench.revocations.revoke(before(null, 1));
    assert.equal(bench.revocations.covers({ ...old, user: null }), true);
  });

  it('never cover keys or anonymous clients', async () => {
    await using bench = await open(
      before(null, Number.MAX_SAFE_INTEGER),
      before('u1', 99_000),
      tokenRevoked('t1'),
    );
    assert.equal(bench.revocations.covers(token()), true);
    assert.equal(bench.revocations.covers(anonymous), false);
    assert.equal(bench.revocations.covers(token({ via: 'anonymous' })), false);
    assert.equal(bench.revocations.covers(token({ via: 'key', keyName: 'shop' })), false);
    assert.equal(bench.revocations.covers({ ...anonymous, via: 'key', keyName: 'shop' }), false);
  });

  it('of several times for one user the latest counts, in whatever order they come', async () => {
    const times = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });
    const revoked = fc.array(fc.tuple(fc.constantFrom('u1', 'u2', null), times), { maxLength: 4 });
    const property = fc.asyncProperty(revoked, fc.boolean(), async (groups, stored) => {
      const all = groups.flatMap(([user, each]) => each.map((time) => before(user, time)));
      await using bench = await open(...(stored ? all : []));
      if (!stored) for (const one of all) await bench.revocations.revoke(one);
      for (const user of ['u1', 'u2', 'u3', null]) {
        const limits = groups
          .filter(([other]) => other === user || other === null)
          .flatMap(([, each]) => each);
        for (const issuedAt of [null, 0, 1, 10, 19, 20]) {
          const expected = limits.some((time) => (issuedAt ?? 0) < time);
          assert.equal(bench.revocations.covers(token({ user, issuedAt })), expected);
        }
      }
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('are read from the store at the start, and kept in it before they take effect', async () => {
    await using bench = await open(tokenRevoked('t9'));
    assert.equal(bench.revocations.covers(token({ tokenId: 't9' })), true);
    const kept: boolean[] = [];
    bench.revocations.onRevoke(() => kept.push(bench.revocations.covers(token())));
    await bench.revocations.revoke(tokenRevoked('t1'));
    assert.deepEqual(kept, [true], 'listeners hear of it when it already counts');
    const stored = (await bench.engine.revocations.all()).map((one) => one.kind === 'token' && one.id);
    assert.deepEqual(stored.sort(), ['t1', 't9']);
  });

  it('have no effect when they could not be kept', async () => {
    await using bench = await open();
    const heard: Revocation[] = [];
    bench.revocations.onRevoke((revocation) => heard.push(revocation));
    bench.engine.revocations.add = () => Promise.reject(new Error('the disk is full'));
    await assert.rejects(bench.revocations.revoke(tokenRevoked('t1')), /disk is full/);
    assert.equal(bench.revocations.covers(token()), false);
    assert.deepEqual(heard, []);
  });

  it('are heard from other nodes by $control, among other commands', async () => {
    await using bench = await open();
    const heard: Revocation[] = [];
    bench.revocations.onRevoke((revocation) => heard.push(revocation));
    await bench.hub.command({ op: 'disconnect', user: 'u1' });
    await bench.hub.command({ op: 'revoke', revocation: before('u1', 20_000) });
    assert.deepEqual(heard, [before('u1', 20_000)]);
    assert.equal(bench.revocations.covers(token()), true);
    assert.deepEqual(await bench.engine.revocations.all(), [], 'the node that revoked has kept it');
  });
});
