import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Command,
  decode,
  encode,
  encodeAck,
  encodeAnswer,
  encodeHistory,
} from '../../src/dialect/channel/codec.ts';
import type { Message } from '../../src/engine/engine.ts';
import { FanwireError } from '../../src/errors.ts';
import { parseObject } from '../../src/json.ts';
import { toChannel, toEveryone, toUser } from '../../src/publishing/message.ts';

const message: Message = {
  id: 'm-8',
  channel: 'news',
  offset: 8,
  epoch: 'b3Jp',
  time: 1_700_000_000_123,
  type: 'text',
  data: '"hi"',
  sender: { user: 'u1', connection: 'c1', client: null },
  persist: false,
};

describe('a delivered message, byte for byte', () => {
  it('has its fields in this order', () => {
    assert.equal(
      encode(message),
      '{"type":"text","id":"m-8","channel":"news","content":"hi","sender":{"user_id":"u1","connection_id":"c1"},"timestamp":1700000000123,"offset":8,"epoch":"b3Jp"}',
    );
  });

  it('has null for the user of an anonymous connection', () => {
    assert.equal(
      encode({ ...message, sender: { user: null, connection: 'c1', client: 'mine' } }),
      '{"type":"text","id":"m-8","channel":"news","content":"hi","sender":{"user_id":null,"connection_id":"c1"},"timestamp":1700000000123,"offset":8,"epoch":"b3Jp"}',
    );
  });

  it('has null for the sender of a message that came over HTTP', () => {
    assert.equal(
      encode({ ...message, sender: null }),
      '{"type":"text","id":"m-8","channel":"news","content":"hi","sender":null,"timestamp":1700000000123,"offset":8,"epoch":"b3Jp"}',
    );
  });

  it('has its data as it was written, and names as JSON strings', () => {
    const data = '{ "n":12345678901234567890, "s":"\\ud800\\u0000" }';
    assert.equal(
      encode({ ...message, id: 'a"b', channel: 'ä\u2028\\', type: 'x"y', epoch: 'e"', data }),
      `{"type":"x\\"y","id":"a\\"b","channel":"ä\u2028\\\\","content":${data},"sender":{"user_id":"u1","connection_id":"c1"},"timestamp":1700000000123,"offset":8,"epoch":"e\\""}`,
    );
  });
});

describe('an answer, byte for byte', () => {
  it('carries the request_id last, as it was given', () => {
    assert.equal(
      encodeAnswer({ type: 'pong', content: {}, ref: '"r1"' }, 5),
      '{"type":"pong","content":{},"timestamp":5,"request_id":"r1"}',
    );
    assert.equal(
      encodeAnswer({ type: 'pong', content: {}, ref: '0' }, 5),
      '{"type":"pong","content":{},"timestamp":5,"request_id":0}',
    );
  });

  it('has no request_id where none was given', () => {
    assert.equal(
      encodeAnswer({ type: 'unsubscribed', channel: 'news', content: {} }, 5),
      '{"type":"unsubscribed","channel":"news","content":{},"timestamp":5}',
    );
  });

  it('is an ack with the time of the message', () => {
    const receipt = { id: 'a"b', channel: 'ä', offset: 3, epoch: 'e', time: 7, duplicate: true };
    const content = '{"id":"a\\"b","channel":"ä","offset":3,"epoch":"e","duplicate":true}';
    assert.equal(
      encodeAck(receipt, undefined),
      `{"type":"ack","channel":"ä","content":${content},"timestamp":7}`,
    );
    assert.equal(
      encodeAck(receipt, '"r"'),
      `{"type":"ack","channel":"ä","content":${content},"timestamp":7,"request_id":"r"}`,
    );
  });

  it('is a page of history with its messages as they were delivered', () => {
    const page = { messages: [message, { ...message, offset: 9 }], epoch: 'e', offset: 9, more: true };
    assert.equal(
      encodeHistory('news', page, '"r"', 5),
      `{"type":"history","channel":"news","content":{"messages":[${encode(message)},${encode({ ...message, offset: 9 })}],"epoch":"e","offset":9,"more":true},"timestamp":5,"request_id":"r"}`,
    );
    assert.equal(
      encodeHistory('news', { ...page, messages: [], more: false }, undefined, 5),
      '{"type":"history","channel":"news","content":{"messages":[],"epoch":"e","offset":9,"more":false},"timestamp":5}',
    );
  });
});

