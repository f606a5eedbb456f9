import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decode,
  encode,
  encodeAnswer,
  encodeError,
  encodeHistory,
  encodeJoined,
  encodePresence,
} from '../../src/dialect/chat/codec.ts';
import type { Frame } from '../../src/dialect/dialect.ts';
import { parseObject } from '../../src/json.ts';
import { toChannel } from '../../src/publishing/message.ts';
import { canonical, oddNames } from '../support/canonical.ts';

const frame = (text: string): Frame => ({ text, object: parseObject(text) });
const message =
  '{"action":"message","room":"lobby","user":"u1","text":"hi","id":"018bcfe5-687b-7000-8000-000000000001","ts":1690000000.123,"offset":7}';

describe('chat codec: a message, byte for byte', () => {
  it('is action, room, user, text, id, ts in seconds and offset', () => {
    assert.equal(encode(canonical()), message);
  });

  const users: [string, ReturnType<typeof canonical>['sender'], string][] = [
    ['the user', { user: 'u1', connection: 'k1', client: 'c1' }, '"u1"'],
    ['else the client id of the relay', { user: null, connection: 'k1', client: 'c1' }, '"c1"'],
    ['else null', { user: null, connection: 'k1', client: null }, 'null'],
    ['and null, for the HTTP API', null, 'null'],
  ];
  for (const [who, sender, user] of users) {
    it(`user is ${who}`, () => assert.ok(encode(canonical({ sender })).includes(`"user":${user},"text"`)));
  }

  const texts: [string, string, string][] = [
    ['a string, as it was written', '"\\u00e9 \\"q\\""', '"\\u00e9 \\"q\\""'],
    ['an object’s text', '{"text":"hi","more":1}', '"hi"'],
    ['an object without text: its JSON text', '{"a":1}', '"{\\"a\\":1}"'],
    ['a number: its JSON text', '5', '"5"'],
  ];
  for (const [what, data, text] of texts) {
    it(`the text of ${what}`, () => assert.ok(encode(canonical({ data })).includes(`"text":${text},"id"`)));
  }

  it('is nothing for a message that tells of a removed one, or stands in its place', () => {
    assert.equal(encode(canonical({ type: 'deleted', data: '{"id":"m1","offset":6}', sender: null })), '');
    assert.equal(encode(canonical({ type: 'deleted', data: 'null', sender: null })), '');
  });

  it('names stay what they are', () => {
    for (const name of oddNames) {
      const sender = { user: name, connection: 'k1', client: null };
      const { room, user } = JSON.parse(encode(canonical({ channel: name, sender })));
      assert.deepEqual([room, user], [name, name]);
    }
  });
});

describe('chat codec: the other frames of the server', () => {
  it('joined, with the history as it was delivered', () => {
    assert.equal(
      encodeJoined('general', 'guest-1a2b', 3, [canonical(), canonical()]),
      `{"action":"joined","room":"general","user":"guest-1a2b","members":3,"history":[${message},${message}]}`,
    );
    assert.equal(
      encodeJoined('general', 'u1', 1, []),
      '{"action":"joined","room":"general","user":"u1","members":1,"history":[]}',
    );
  });

  it('a page of history', () => {
    const removed = canonical({ type: 'deleted', data: 'null', sender: null });
    const page = { epoch: 'e1', offset: 7, messages: [removed, canonical()], more: false };
    assert.equal(
      encodeHistory('lobby', page),
      `{"action":"history","room":"lobby","messages":[${message}],"more":false}`,
    );
  });

  it('who came and who left', () => {
    const event = { channel: 'general', user: 'u2', time: 1, count: 2 };
    assert.equal(
      encodePresence({ ...event, joined: true }),
      '{"action":"user_joined","room":"general","user":"u2"}',
    );
    assert.equal(
      encodePresence({ ...event, joined: false }),
      '{"action":"user_left","room":"general","user":"u2"}',
    );
  });

  it('answers', () => {
    assert.equal(encodeAnswer('left', { room: 'general' }), '{"action":"left","room":"general"}');
  });

  it('an error, with the room where there is one', () => {
    assert.equal(
      encodeError('forbidden', 'no', 'vip'),
      '{"action":"error","code":"forbidden","message":"no","room":"vip"}',
    );
    assert.equal(
      encodeError('bad_json', 'no', undefined),
      '{"action":"error","code":"bad_json","message":"no"}',
    );
  });
});

describe('chat codec: frames of the client', () => {
  const commands: [string, object][] = [
    ['{"action":"join","room":"general"}', { kind: 'join', room: 'general' }],
    [
      '{"action":"message","room":"general","text":"hi"}',
      { kind: 'publish', to: toChannel('general', 'room'), text: 'hi', id: undefined },
    ],
    [
      '{"action":"message","room":"general","text":"hi","id":"m1"}',
      { kind: 'publish', to: toChannel('general', 'room'), text: 'hi', id: 'm1' },
    ],
    ['{"action":"leave","room":"general"}', { kind: 'leave', room: 'general' }],
    ['{"action":"history","room":"general"}', { kind: 'history', room: 'general', query: { limit: 50 } }],
    [
      '{"action":"history","room":"general","before":7,"limit":1}',
      { kind: 'history', room: 'general', query: { before: 7, limit: 1 } },
    ],
    ['{"action":"rooms","more":1}', { kind: 'rooms' }],
    ['{"action":"members","room":"general"}', { kind: 'members', room: 'general' }],
    ['{"action":"create","room":"vip"}', { kind: 'create', room: 'vip', private: false, members: [] }],
    [
      '{"action":"create","room":"vip","private":true,"members":["u2"]}',
      { kind: 'create', room: 'vip', private: true, members: ['u2'] },
    ],
    ['{"action":"invite","room":"vip","user":"u3"}', { kind: 'invite', room: 'vip', user: 'u3' }],
    ['{"action":"kick","room":"vip","user":"u3"}', { kind: 'kick', room: 'vip', user: 'u3' }],
  ];
  for (const [text, command] of commands) it(text, () => assert.deepEqual(decode(frame(text)), command));
});
