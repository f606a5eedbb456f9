import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Frame } from '../../src/dialect/dialect.ts';
import { decode, encode, encodeError, encodePing, encodeRoom } from '../../src/dialect/relay/codec.ts';
import { parseObject } from '../../src/json.ts';
import { toChannel } from '../../src/publishing/message.ts';
import { canonical, oddNames } from '../support/canonical.ts';

const frame = (text: string): Frame => ({ text, object: parseObject(text) });
const sent = { user: 'u1', connection: 'k1', client: 'c1' };

describe('relay codec: a message, byte for byte', () => {
  it('is type, payload, room, from, id and ts in seconds', () => {
    assert.equal(
      encode(canonical({ data: '{"n":1}', sender: sent })),
      '{"type":"message","payload":{"n":1},"room":"lobby","from":"c1","id":"018bcfe5-687b-7000-8000-000000000001","ts":1690000000.123}',
    );
  });

  const froms: [string, ReturnType<typeof canonical>['sender'], string][] = [
    ['the client id', sent, '"from":"c1"'],
    ['else the user', { ...sent, client: null }, '"from":"u1"'],
    ['else null, for somebody without a name', { ...sent, client: null, user: null }, '"from":null'],
    ['and null, for the HTTP API', null, '"from":null'],
  ];
  for (const [who, sender, text] of froms) {
    it(`from is ${who}`, () => assert.ok(encode(canonical({ sender })).includes(`${text},`)));
  }

  const payloads: [string, string, string][] = [
    ['an object, as it was written', '{"text":1,"big":12345678901234567890,"e":1e400,"s":"\\u00e9"}', ''],
    ['an empty object', '{}', ''],
    ['a string', '"hi \\"you\\""', '{"text":"hi \\"you\\""}'],
    ['a number, as its JSON text', '12', '{"text":"12"}'],
    ['an array, as its JSON text', '[1,"a"]', '{"text":"[1,\\"a\\"]"}'],
    ['true, as its JSON text', 'true', '{"text":"true"}'],
    ['null, as its JSON text', 'null', '{"text":"null"}'],
  ];
  for (const [what, data, payload] of payloads) {
    it(`the payload of ${what}`, () =>
      assert.ok(
        encode(canonical({ data })).startsWith(`{"type":"message","payload":${payload || data},"room"`),
      ));
  }

  it('is nothing for a message that tells of a removed one, or stands in its place', () => {
    assert.equal(encode(canonical({ type: 'deleted', data: '{"id":"m1","offset":6}', sender: null })), '');
    assert.equal(encode(canonical({ type: 'deleted', data: 'null', sender: null })), '');
  });

  it('names stay what they are', () => {
    for (const name of oddNames) {
      const { room, from } = JSON.parse(
        encode(canonical({ channel: name, sender: { ...sent, client: name } })),
      );
      assert.deepEqual([room, from], [name, name]);
    }
  });
});

describe('relay codec: the other frames of the server', () => {
  it('joined and left', () => {
    assert.equal(encodeRoom('joined', 'r2'), '{"type":"joined","payload":{"room":"r2"}}');
    assert.equal(encodeRoom('left', 'r2'), '{"type":"left","payload":{"room":"r2"}}');
  });

  it('a ping has whole seconds', () => {
    assert.equal(encodePing(1_690_000_000_999), '{"type":"ping","payload":{"ts":1690000000}}');
  });

  it('an error', () => {
    assert.equal(
      encodeError('forbidden', 'no'),
      '{"type":"error","payload":{"code":"forbidden","message":"no"}}',
    );
  });
});

describe('relay codec: frames of the client', () => {
  it('a message without a room is for the room of the address', () => {
    assert.deepEqual(decode(frame('{"type":"message","payload":{"a":1}}')), {
      kind: 'publish',
      to: null,
      payload: '{"a":1}',
    });
  });

  it('the payload is taken as it was written', () => {
    const payload = '{"n":12345678901234567890.10, "e":"\\u0041",  "__proto__":{"x":1}}';
    assert.deepEqual(decode(frame(`{"payload": ${payload} ,"room":"r2","type":"message"}`)), {
      kind: 'publish',
      to: toChannel('r2', 'room'),
      payload,
    });
  });

  it('a payload on several lines is put on one', () => {
    const command = decode(frame('{"type":"message","payload":{\r\n"a":\n1}}'));
    assert.deepEqual(command, { kind: 'publish', to: null, payload: '{ "a": 1}' });
  });

  it('join, leave and pong', () => {
    assert.deepEqual(decode(frame('{"type":"join","payload":{"room":"r2"}}')), { kind: 'join', room: 'r2' });
    assert.deepEqual(decode(frame('{"type":"leave","payload":{"room":"r2"}}')), {
      kind: 'leave',
      room: 'r2',
    });
    assert.deepEqual(decode(frame('{"type":"pong","payload":{"ts":1}}')), { kind: 'pong' });
  });

  it('a pong counts whatever is in it', () => {
    for (const payload of ['', ',"payload":null', ',"payload":5', ',"payload":{"ts":"x"}']) {
      assert.deepEqual(decode(frame(`{"type":"pong"${payload}}`)), { kind: 'pong' });
    }
  });
});