function command(text: string): Command {
  return decode({ text, object: parseObject(text) });
}

describe('an action becomes a command', () => {
  const position = { epoch: 'e', offset: 8 };
  const cases: { frame: object; is: object }[] = [
    { frame: { action: 'ping' }, is: { kind: 'ping' } },
    { frame: { action: 'pong', data: {} }, is: { kind: 'pong' } },
    {
      frame: { action: 'subscribe', data: { channel: 'news' } },
      is: { kind: 'subscribe', channel: 'news', history: undefined, position: undefined, watch: false },
    },
    {
      frame: { action: 'subscribe', data: { channel: '$all', history: 5, position, presence: true } },
      is: { kind: 'subscribe', channel: '$all', history: 5, position, watch: true },
    },
    {
      frame: {
        action: 'subscribe',
        data: { channel: 'news', history: null, position: null, presence: null },
      },
      is: { kind: 'subscribe', channel: 'news', history: undefined, position: undefined, watch: false },
    },
    {
      frame: { action: 'unsubscribe', data: { channel: 'news' } },
      is: { kind: 'unsubscribe', channel: 'news' },
    },
    {
      frame: { action: 'send_to_channel', data: { channel: 'news', content: null } },
      is: {
        kind: 'publish',
        to: toChannel('news', 'channel'),
        data: 'null',
        type: 'text',
        id: undefined,
        persist: undefined,
      },
    },
    {
      frame: {
        action: 'send_to_channel',
        data: { channel: 'news', content: [1], type: 'price', id: 'i', persist: true },
      },
      is: {
        kind: 'publish',
        to: toChannel('news', 'channel'),
        data: '[1]',
        type: 'price',
        id: 'i',
        persist: true,
      },
    },
    {
      frame: { action: 'send_to_user', data: { user_id: 'u1', content: 1 } },
      is: {
        kind: 'publish',
        to: toUser('u1', 'user'),
        data: '1',
        type: 'direct',
        id: undefined,
        persist: undefined,
      },
    },
    {
      frame: { action: 'message', data: { content: 1 } },
      is: {
        kind: 'publish',
        to: toEveryone,
        data: '1',
        type: 'broadcast',
        id: undefined,
        persist: undefined,
      },
    },
    {
      frame: { action: 'message', data: { content: 1, channel: 'news' } },
      is: {
        kind: 'publish',
        to: toChannel('news', 'channel'),
        data: '1',
        type: 'text',
        id: undefined,
        persist: undefined,
      },
    },
    {
      frame: { action: 'history', data: { channel: 'news' } },
      is: { kind: 'history', channel: 'news', query: { limit: 50 } },
    },
    {
      frame: {
        action: 'history',
        data: { channel: 'news', limit: 1000, before: 9, after: 2, from: 3, to: 4 },
      },
      is: {
        kind: 'history',
        channel: 'news',
        query: { limit: 1000, before: 9, after: 2, from: 3, to: 4 },
      },
    },
    {
      frame: { action: 'presence', data: { channel: 'news' } },
      is: { kind: 'presence', channel: 'news', limit: 100, cursor: undefined },
    },
    {
      frame: { action: 'presence', data: { channel: 'news', limit: 2, cursor: 'u5' } },
      is: { kind: 'presence', channel: 'news', limit: 2, cursor: 'u5' },
    },
    { frame: { action: 'refresh', data: { token: 't' } }, is: { kind: 'refresh', token: 't' } },
  ];
  for (const { frame, is } of cases) {
    it(JSON.stringify(frame), () => {
      assert.deepEqual(command(JSON.stringify(frame)), { ...is, ref: undefined });
      assert.deepEqual(command(JSON.stringify({ ...frame, request_id: 'r' })), { ...is, ref: '"r"' });
    });
  }

  it('takes a number for a request_id', () => {
    assert.equal(command('{"action":"ping","request_id":0}').ref, '0');
  });
});

