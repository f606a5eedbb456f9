import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Kind, mutants, optional, required } from '../support/mutants.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

/** A call with a body, and what each field of the body takes. */
interface Example {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, readonly Kind[]>>;
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
const text = required('string');
const message = { message: { id: 'i', type: 't', content: 1 } };
const messageFields = {
  message: required(),
  'message.id': optional('string'),
  'message.type': optional('string'),
  'message.content': anything,
};

const examples: readonly Example[] = [
  { path: '/ws/broadcast', body: message, fields: messageFields },
  {
    path: '/ws/send-to-channel',
    body: { channel: 'c', ...message, persist: true },
    fields: { channel: text, ...messageFields, persist: optional('boolean') },
  },
  {
    path: '/ws/send-to-user',
    body: { user_id: 'u', ...message },
    fields: { user_id: text, ...messageFields },
  },
  {
    path: '/sse/send-to-channel',
    body: { channel: 'c', event: 'e', data: 1 },
    fields: { channel: text, event: text, data: anything },
  },
  {
    path: '/sse/notification',
    body: { title: 't', content: 'c', type: 'info', channel: 'c', auto_hide: true, duration: 1 },
    fields: {
      title: text,
      content: text,
      type: optional(),
      channel: optional('string'),
      auto_hide: optional('boolean'),
      duration: optional('integer'),
    },
  },
];

/** Bodies and how they are refused, wherever a body is expected. */
const noObjects: Readonly<Record<string, [string, number, string]>> = {
  'half an object': ['{"a":', 400, 'bad_json'],
  'an object and more': ['{}{}', 400, 'bad_json'],
  'a lone quote': ['"', 400, 'bad_json'],
  '1 MB of opening brackets': ['['.repeat(1_000_000), 400, 'bad_json'],
  '1 MB of brackets, closed': ['['.repeat(500_000) + ']'.repeat(500_000), 422, 'bad_request'],
  '1 MB of objects in each other': [`${'{"a":'.repeat(160_000)}1${'}'.repeat(160_000)}`, 422, 'bad_request'],
  '2 MB of blanks': [' '.repeat(2_000_000), 413, 'too_large'],
  null: ['null', 422, 'bad_request'],
  'a number': ['1e999', 422, 'bad_request'],
  'an array': ['[]', 422, 'bad_request'],
  nothing: ['', 422, 'bad_request'],
  'names of Object.prototype': ['{"__proto__":{"channel":"c"},"constructor":1}', 422, 'bad_request'],
};

async function checkRefusal(
  fw: WatchedServer,
  path: string,
  body: string,
  [status, code, field = '']: readonly [number, string, string?],
  title: string,
): Promise<void> {
  const answer = await fw.call('POST', path, body, { 'content-type': 'application/json' });
  const shown = `${title}: ${answer.status} ${JSON.stringify(answer.body)}`;
  assert.equal(answer.status, status, shown);
  assert.equal(answer.body.error.code, code, shown);
  assert.ok(answer.body.error.message.includes(field), `names the field: ${shown}`);
}

describe('HTTP: a value of the wrong type is 422 bad_request and names the field', () => {
  for (const { path, body, fields } of examples) {
    it(`in each field of POST ${path}`, async () => {
      await using fw = await watchedServer();
      assert.equal((await fw.call('POST', path, body)).status, 200, 'the example itself');
      for (const { title, path: field, json, valid } of mutants(body, fields)) {
        const name = field.split('.').at(-1) ?? '';
        if (!valid) await checkRefusal(fw, path, json, [422, 'bad_request', name], title);
        else {
          const answer = await fw.call('POST', path, json, { 'content-type': 'application/json' });
          assert.equal(answer.status, 200, `${title}: ${JSON.stringify(answer.body)}`);
        }
      }
      await fw.unharmed();
    });
  }

  it('in each field of the change of a stream, with 404 for a stream that is not there', async () => {
    await using fw = await watchedServer();
    const stream = await fw.stream('/sse/connect?channels=c');
    const { connection_id: id } = (await stream.next('connected')).data.content;
    const body = { subscribe: ['a'], unsubscribe: ['b'] };
    const list = optional('array');
    for (const { title, json, path, valid } of mutants(body, { subscribe: list, unsubscribe: list })) {
      if (!valid)
        await checkRefusal(fw, `/sse/connections/${id}/channels`, json, [422, 'bad_request', path], title);
    }
    for (const strange of ['x', '__proto__', 'constructor', '%00', '%F0%9F%92%A5']) {
      const answer = await fw.call('POST', `/sse/connections/${strange}/channels`, body);
      assert.deepEqual([answer.status, answer.body.error.code], [404, 'not_found'], strange);
    }
    await fw.unharmed();
  });
});

describe('HTTP: a body that is no JSON object', () => {
  for (const [title, [body, status, code]] of Object.entries(noObjects)) {
    it(`${title} is ${status} ${code} everywhere`, async () => {
      await using fw = await watchedServer();
      for (const { path } of examples) await checkRefusal(fw, path, body, [status, code], path);
      await fw.unharmed();
    });
  }

  it('content nested over the limit is 422, at the limit it is published as it was written', async () => {
    await using fw = await watchedServer();
    const nested = (depth: number): string =>
      `{"message":{"content":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    const headers = { 'content-type': 'application/json' };
    assert.equal((await fw.call('POST', '/ws/broadcast', nested(128), headers)).status, 200);
    await checkRefusal(
      fw,
      '/ws/broadcast',
      nested(129),
      [422, 'bad_request', 'message.content'],
      'one level more',
    );
    await fw.unharmed();
  });
});

describe('HTTP: parameters of the wrong kind are 400 bad_request and name the parameter', () => {
  const numbers = [
    '',
    'x',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '9007199254740993',
    '1'.repeat(5000),
    '%00',
    '5&limit=6',
  ];
  const paths = ['/ws/connections', '/api/channels/c/messages', '/api/channels/c/presence'];

  for (const path of paths) {
    it(`limit of GET ${path}`, async () => {
      await using fw = await watchedServer();
      for (const value of [...numbers, '0', '1001']) {
        const { status, body } = await fw.call('GET', `${path}?limit=${value}`);
        assert.deepEqual([status, body.error?.code], [400, 'bad_request'], value);
        assert.match(body.error.message, /limit/);
      }
      const nearly = await fw.call('GET', `${path}?limit[]=1`);
      assert.deepEqual([nearly.status, nearly.body.error?.code], [400, 'bad_request']);
      assert.equal((await fw.call('GET', `${path}?%ff=%ff`)).status, 400);
      for (const query of ['limit[__proto__]=1', '__proto__=1&constructor=2', '&&&=&=']) {
        assert.equal((await fw.call('GET', `${path}?${query}`)).status, 200, query);
      }
      await fw.unharmed();
    });
  }

  it('before, after, from and to of a history page', async () => {
    await using fw = await watchedServer();
    for (const name of ['before', 'after', 'from', 'to']) {
      for (const value of numbers.map((number) => number.replace('limit', name))) {
        const { status, body } = await fw.call('GET', `/api/channels/c/messages?${name}=${value}`);
        assert.deepEqual([status, body.error?.code], [400, 'bad_request'], `${name}=${value}`);
      }
      const largest = await fw.call('GET', `/api/channels/c/messages?${name}=9007199254740990`);
      assert.equal(largest.status, 200);
    }
    await fw.unharmed();
  });

  it('cursors that the server never gave', async () => {
    await using fw = await watchedServer();
    for (const cursor of [
      'x',
      '__proto__',
      'LTE',
      'MTIzNDU2Nzg5MDEyMzQ1Njc4OTA',
      '%00',
      'MQ==',
      'M'.repeat(9000),
    ]) {
      const { status, body } = await fw.call('GET', `/ws/connections?cursor=${cursor}`);
      assert.deepEqual([status, body.error?.code], [400, 'bad_request'], cursor);
      assert.equal((await fw.call('GET', `/api/channels/c/presence?cursor=${cursor}`)).status, 200);
    }
    await fw.unharmed();
  });

  it('flags, rooms and names of a WebSocket address', async () => {
    await using fw = await watchedServer();
    const refused: Readonly<Record<string, string>> = {
      '/ws': 'room',
      '/ws?room=r': 'client_id',
      '/ws?room=&client_id=c': 'room',
      '/ws?room=r&client_id=': 'client_id',
      '/ws?room=%00&client_id=c': 'room',
      '/ws?room=r&client_id=c&echo=maybe': 'echo',
      '/ws/connect?echo=2': 'echo',
      '/?name=%07': 'name',
      [`/?name=${'n'.repeat(251)}`]: 'name',
      [`/ws/${'r'.repeat(256)}`]: 'room',
      '/ws/%ff': 'percent-encoding',
      '/ws/r?presence=x': 'presence',
    };
    for (const [path, word] of Object.entries(refused)) {
      const refusal = await fw.socket(path).then(
        () => assert.fail(`${path} was let in`),
        (thrown) => thrown,
      );
      assert.deepEqual([refusal.status, refusal.body?.error.code], [400, 'bad_request'], path);
      assert.ok(refusal.body.error.message.includes(word), `${path}: ${refusal.body.error.message}`);
    }
    await fw.unharmed();
  });

  it('channels and cursors of an event stream', async () => {
    await using fw = await watchedServer();
    const many = Array.from({ length: 129 }, (_, index) => `c${index}`).join();
    const refused = [
      'channels=%00',
      `channels=${many}`,
      `channels=${'c'.repeat(256)}`,
      'token=',
      'ticket=x&token=y',
    ];
    for (const query of refused) {
      const refusal = await fw.stream(`/sse/connect?${query}`).then(
        () => assert.fail(`${query} was let in`),
        (thrown) => thrown,
      );
      assert.ok([400, 401].includes(refusal.status), `${query}: ${refusal.status}`);
    }
    for (const cursor of [
      'x',
      ';',
      'e;c',
      'e;c:1e3',
      'e;%ff:1',
      'e;c:99999999999999999',
      ';__proto__:1',
      'e;$user:u2:0',
    ]) {
      const stream = await fw.stream(`/sse/connect?channels=c&last_event_id=${encodeURIComponent(cursor)}`);
      await stream.next('connected');
      stream.close();
    }
    await fw.unharmed();
  });
});
