import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Frame } from '../../src/dialect/dialect.ts';
import {
  decode,
  encode,
  encodeAck,
  encodeError,
  encodeHistory,
  encodePing,
  encodePresence,
  encodePresenceState,
} from '../../src/dialect/room/codec.ts';
import { parseObject } from '../../src/json.ts';
import { canonical, oddNames } from '../support/canonical.ts';

const frame = (text: string): Frame => ({ text, object: parseObject(text) });
const delivery =
  '{"type":"chat.delivery","room":"lobby","user":"u1","text":"hi","id":"018bcfe5-687b-7000-8000-000000000001","ts":1690000000.123,"offset":7}';

describe('room codec: a message, byte for byte', () => {
  it('is type, room, user, text, id, ts in seconds and offset', () => {
    assert.equal(encode(canonical()), delivery);
  });

  it('user is null for the HTTP API, and for a sender that nobody named', () => {
    for (const sender of [null, { user: null, connection: 'k1', client: 'c1' }]) {
      assert.ok(encode(canonical({ sender })).includes('"user":null,'));
    }
  });

  const texts: [string, string, string][] = [
    ['a string, as it was written', '"\\u00e9 \\"q\\""', '"\\u00e9 \\"q\\""'],
    ['an object’s text', '{"text":"hi","more":1}', '"hi"'],
    ['an object whose text is no string: its JSON text', '{"text":1}', '"{\\"text\\":1}"'],
    ['an object without text: its JSON text', '{"a":"b"}', '"{\\"a\\":\\"b\\"}"'],
    ['an object that inherits nothing', '{"toString":1}', '"{\\"toString\\":1}"'],
    ['a number: its JSON text', '1.50', '"1.50"'],
    ['an array: its JSON text', '["a"]', '"[\\"a\\"]"'],
    ['null: its JSON text', 'null', '"null"'],
  ];
  for (const [what, data, text] of texts) {
    it(`the text of ${what}`, () => assert.ok(encode(canonical({ data })).includes(`"text":${text},"id"`)));
  }

  it('a whole second has no decimals', () => {
    assert.ok(encode(canonical({ time: 1_690_000_000_000 })).includes('"ts":1690000000,'));
  });

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

describe('room codec: the other frames of the server', () => {
  it('an ack', () => {
    const receipt = { id: 'm1', channel: 'lobby', offset: 7, epoch: 'e1', time: 1, duplicate: false };
    assert.equal(encodeAck('"r-1"', receipt), '{"type":"chat.ack","ref":"r-1","id":"m1","offset":7}');
    assert.equal(encodeAck('0', receipt), '{"type":"chat.ack","ref":0,"id":"m1","offset":7}');
  });

  it('a ping has whole seconds', () => {
    assert.equal(encodePing(1_690_000_000_999), '{"type":"system.ping","ts":1690000000}');
  });

  it('who is there', () => {
    assert.equal(
      encodePresenceState('test', [{ user: 'u1', connections: 2, since: 1_690_000_000_100 }]),
      '{"type":"presence.state","room":"test","users":[{"user":"u1","since":1690000000.1}]}',
    );
  });

  it('who came and who left', () => {
    const event = { channel: 'test', user: 'u2', time: 1_690_000_000_100, count: 2 };
    assert.equal(
      encodePresence({ ...event, joined: true }),
      '{"type":"presence.join","room":"test","user":"u2","ts":1690000000.1}',
    );
    assert.equal(
      encodePresence({ ...event, joined: false }),
      '{"type":"presence.leave","room":"test","user":"u2","ts":1690000000.1}',
    );
  });

  it('a page of history', () => {
    const page = { epoch: 'e1', offset: 7, messages: [canonical(), canonical()], more: true };
    assert.equal(
      encodeHistory('lobby', page),
      `{"type":"chat.history","room":"lobby","messages":[${delivery},${delivery}],"more":true}`,
    );
    const removed = canonical({ type: 'deleted', data: 'null', sender: null });
    assert.equal(
      encodeHistory('lobby', { ...page, messages: [removed, canonical(), removed] }),
      `{"type":"chat.history","room":"lobby","messages":[${delivery}],"more":true}`,
    );
    assert.equal(
      encodeHistory('lobby', { ...page, messages: [], more: false }),
      '{"type":"chat.history","room":"lobby","messages":[],"more":false}',
    );
  });

  it('an error, with the ref where there is one', () => {
    assert.equal(
      encodeError('forbidden', 'no', undefined),
      '{"type":"system.error","code":"forbidden","message":"no"}',
    );
    assert.equal(
      encodeError('forbidden', 'no', '"r-1"'),
      '{"type":"system.error","code":"forbidden","message":"no","ref":"r-1"}',
    );
  });
});

describe('room codec: frames of the client', () => {
  const commands: [string, object][] = [
    ['{"type":"chat.message","text":"hi"}', { kind: 'publish', text: 'hi', ref: undefined }],
    [
      '{"type":"chat.message","room":"test","text":"hi","ref":"r"}',
      { kind: 'publish', text: 'hi', ref: '"r"' },
    ],
    ['{"type":"chat.message","text":"hi","ref":1.5}', { kind: 'publish', text: 'hi', ref: '1.5' }],
    ['{"type":"chat.message","text":"hi","ref":null}', { kind: 'publish', text: 'hi', ref: undefined }],
    ['{"type":"presence.list"}', { kind: 'presence' }],
    ['{"type":"chat.history"}', { kind: 'history', query: { limit: 50 } }],
    ['{"type":"chat.history","limit":1,"before":7}', { kind: 'history', query: { limit: 1, before: 7 } }],
    ['{"type":"system.pong","ts":1,"more":2}', { kind: 'pong' }],
  ];
  for (const [text, command] of commands) {
    it(text, () => assert.deepEqual(decode(frame(text), 'test'), command));
  }
});
