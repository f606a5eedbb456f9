import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Kind, mutants, optional, required } from '../support/mutants.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

/** One valid frame of a dialect, with what each of its fields takes. */
interface Example {
  readonly frame: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, readonly Kind[]>>;
  /** Error codes that a well-formed variant may get all the same. */
  readonly refusals?: readonly string[];
}

interface Talk {
  readonly name: string;
  open(fw: WatchedServer): Promise<SocketClient>;
  readonly examples: readonly Example[];
  /** A frame without effect, and how its answer is told from anything else. */
  readonly probe: object;
  isAnswer(frame: Frame): boolean;
  /** The code and text of an error frame; null for other frames. */
  errorOf(frame: Frame): { code: string; text: string } | null;
}

const anything: readonly Kind[] = [
  'string',
  'integer',
  'number',
  'infinite',
  'boolean',
  'object',
  'array',
  'null',
];
const offset = optional('integer');
const name = required('string');

const channel: Talk = {
  name: 'channel',
  open: async (fw) => {
    const client = await fw.socket(`/ws/connect?token=${await fw.token('u1')}`);
    await client.next({ type: 'connected' });
    return client;
  },
  examples: [
    {
      frame: { action: 'ping', request_id: 'r' },
      fields: { action: name, request_id: optional('string', 'number') },
    },
    {
      frame: {
        action: 'subscribe',
        data: { channel: 'c', history: 1, position: { epoch: 'e', offset: 1 }, presence: true },
      },
      fields: {
        action: name,
        data: required(),
        'data.channel': name,
        'data.history': optional('integer'),
        'data.position': optional(),
        'data.position.epoch': name,
        'data.position.offset': required('integer'),
        'data.presence': optional('boolean'),
      },
    },
    {
      frame: { action: 'unsubscribe', data: { channel: 'nowhere' } },
      fields: { 'data.channel': name },
      refusals: ['not_subscribed'],
    },
    {
      frame: {
        action: 'send_to_channel',
        data: { channel: 'c', content: 1, type: 't', id: 'i', persist: true },
      },
      fields: {
        data: required(),
        'data.channel': name,
        'data.content': anything,
        'data.type': optional('string'),
        'data.id': optional('string'),
        'data.persist': optional('boolean'),
      },
    },
    {
      frame: { action: 'send_to_user', data: { user_id: 'u', content: 1, type: 't', id: 'i' } },
      fields: {
        'data.user_id': name,
        'data.content': anything,
        'data.type': optional('string'),
        'data.id': optional('string'),
      },
    },
    {
      frame: { action: 'message', data: { channel: 'c', content: 1 } },
      fields: { 'data.channel': optional('string'), 'data.content': anything },
    },
    {
      frame: { action: 'history', data: { channel: 'c', limit: 1, before: 1, after: 1, from: 1, to: 1 } },
      fields: {
        data: required(),
        'data.channel': name,
        'data.limit': optional('integer'),
        'data.before': offset,
        'data.after': offset,
        'data.from': offset,
        'data.to': offset,
      },
    },
    {
      frame: { action: 'presence', data: { channel: 'c', limit: 1, cursor: 'c' } },
      fields: { 'data.channel': name, 'data.limit': optional('integer'), 'data.cursor': optional('string') },
    },
    {
      frame: { action: 'refresh', data: { token: 't' } },
      fields: { 'data.token': name },
      refusals: ['unauthorized'],
    },
  ],
  probe: { action: 'ping', request_id: 'probe' },
  isAnswer: ({ type, request_id }) => type === 'pong' && request_id === 'probe',
  errorOf: ({ type, content }) => (type === 'error' ? { code: content.type, text: content.error } : null),
};

const relay: Talk = {
  name: 'relay',
  open: (fw) => fw.socket('/ws?room=r&client_id=c'),
  examples: [
    {
      frame: { type: 'message', payload: { text: 'x' }, room: 'r' },
      fields: { type: name, payload: required('object'), room: optional('string') },
      refusals: ['not_subscribed'],
    },
    {
      frame: { type: 'join', payload: { room: 'r2' } },
      fields: { type: name, payload: required(), 'payload.room': name },
    },
    {
      frame: { type: 'leave', payload: { room: 'nowhere' } },
      fields: { payload: required(), 'payload.room': name },
      refusals: ['not_subscribed'],
    },
    { frame: { type: 'pong', payload: { ts: 1 } }, fields: { payload: [...anything, 'missing', 'deep'] } },
  ],
  probe: { type: 'join', payload: { room: 'probe' } },
  isAnswer: ({ type, payload }) => type === 'joined' && payload.room === 'probe',
  errorOf: ({ type, payload }) => (type === 'error' ? { code: payload.code, text: payload.message } : null),
};

const room: Talk = {
  name: 'room',
  open: (fw) => fw.room('r', 'u1'),
  examples: [
    {
      frame: { type: 'chat.message', room: 'r', text: 'x', ref: 1 },
      fields: {
        type: name,
        room: optional(),
        text: name,
        ref: optional('string', 'number'),
      },
    },
    {
      frame: { type: 'chat.history', limit: 1, before: 1 },
      fields: { limit: optional('integer'), before: offset },
    },
    { frame: { type: 'system.pong' }, fields: { type: name } },
  ],
  probe: { type: 'presence.list' },
  isAnswer: ({ type }) => type === 'presence.state',
  errorOf: ({ type, code, message }) => (type === 'system.error' ? { code, text: message } : null),
};

