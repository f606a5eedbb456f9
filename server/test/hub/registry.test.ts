import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Registry } from '../../src/hub/registry.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';

type Step =
  | { readonly kind: 'add'; readonly user: string | null; readonly transport: string }
  | { readonly kind: 'remove'; readonly place: number }
  | { readonly kind: 'remove again'; readonly place: number }
  | { readonly kind: 'page'; readonly limit: number; readonly place: number };

const place = fc.nat({ max: 10_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    user: fc.constantFrom(null, 'a', 'b', '__proto__'),
    transport: fc.constantFrom('websocket', 'sse'),
  }),
  fc.record({ kind: fc.constant('remove' as const), place }),
  fc.record({ kind: fc.constant('remove again' as const), place }),
  fc.record({ kind: fc.constant('page' as const), limit: fc.integer({ min: 1, max: 20 }), place }),
);

/** What a registry is, without any cleverness. */
class Model {
  readonly registry = new Registry();
  readonly present: PlainRecipient[] = [];
  readonly gone: PlainRecipient[] = [];
  #count = 0;

  take(act: Step): void {
    if (act.kind === 'add') this.#add(act.user, act.transport);
    else if (act.kind === 'remove') this.#remove(act.place);
    else if (act.kind === 'remove again') this.#removeAgain(act.place);
    else this.#page(act.limit, act.place);
  }

  check(): void {
    const { registry, present } = this;
    assert.equal(registry.size, present.length);
    assert.deepEqual([...registry.all()], present);
    for (const transport of ['websocket', 'sse']) {
      const users = present.filter((one) => one.transport === transport && one.user !== null);
      assert.equal(registry.users(transport), new Set(users.map(({ user }) => user)).size);
    }
    for (const user of ['a', 'b', '__proto__', 'nobody']) {
      assert.deepEqual(
        registry.ofUser(user),
        present.filter((one) => one.user === user),
      );
    }
  }

  #add(user: string | null, transport: string): void {
    const recipient = new PlainRecipient(`r${++this.#count}`, { user, transport });
    this.registry.add(recipient);
    this.present.push(recipient);
    assert.equal(this.registry.get(recipient.id), recipient);
  }

  #remove(at: number): void {
    const [recipient] = this.present.splice(at % (this.present.length || 1), 1);
    if (!recipient) return;
    this.registry.remove(recipient);
    this.gone.push(recipient);
    assert.equal(this.registry.get(recipient.id), undefined);
  }

  #removeAgain(at: number): void {
    const recipient = this.gone[at % (this.gone.length || 1)];
    if (recipient) this.registry.remove(recipient);
  }

  #page(limit: number, at: number): void {
    const known = [...this.present, ...this.gone].map(({ serial }) => serial);
    const after = known[at % (known.length || 1)] ?? 0;
    const expected = this.present.filter(({ serial }) => serial > after).slice(0, limit);
    assert.deepEqual(this.registry.page(limit, after), expected);
  }
}

describe('Registry', () => {
  it('is a list in the order of coming, however many come and go', () => {
    const run = fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const model = new Model();
      for (const act of steps) model.take(act);
      model.check();
    });
    fc.assert(run, { numRuns: 100 });
  });

  it('shows whoever stays exactly once to somebody who pages while others come and go', () => {
    const churn = fc.array(fc.array(step, { maxLength: 60 }), { minLength: 5, maxLength: 40, size: 'max' });
    const run = fc.property(churn, fc.integer({ min: 1, max: 9 }), (rounds, limit) => {
      const model = new Model();
      for (let n = 0; n < 150; n++) model.take({ kind: 'add', user: null, transport: 'sse' });
      const before = [...model.present];
      const seen: PlainRecipient[] = [];
      let after = 0;
      for (let turn = 0; ; turn++) {
        const page = model.registry.page(limit, after) as PlainRecipient[];
        const last = page.at(-1);
        if (!last) break;
        seen.push(...page);
        after = last.serial;
        for (const act of rounds[turn] ?? []) model.take(act);
      }
      assert.equal(new Set(seen).size, seen.length, 'nobody twice');
      const stayed = before.filter((one) => model.present.includes(one));
      assert.deepEqual(
        seen.filter((one) => stayed.includes(one)),
        stayed,
      );
    });
    fc.assert(run, { numRuns: 50 });
  });
});
