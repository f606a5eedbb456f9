import assert from 'node:assert/strict';
import type { Engine, Revocation } from '../engine.ts';
import type { Case } from './kit.ts';

const token = (id: string): Revocation => ({ kind: 'token', id });
const before = (user: string | null, time: number): Revocation => ({ kind: 'before', user, time });

/** All revocations in an order of their own: the store promises none. */
async function revocationsOf({ revocations }: Engine): Promise<Revocation[]> {
  return sorted((await revocations.all()).map((revocation) => ({ ...revocation })));
}

function sorted(revocations: readonly Revocation[]): Revocation[] {
  const key = (one: Revocation) => (one.kind === 'token' ? ['token', one.id] : ['user', one.user, one.time]);
  return revocations.toSorted((one, other) =>
    JSON.stringify(key(one)) < JSON.stringify(key(other)) ? -1 : 1,
  );
}

const names = ['__proto__', 'null', "it's", '😀', 'e\u0301', '\u00e9', 'U1', 'u1', 'u'.repeat(250)];

export const revocationCases: Case[] = [
  {
    title: 'revocations are found as they were added, tokens and users apart',
    async run({ engine }) {
      assert.deepEqual(await revocationsOf(engine), []);
      const added = [
        ...names.map(token),
        ...names.map((user, index) => before(user, index + 1)),
        before(null, 7),
      ];
      for (const revocation of added) await engine.revocations.add(revocation);
      assert.deepEqual(await revocationsOf(engine), sorted(added));
    },
  },
  {
    title: 'a token that is revoked twice is revoked once',
    async run({ engine }) {
      for (const id of ['t1', 't2', 't1']) await engine.revocations.add(token(id));
      assert.deepEqual(await revocationsOf(engine), [token('t1'), token('t2')]);
    },
  },
  {
    title: 'of several times for one user, or for everybody, the latest counts',
    async run({ engine }) {
      for (const user of ['u1', null]) {
        for (const time of [5000, 7000, 6000]) await engine.revocations.add(before(user, time));
      }
      await engine.revocations.add(before('u2', 1));
      assert.deepEqual(
        await revocationsOf(engine),
        sorted([before('u1', 7000), before(null, 7000), before('u2', 1)]),
      );
    },
  },
  {
    title: 'what is handed out is the caller’s own: changing it changes nothing',
    async run({ engine }) {
      await engine.revocations.add(token('t1'));
      (await engine.revocations.all()).length = 0;
      assert.deepEqual(await revocationsOf(engine), [token('t1')]);
    },
  },
  {
    title: 'reopened: revocations are there, and later times still count',
    durable: true,
    async run(kit) {
      for (const revocation of [token('t1'), before('u1', 5000), before(null, 3000)]) {
        await kit.engine.revocations.add(revocation);
      }
      await kit.reopen();
      assert.deepEqual(
        await revocationsOf(kit.engine),
        sorted([token('t1'), before('u1', 5000), before(null, 3000)]),
      );
      for (const revocation of [token('t1'), before('u1', 4000), before(null, 3001)]) {
        await kit.engine.revocations.add(revocation);
      }
      await kit.reopen();
      assert.deepEqual(
        await revocationsOf(kit.engine),
        sorted([token('t1'), before('u1', 5000), before(null, 3001)]),
      );
    },
  },
];
