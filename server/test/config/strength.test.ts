import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { cleanSecret } from '../../src/config/secret-text.ts';
import { strengthOf } from '../../src/config/strength.ts';

describe('the strength of a secret', () => {
  const weak = [
    'a'.repeat(40),
    'change-me'.repeat(4),
    'change-me change-me change-me change-me',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    '98765432109876543210987654321098',
    'qwertyuiopasdfghjklzxcvbnm1234567890',
    'Password123!Password123!Password123!',
    'supersecretkeysupersecretkeysupersecretkey',
    'deadbeefdeadbeefdeadbeefdeadbeef',
    'aAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaA',
    'x'.repeat(5_000),
  ];
  for (const text of weak) {
    it(`of ${text.slice(0, 40)} is under 64 bits`, () => {
      assert.ok(strengthOf(text) < 64, String(strengthOf(text)));
    });
  }

  it('of what a program made is near its length', () => {
    for (let count = 0; count < 200; count++) {
      const made: [string, number][] = [
        [randomBytes(32).toString('base64'), 128],
        [randomBytes(32).toString('hex'), 128],
        [randomBytes(16).toString('hex'), 64],
        [randomBytes(8).toString('hex'), 32],
        [randomBytes(24).toString('base64url'), 64],
      ];
      for (const [text, least] of made) assert.ok(strengthOf(text) > least, `${text} ${strengthOf(text)}`);
    }
  });
});

describe('a secret', () => {
  const forms = ['k', ' k', 'k\n', 'k\r\n', '\uFEFFk', '"k"', "'k'", ' "k" \n', '`k`', '" k "'];
  it('is taken without white space, line ends and quotes around it', () => {
    for (const given of forms) assert.deepEqual(cleanSecret(given, false), { text: 'k', cut: given !== 'k' });
    for (const given of ['"k', 'k"', '\'k"', 'a"b"c', 'a b']) {
      assert.deepEqual(cleanSecret(given, false), { text: given, cut: false });
    }
  });

  it('of several is so by itself, and may have a space in front without a word', () => {
    const clean = 'a,b:read:c,d:read:e:f';
    for (const given of [
      `"${clean}"`,
      `${clean}\n`,
      'a,b:read:"c",\'d:read:e:f\'',
      '"a",b:read: c,d:read:e:f',
    ]) {
      assert.equal(cleanSecret(given, true).text, clean);
    }
    assert.deepEqual(cleanSecret('a, b:read:c, d:read:e:f', true), { text: clean, cut: false });
    assert.equal(cleanSecret('a,"b"', true).cut, true);
  });
});
