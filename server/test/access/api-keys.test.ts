import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { ApiKeys, isSameKey, parseApiKeys } from '../../src/access/api-keys.ts';
import { startError } from './refusal.ts';

const first = 'first-key-0123456789';
const second = 'second-key-0123456789';

describe('WS_API_KEYS', () => {
  it('is empty without text', () => {
    for (const text of ['', '  ', '\n']) assert.deepEqual(parseApiKeys(text), []);
  });

  it('takes name:scopes:key', () => {
    const keys = new ApiKeys(parseApiKeys(`ci:publish+read:${first}, ops.1:manage:${second}`));
    assert.deepEqual(keys.find(first)?.name, 'ci');
    assert.deepEqual(keys.find(first)?.scopes, new Set(['publish', 'read', 'broadcast']));
    assert.deepEqual(keys.find(second)?.name, 'ops.1');
    assert.deepEqual(keys.find(second)?.scopes, new Set(['manage']));
  });

  it('takes a bare key, with all scopes and a name by its place', () => {
    const keys = new ApiKeys(parseApiKeys(`ci:read:${first},${second}`));
    assert.equal(keys.find(second)?.name, 'key2');
    assert.deepEqual(keys.find(second)?.scopes, new Set(['publish', 'read', 'manage', 'broadcast']));
    assert.deepEqual(keys.find(first)?.scopes, new Set(['read']));
  });

  it('leaves colons to the key', () => {
    const keys = new ApiKeys(parseApiKeys(`ci:read:${first}:and:more`));
    assert.equal(keys.find(`${first}:and:more`)?.name, 'ci');
    assert.equal(keys.find(first), null);
  });

  const wrong: [text: string, message: RegExp][] = [
    [`${first},`, /entry 2 is empty/],
    [`${first},,${second}`, /entry 2 is empty/],
    ['short', /entry 1 has a key of fewer than 16 characters/],
    [`a:read:${first},b:read:fifteen-letters`, /entry 2 has a key of fewer than 16/],
    [`a:${first}`, /entry 1 has two parts/],
    [`a:read:`, /entry 1 has an empty key/],
    [`:read:${first}`, /entry 1 has a name that/],
    [`a b:read:${first}`, /entry 1 has a name that/],
    [`${'n'.repeat(65)}:read:${first}`, /entry 1 has a name that/],
    [`a::${first}`, /entry 1 has scopes other than publish, read, manage/],
    [`a:write:${first}`, /entry 1 has scopes other/],
    [`a:read+:${first}`, /entry 1 has scopes other/],
    [`a:broadcast:${first}`, /entry 1 has scopes other/],
    [`a:constructor:${first}`, /entry 1 has scopes other/],
    [`a:read:${first} and more`, /entry 1 has a key with spaces/],
    [`a:read:${first}é`, /entry 1 has a key with spaces or characters outside/],
    [`a:read:${first},a:read:${second}`, /entry 2 has the same name as entry 1/],
    [`key2:read:${first},${second}`, /entry 2 has the same name as entry 1/],
    [`a:read:${first},b:read:${second},c:manage:${second}`, /entry 3 has the same key as entry 2/],
  ];
  for (const [text, message] of wrong) {
    it(`refuses ${JSON.stringify(text.slice(0, 50))}: ${message.source}`, () => {
      assert.throws(() => parseApiKeys(text), startError(message));
    });
  }

  it('never shows any part of an entry in an error', () => {
    const entry = fc.stringMatching(/^[Q-Z7-9:+]{1,40}$/);
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), (entries) => {
        try {
          parseApiKeys(entries.join(','));
        } catch (thrown) {
          const shown = String(thrown);
          for (const part of entries.join(':').split(/[:+]/)) {
            assert.ok(part.length < 3 || !shown.includes(part), shown);
          }
        }
      }),
    );
  });
});

describe('a key', () => {
  it('is the same as before only whole', () => {
    assert.ok(isSameKey(first, first));
    for (const other of ['', first.slice(1), `${first} `, `x${first.slice(1)}`, `${first.slice(0, -1)}x`]) {
      assert.ok(!isSameKey(other, first), other);
      assert.ok(!isSameKey(first, other), other);
    }
  });
});

describe('API keys', () => {
  it('are found only whole', () => {
    const keys = new ApiKeys(parseApiKeys(`a:read:${first}`));
    assert.equal(keys.configured, true);
    for (const text of [
      '',
      first.slice(1),
      `${first} `,
      first.toUpperCase(),
      'a',
      `a:read:${first}`,
      'é\ud800',
    ]) {
      assert.equal(keys.find(text), null);
    }
    assert.equal(keys.find(first)?.name, 'a');
  });

  it('are not configured without entries', () => {
    const keys = new ApiKeys([]);
    assert.equal(keys.configured, false);
    assert.equal(keys.find(first), null);
  });

  it('do not keep their text', () => {
    const parsed = parseApiKeys(`a:read:${first}`);
    assert.ok(!inspect(parsed, { depth: 9, showHidden: true }).includes(first));
    assert.ok(!JSON.stringify(parsed).includes(first));
  });
});
