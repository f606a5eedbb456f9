import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  checkChannelName,
  checkMessageId,
  checkMessageType,
  checkUserId,
  isReserved,
  userIdProblem,
} from '../../src/access/names.ts';
import { refusal } from './refusal.ts';

describe('channel names', () => {
  it('pass unchanged, also those that mean something to JavaScript', () => {
    const names = ['a', 'news', 'a b', 'ünï·cödé', '😀', '__proto__', 'constructor', 'toString', 'a$b', '*'];
    for (const name of names) assert.equal(checkChannelName(name, 'channel'), name);
  });

  it('have 1 to 255 bytes of UTF-8', () => {
    for (const name of ['x'.repeat(255), 'é'.repeat(127), '😀'.repeat(63)]) {
      assert.equal(checkChannelName(name, 'room'), name);
    }
    for (const name of ['x'.repeat(256), 'é'.repeat(128), '😀'.repeat(64), 'x'.repeat(1e6)]) {
      assert.throws(
        () => checkChannelName(name, 'room'),
        refusal('bad_request', /^room: at most 255 bytes of UTF-8$/),
      );
    }
    assert.throws(() => checkChannelName('', 'room'), refusal('bad_request', /^room: must not be empty$/));
  });

  it('have no control characters: C0, DEL, C1', () => {
    for (const unit of [0, 1, 9, 10, 13, 0x1f, 0x7f, 0x80, 0x85, 0x9f]) {
      assert.throws(
        () => checkChannelName(`a${String.fromCharCode(unit)}b`, 'room'),
        refusal('bad_request', /^room: must not have control characters$/),
      );
    }
    assert.equal(checkChannelName('a\u00a0b', 'room'), 'a\u00a0b');
  });

  it('are well-formed Unicode', () => {
    for (const name of ['\ud800', 'a\udc00', '\ude00\ud83d']) {
      assert.throws(
        () => checkChannelName(name, 'room'),
        refusal('bad_request', /^room: must be valid Unicode/),
      );
    }
  });

  it('are strings', () => {
    assert.throws(
      () => checkChannelName(undefined, 'room'),
      refusal('bad_request', /^room: a string is required$/),
    );
    for (const value of [null, 1, true, ['a'], { toString: () => 'a' }]) {
      assert.throws(
        () => checkChannelName(value, 'data.channel'),
        refusal('bad_request', /^data.channel: a string is expected$/),
      );
    }
  });

  it('do not begin with $', () => {
    for (const name of ['$', '$all', '$user:u1', '$control', '$ü']) {
      assert.throws(
        () => checkChannelName(name, 'room'),
        refusal('forbidden', /^room: must not begin with "\$"/),
      );
      assert.equal(isReserved(name), true);
    }
    assert.equal(isReserved('a$'), false);
    assert.equal(isReserved(''), false);
  });

  it('pass exactly when the rules, written out plainly, say so', () => {
    const plainly = (name: string) =>
      Buffer.byteLength(name) >= 1 &&
      Buffer.byteLength(name) <= 255 &&
      [...name].every((character) => !/\p{Cc}|\p{Cs}/u.test(character)) &&
      name[0] !== '$';
    const name = fc.string({ unit: 'binary', maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(fc.oneof(name, fc.string({ unit: 'grapheme' }), fc.string()), (text) => {
        assert.equal(
          passes(() => checkChannelName(text, 'room')),
          plainly(text),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('ids and types', () => {
  it('count a message id in characters, at most 128', () => {
    for (const id of ['a', '$a', 'a'.repeat(128), 'é'.repeat(128), '😀'.repeat(128)]) {
      assert.equal(checkMessageId(id, 'id'), id);
    }
    for (const id of ['a'.repeat(129), '😀'.repeat(129), 'a'.repeat(1e6)]) {
      assert.throws(() => checkMessageId(id, 'id'), refusal('bad_request', /^id: at most 128 characters$/));
    }
  });

  it('count a message type in characters, at most 64', () => {
    assert.equal(checkMessageType('x'.repeat(64), 'type'), 'x'.repeat(64));
    assert.throws(
      () => checkMessageType('x'.repeat(65), 'type'),
      refusal('bad_request', /^type: at most 64 characters$/),
    );
  });

  it('count a user id in bytes, at most 250', () => {
    for (const id of ['$u', 'é'.repeat(125)]) assert.equal(checkUserId(id, 'user_id'), id);
    assert.throws(
      () => checkUserId('é'.repeat(126), 'user_id'),
      refusal('bad_request', /^user_id: at most 250 bytes of UTF-8$/),
    );
  });

  it('refuse what is empty, ill-formed, no string or has control characters', () => {
    for (const check of [checkMessageId, checkMessageType, checkUserId]) {
      for (const value of ['', 'a\n', '\u0085', '\ud800', 7, null, undefined, {}]) {
        assert.throws(() => check(value, 'it'), refusal('bad_request', /^it: /, 422));
      }
    }
  });

  it('can be asked without throwing', () => {
    assert.equal(userIdProblem('u1'), null);
    assert.equal(userIdProblem(''), 'must not be empty');
    assert.equal(userIdProblem(7), 'a string is expected');
  });
});

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