describe('a frame of the wrong shape is refused, naming the field', () => {
  const many = 'x'.repeat(129);
  const cases: [frame: unknown, code: string, field: string][] = [
    [{}, 'bad_request', 'action'],
    [{ action: 7 }, 'bad_request', 'action'],
    [{ action: 'nope' }, 'unknown_action', 'action'],
    [{ action: 'toString' }, 'unknown_action', 'action'],
    [{ action: '__proto__' }, 'unknown_action', 'action'],
    [{ action: 'ping', request_id: {} }, 'bad_request', 'request_id'],
    [{ action: 'ping', request_id: many }, 'bad_request', 'request_id'],
    [{ action: 'ping', data: [] }, 'bad_request', 'data'],
    [{ action: 'ping', data: null }, 'bad_request', 'data'],
    [{ action: 'subscribe' }, 'bad_request', 'data.channel'],
    [{ action: 'subscribe', data: { channel: 1 } }, 'bad_request', 'data.channel'],
    [{ action: 'subscribe', data: { channel: '' } }, 'bad_request', 'data.channel'],
    [{ action: 'subscribe', data: { channel: 'a', history: -1 } }, 'bad_request', 'data.history'],
    [{ action: 'subscribe', data: { channel: 'a', history: 1001 } }, 'bad_request', 'data.history'],
    [{ action: 'subscribe', data: { channel: 'a', history: 1.5 } }, 'bad_request', 'data.history'],
    [{ action: 'subscribe', data: { channel: 'a', presence: 1 } }, 'bad_request', 'data.presence'],
    [{ action: 'subscribe', data: { channel: 'a', position: 8 } }, 'bad_request', 'data.position'],
    [
      { action: 'subscribe', data: { channel: 'a', position: { offset: 8 } } },
      'bad_request',
      'data.position.epoch',
    ],
    [
      { action: 'subscribe', data: { channel: 'a', position: { epoch: 'e' } } },
      'bad_request',
      'data.position.offset',
    ],
    [
      { action: 'subscribe', data: { channel: 'a', position: { epoch: 'e', offset: '8' } } },
      'bad_request',
      'data.position.offset',
    ],
    [
      { action: 'subscribe', data: { channel: 'a', position: { epoch: 'e', offset: -1 } } },
      'bad_request',
      'data.position.offset',
    ],
    [{ action: 'unsubscribe', data: {} }, 'bad_request', 'data.channel'],
    [{ action: 'send_to_channel', data: { channel: 'a' } }, 'bad_request', 'data.content'],
    [{ action: 'send_to_channel', data: { content: 1 } }, 'bad_request', 'data.channel'],
    [{ action: 'send_to_channel', data: { channel: '$all', content: 1 } }, 'forbidden', 'data.channel'],
    [{ action: 'send_to_channel', data: { channel: 'a', content: 1, type: '' } }, 'bad_request', 'data.type'],
    [
      { action: 'send_to_channel', data: { channel: 'a', content: 1, type: 'x'.repeat(65) } },
      'bad_request',
      'data.type',
    ],
    [{ action: 'send_to_channel', data: { channel: 'a', content: 1, id: '' } }, 'bad_request', 'data.id'],
    [{ action: 'send_to_channel', data: { channel: 'a', content: 1, id: many } }, 'bad_request', 'data.id'],
    [
      { action: 'send_to_channel', data: { channel: 'a', content: 1, persist: 'yes' } },
      'bad_request',
      'data.persist',
    ],
    [{ action: 'send_to_user', data: { content: 1 } }, 'bad_request', 'data.user_id'],
    [{ action: 'send_to_user', data: { user_id: '', content: 1 } }, 'bad_request', 'data.user_id'],
    [{ action: 'send_to_user', data: { user_id: 'u' } }, 'bad_request', 'data.content'],
    [{ action: 'message', data: {} }, 'bad_request', 'data.content'],
    [{ action: 'message', data: { content: 1, channel: 5 } }, 'bad_request', 'data.channel'],
    [{ action: 'history', data: {} }, 'bad_request', 'data.channel'],
    [{ action: 'history', data: { channel: 'a', limit: 0 } }, 'bad_request', 'data.limit'],
    [{ action: 'history', data: { channel: 'a', limit: 1001 } }, 'bad_request', 'data.limit'],
    [{ action: 'history', data: { channel: 'a', before: '9' } }, 'bad_request', 'before'],
    [{ action: 'history', data: { channel: 'a', after: -1 } }, 'bad_request', 'after'],
    [{ action: 'history', data: { channel: 'a', from: 1.5 } }, 'bad_request', 'from'],
    [{ action: 'history', data: { channel: 'a', to: true } }, 'bad_request', 'to'],
    [{ action: 'presence', data: { channel: 'a', limit: 0 } }, 'bad_request', 'data.limit'],
    [{ action: 'presence', data: { channel: 'a', cursor: 5 } }, 'bad_request', 'data.cursor'],
    [{ action: 'refresh', data: {} }, 'bad_request', 'data.token'],
  ];
  for (const [frame, code, field] of cases) {
    it(`${JSON.stringify(frame).slice(0, 100)} is ${code}, ${field}`, () => {
      assert.throws(
        () => command(JSON.stringify(frame)),
        (thrown) =>
          thrown instanceof FanwireError && thrown.code === code && thrown.message.includes(`${field}:`),
      );
    });
  }

  it('sees own members only', () => {
    for (const text of ['{"action":"ping","__proto__":{"data":7}}', '{"__proto__":{"action":"ping"}}']) {
      const isPing = text.startsWith('{"action"');
      if (isPing) assert.deepEqual(command(text), { kind: 'ping', ref: undefined });
      else assert.throws(() => command(text), FanwireError);
    }
  });
});

