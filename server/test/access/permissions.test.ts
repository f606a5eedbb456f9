import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allows, operations, parseChannelPermissions } from '../../src/access/permissions.ts';
import { refusal } from './refusal.ts';

describe('the channels claim', () => {
  it('restricts nothing where it is absent', () => {
    assert.equal(parseChannelPermissions(undefined), null);
    for (const operation of operations) {
      assert.equal(allows(null, operation, 'anything'), true);
      assert.equal(allows(null, operation, '$user:u1'), true);
    }
  });

  it('as a list means all four operations', () => {
    const permissions = parseChannelPermissions(['news', 'room-*']);
    for (const operation of operations) {
      assert.equal(allows(permissions, operation, 'news'), true);
      assert.equal(allows(permissions, operation, 'room-7'), true);
      assert.equal(allows(permissions, operation, 'news2'), false);
      assert.equal(allows(permissions, operation, 'a-room-7'), false);
    }
  });

  it('as an object denies every operation that it does not list', () => {
    const permissions = parseChannelPermissions({ subscribe: ['news.*'], history: ['news.eu'], publish: [] });
    const granted = operations.filter((operation) => allows(permissions, operation, 'news.eu'));
    assert.deepEqual(granted, ['subscribe', 'history']);
    assert.equal(allows(permissions, 'history', 'news.us'), false);
  });

  it('denies everything when it is empty', () => {
    for (const claim of [[], {}]) {
      const permissions = parseChannelPermissions(claim);
      for (const operation of operations) assert.equal(allows(permissions, operation, 'news'), false);
    }
  });

  it('treats names of JavaScript as ordinary names', () => {
    const permissions = parseChannelPermissions(['__proto__']);
    assert.equal(allows(permissions, 'publish', '__proto__'), true);
    assert.equal(allows(permissions, 'publish', 'constructor'), false);
  });

  it('takes at most 100 patterns for an operation, of at most 255 bytes', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => `room-${at}-*`);
    assert.equal(allows(parseChannelPermissions(hundred), 'publish', 'room-99-x'), true);
    assert.throws(
      () => parseChannelPermissions({ publish: [...hundred, 'one-more'] }),
      refusal('unauthorized', /^the token's claim channels\.publish: at most 100 patterns$/),
    );
    assert.notEqual(parseChannelPermissions(['*'.repeat(255)]), null);
    assert.throws(
      () => parseChannelPermissions(['a', 'é'.repeat(128)]),
      refusal('unauthorized', /^the token's claim channels\[1\]: at most 255 bytes/),
    );
  });

  it('makes the token invalid when it is malformed, and never quotes it', () => {
    const malformed = [
      null,
      '',
      'secret-channel',
      7,
      true,
      ['secret-channel', 7],
      [['secret-channel']],
      [''],
      ['secret-channel\n'],
      ['\ud800'],
      { subscribe: 'secret-channel' },
      { subscribe: { 'secret-channel': true } },
      { subscribe: [null] },
      { 'secret-channel': ['x'] },
      { subscibe: ['x'] },
      JSON.parse('{"__proto__": ["secret-channel"]}'),
      { constructor: ['x'] },
    ];
    for (const claim of malformed) {
      assert.throws(
        () => parseChannelPermissions(claim),
        (thrown) =>
          refusal('unauthorized', /^the token's claim channels/)(thrown) &&
          !/secret-channel/.test(String(thrown)),
      );
    }
  });
});

describe('patterns', () => {
  const cases: [pattern: string, channel: string, matches: boolean][] = [
    ['*', '', true],
    ['*', 'anything', true],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*bc*c', 'abc', false],
    ['a*bc*c', 'abcc', true],
    ['*ab*ab*', 'aab-aab', true],
    ['*aab', 'aaab', true],
    ['a**b', 'ab', true],
    ['***', 'x', true],
    ['a.b', 'axb', false],
    ['a.*', 'a.b', true],
    ['[a]*', '[a]b', true],
    ['(*', '(', true],
    ['a?', 'ab', false],
    ['news', 'NEWS', false],
    ['😀*', '😀x', true],
  ];
  for (const [pattern, channel, expected] of cases) {
    it(`${pattern} ${expected ? 'matches' : 'does not match'} "${channel}"`, () => {
      assert.equal(allows(parseChannelPermissions([pattern]), 'subscribe', channel), expected);
    });
  }

  it('reach reserved names only when they begin with $ themselves', () => {
    const may = (pattern: string, channel: string) =>
      allows(parseChannelPermissions([pattern]), 'history', channel);
    for (const pattern of ['*', '**', '*all', '*user:*', 'user:*']) {
      assert.equal(may(pattern, '$all'), false);
      assert.equal(may(pattern, '$user:bob'), false);
    }
    assert.equal(may('$user:*', '$user:bob'), true);
    assert.equal(may('$user:bob', '$user:bob'), true);
    assert.equal(may('$user:bob', '$user:bobby'), false);
    assert.equal(may('*$', 'a$'), true);
  });

  it('match as a simple reference does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '$'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '$'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 3 }), text, (patterns, channel) => {
        const expected = patterns.some((one) => reference(one, channel));
        assert.equal(allows(parseChannelPermissions(patterns), 'publish', channel), expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('with 100 stars are quick, 100 of them too', () => {
    const hard = `${'a*'.repeat(100)}b`;
    const channel = 'a'.repeat(255);
    const permissions = parseChannelPermissions(
      Array.from({ length: 100 }, (_, at) => hard + 'b'.repeat(at % 50)),
    );
    const before = performance.now();
    assert.equal(allows(permissions, 'subscribe', channel), false);
    assert.ok(performance.now() - before < 50);
  });
});

/** By definition: `*` is any run of characters. Exponential, and obviously right. */
function reference(pattern: string, channel: string): boolean {
  if (channel.startsWith('$') && !pattern.startsWith('$')) return false;
  return glob(pattern, channel);
}

function glob(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return glob(pattern.slice(1), text) || (text !== '' && glob(pattern, text.slice(1)));
  return text !== '' && text[0] === pattern[0] && glob(pattern.slice(1), text.slice(1));
}