const chat: Talk = {
  name: 'chat',
  open: async (fw) => {
    const client = await fw.socket(`/?token=${await fw.token('u1')}`);
    await client.ask({ action: 'create', room: 'mine' }, { action: 'created' });
    await client.ask({ action: 'join', room: 'mine' }, { action: 'joined' });
    return client;
  },
  examples: [
    { frame: { action: 'join', room: 'general' }, fields: { action: name, room: name } },
    {
      frame: { action: 'message', room: 'mine', text: 'x', id: 'i' },
      fields: { room: name, text: name, id: optional('string') },
      refusals: ['not_subscribed'],
    },
    { frame: { action: 'leave', room: 'nowhere' }, fields: { room: name }, refusals: ['not_subscribed'] },
    {
      frame: { action: 'history', room: 'mine', limit: 1, before: 1 },
      fields: { room: name, limit: optional('integer'), before: offset },
    },
    { frame: { action: 'members', room: 'mine' }, fields: { room: name } },
    {
      frame: { action: 'create', room: 'mine', private: false, members: ['u2'] },
      fields: { room: name, private: optional('boolean'), members: optional('array') },
      refusals: ['bad_request'],
    },
    {
      frame: { action: 'invite', room: 'mine', user: 'u2' },
      fields: { room: name, user: name },
      refusals: ['forbidden'],
    },
    {
      frame: { action: 'kick', room: 'mine', user: 'u2' },
      fields: { room: name, user: name },
      refusals: ['forbidden'],
    },
  ],
  probe: { action: 'rooms' },
  isAnswer: ({ action }) => action === 'rooms',
  errorOf: ({ action, code, message }) => (action === 'error' ? { code, text: message } : null),
};

/** Whatever came before the answer to the probe. */
async function answersTo(client: SocketClient, json: string, { probe, isAnswer }: Talk): Promise<Frame[]> {
  const from = client.inbox.all.length;
  client.send(json);
  client.send(probe);
  await client.inbox.next(isAnswer);
  return client.inbox.all.slice(from, -1);
}

async function checkExample(talk: Talk, { frame, fields, refusals = [] }: Example): Promise<void> {
  await using fw = await watchedServer();
  const client = await talk.open(fw);
  const answers = await answersTo(client, JSON.stringify(frame), talk);
  const [first] = answers.map(talk.errorOf).filter((error) => error !== null);
  if (first) assert.ok(refusals.includes(first.code), `the example itself: ${JSON.stringify(first)}`);
  for (const { title, path, json, valid } of mutants(frame, fields)) {
    const errors = (await answersTo(client, json, talk)).map(talk.errorOf).filter((error) => error !== null);
    const [error] = errors;
    const shown = `${title}: ${JSON.stringify(errors)}`;
    assert.ok(errors.length <= 1, shown);
    if (valid) {
      const known = path === 'action' || path === 'type' ? ['unknown_action'] : refusals;
      if (error) assert.ok(known.includes(error.code), shown);
    } else {
      assert.equal(error?.code, 'bad_request', shown);
      assert.ok(error.text.includes(path.split('.').at(-1) ?? ''), `names the field: ${shown}`);
    }
  }
  await fw.unharmed();
}

for (const talk of [channel, relay, room, chat]) {
  describe(`${talk.name}: a value of the wrong type is a bad_request that names the field`, () => {
    for (const example of talk.examples) {
      const kind = example.frame.action ?? example.frame.type;
      it(`in each field of "${kind}"`, () => checkExample(talk, example));
    }
  });

  describe(`${talk.name}: a text that is no JSON object`, () => {
    const texts: Readonly<Record<string, [string, string]>> = {
      nothing: ['', 'bad_json'],
      'half an object': ['{"a":', 'bad_json'],
      'an object and more': ['{}{}', 'bad_json'],
      'a number': ['1e999', 'bad_request'],
      null: ['null', 'bad_request'],
      'a string': ['"ping"', 'bad_request'],
      'an array': ['[{"action":"ping"}]', 'bad_request'],
      '60 KB of opening brackets': ['['.repeat(60_000), 'bad_json'],
      '60 KB of brackets, closed': ['['.repeat(30_000) + ']'.repeat(30_000), 'bad_request'],
      '60 KB of objects in each other': [`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'bad_request'],
      'a byte order mark': ['\uFEFF{}', 'bad_json'],
      'an empty object': ['{}', 'bad_request'],
      'names of Object.prototype': ['{"__proto__":{"action":"ping","type":"pong"}}', 'bad_request'],
      'a name of Object.prototype as the action': [
        '{"action":"constructor","type":"toString"}',
        'unknown_action',
      ],
    };
    for (const [title, [text, code]] of Object.entries(texts)) {
      it(`${title} is ${code}, and the connection stays open`, async () => {
        await using fw = await watchedServer();
        const client = await talk.open(fw);
        const errors = (await answersTo(client, text, talk)).map(talk.errorOf);
        assert.deepEqual(
          errors.map((error) => error?.code),
          [code],
        );
        await fw.unharmed();
      });
    }
  });
}