describe('content is taken from the frame as it was written', () => {
  const publish = (content: string): string => {
    const decoded = command(`{"action":"send_to_channel","data":{"channel":"a","content":${content}}}`);
    assert.equal(decoded.kind, 'publish');
    return decoded.data;
  };
  for (const written of [
    '12345678901234567890',
    '1e400',
    '-0',
    '1.10',
    '0.10000000000000000001',
    'true',
    'null',
    '""',
    '"\\u00e4\\ud83d\\ude00"',
    '"\\u0000"',
    '{}',
    '[]',
    '{ "b" : 1, "a" : [ 1 , 2 ] }',
    '{"content":"inner","data":{"content":2}}',
    '{"__proto__":{"x":1},"constructor":2}',
    '"} ] , \\" {"',
  ]) {
    it(written, () => assert.equal(publish(written), written));
  }

  it('a line end between tokens becomes a space', () => {
    assert.equal(publish('{\n"a":\r\n[1,\n2]}'), '{ "a": [1, 2]}');
  });

  it('of a member written twice the last counts', () => {
    const text = '{"action":"message","data":{"content":1},"data":{"content":2,"c\\u006fntent":3}}';
    const decoded = command(text);
    assert.equal(decoded.kind === 'publish' && decoded.data, '3');
  });

  it('up to 128 levels deep', () => {
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    assert.equal(publish(deep(128)), deep(128));
    assert.throws(() => publish(deep(129)), /data\.content is nested deeper than 128 levels/);
  });
});
