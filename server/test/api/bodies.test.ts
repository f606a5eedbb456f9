import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

type Body = Record<string, unknown>;

interface Field {
  /** Of the body: `message.id`. */
  readonly path: string;
  readonly required: boolean;
  /** Besides those of a wrong JSON type. */
  readonly wrong?: readonly unknown[];
  readonly kind: 'string' | 'boolean' | 'integer' | 'object' | 'array' | 'any' | 'enum';
}

interface Route {
  readonly path: string;
  readonly body: Body;
  readonly fields: readonly Field[];
}

const longName = 'x'.repeat(256);
const badChannels = ['', longName, 'ß'.repeat(128), 'a\nb', '\ud800'];
const badUsers = ['', 'x'.repeat(251), 'a\u0000'];
const badTypes = ['', 'x'.repeat(65), 'a\rb'];

const channel: Field = { path: 'channel', required: true, kind: 'string', wrong: badChannels };
const message: readonly Field[] = [
  { path: 'message', required: true, kind: 'object' },
  { path: 'message.content', required: true, kind: 'any' },
  { path: 'message.id', required: false, kind: 'string', wrong: ['', 'x'.repeat(129), 'a\tb'] },
  { path: 'message.type', required: false, kind: 'string', wrong: badTypes },
];

const routes: readonly Route[] = [
  { path: '/ws/broadcast', body: { message: { content: 1 } }, fields: message },
  {
    path: '/ws/send-to-channel',
    body: { channel: 'news', message: { content: 1 } },
    fields: [channel, ...message, { path: 'persist', required: false, kind: 'boolean' }],
  },
  {
    path: '/ws/send-to-user',
    body: { user_id: 'u1', message: { content: 1 } },
    fields: [{ path: 'user_id', required: true, kind: 'string', wrong: badUsers }, ...message],
  },
  {
    path: '/sse/send-to-channel',
    body: { channel: 'news', event: 'e', data: 1 },
    fields: [
      channel,
      { path: 'event', required: true, kind: 'string', wrong: badTypes },
      { path: 'data', required: true, kind: 'any' },
    ],
  },
  {
    path: '/sse/notification',
    body: { title: 'T', content: 'C' },
    fields: [
      { path: 'title', required: true, kind: 'string', wrong: [''] },
      { path: 'content', required: true, kind: 'string' },
      { path: 'type', required: false, kind: 'enum', wrong: ['', 'Info', 'toString', 1, [], {}, true] },
      { path: 'channel', required: false, kind: 'string', wrong: badChannels },
      { path: 'user_id', required: false, kind: 'string', wrong: badUsers },
      { path: 'auto_hide', required: false, kind: 'boolean' },
      { path: 'duration', required: false, kind: 'integer', wrong: [-1, 1.5, 2 ** 31, 1e300] },
    ],
  },
  {
    path: '/api/publish',
    body: { channel: 'news', data: 1 },
    fields: [
      { path: 'channel', required: false, kind: 'string', wrong: badChannels },
      { path: 'channels', required: false, kind: 'array', wrong: [Array(1001).fill('x')] },
      { path: 'user_id', required: false, kind: 'string', wrong: badUsers },
      { path: 'data', required: true, kind: 'any' },
      { path: 'type', required: false, kind: 'string', wrong: badTypes },
      { path: 'id', required: false, kind: 'string', wrong: ['', 'x'.repeat(129), 'a\tb'] },
      { path: 'persist', required: false, kind: 'boolean' },
    ],
  },
  {
    path: '/sse/connections/c1/channels',
    body: { subscribe: ['news'], unsubscribe: ['old'] },
    fields: [
      { path: 'subscribe', required: false, kind: 'array', wrong: [Array(1001).fill('x')] },
      { path: 'unsubscribe', required: false, kind: 'array' },
    ],
  },
];

const values: Record<Field['kind'], readonly unknown[]> = {
  string: [1, true, [], {}, ['news'], { toString: 'x' }],
  boolean: [1, 0, 'true', '', [], {}],
  integer: ['1', '', true, [], {}],
  object: [1, true, '', 'x', [], [{ content: 1 }]],
  array: [1, true, '', 'x', {}, { length: 1 }],
  any: [],
  enum: [],
};

/** The body with one member changed, or without it when `value` is undefined. */
function changed(body: Body, path: string, value: unknown): Body {
  const [name = '', ...rest] = path.split('.');
  const inner = rest.length === 0 ? value : changed(body[name] as Body, rest.join('.'), value);
  const { [name]: _, ...others } = body;
  return inner === undefined ? others : { ...others, [name]: inner };
}

describe('a wrong body is refused by the name of its field', () => {
  for (const route of routes) {
    it(route.path, async () => {
      await using server = await TestServer.start();
      const listener = await server.listen(['news'], 'u1');
      const refused = async (field: Field, value: unknown) => {
        const { status, body } = await server.post(route.path, changed(route.body, field.path, value));
        const shown = `${field.path} = ${JSON.stringify(value)?.slice(0, 40)}`;
        assert.equal(status, 422, shown);
        assert.equal(body.error.code, 'bad_request', shown);
        assert.ok(body.error.message.includes(field.path), `${shown}: ${body.error.message}`);
      };
      for (const field of route.fields) {
        for (const value of [...values[field.kind], ...(field.wrong ?? [])]) await refused(field, value);
        if (!field.required) continue;
        await refused(field, undefined);
        if (field.kind !== 'any') await refused(field, null);
      }
      assert.deepEqual(listener.received, []);
      assert.equal((await server.post(route.path, route.body)).status, 200);
      assert.deepEqual(server.reported, []);
    });
  }

  it('a list names the entry', async () => {
    await using server = await TestServer.start();
    for (const [entry, status] of [
      [1, 422],
      [null, 422],
      ['', 422],
      ['a\n', 422],
      ['$all', 403],
    ] as const) {
      const { status: got, body } = await server.post('/sse/connections/c1/channels', {
        subscribe: ['a', entry],
      });
      assert.equal(got, status);
      assert.match(body.error.message, /subscribe\[1\]/);
    }
  });

  it('reserved channels are forbidden', async () => {
    await using server = await TestServer.start();
    for (const name of ['$all', '$user:u1', '$control', '$']) {
      for (const [path, body] of [
        ['/ws/send-to-channel', { channel: name, message: { content: 1 } }],
        ['/sse/send-to-channel', { channel: name, event: 'e', data: 1 }],
        ['/sse/notification', { title: 'T', content: 'C', channel: name }],
        ['/api/publish', { channel: name, data: 1 }],
      ] as const) {
        const { status, body: answer } = await server.post(path, body);
        assert.equal(status, 403);
        assert.equal(answer.error.code, 'forbidden');
      }
    }
  });
});
