import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { reservedTypes } from '../../src/frames.ts';
import { FanwireError } from '../../src/index.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { embedded } from '../support/embedded.ts';
import { type TestServer, testServer } from '../support/server.ts';

/** Every type of a server's frame of dialect 3, every event of dialect 5. */
const own = [
  ...['connected', 'pong', 'subscribed', 'live', 'unsubscribed', 'ack', 'history', 'presence', 'refreshed'],
  ...['error', 'heartbeat', 'presence_join', 'presence_leave', 'gap', 'channels', 'closed', 'deleted'],
];

type Refusal = readonly [status: number | null, code: string | null, message: string];

/** Publishes a message of this type; resolves to the refusal, or to nulls when it was let through. */
type Send = (type: string) => Promise<Refusal>;

function over(client: ChannelClient, action: string, data: object): Send {
  return async (type) => {
    const answer = await client.ask(action, { ...data, type, content: 1 });
    return answer.type === 'error' ? [null, answer.content.type, answer.content.error] : [null, null, ''];
  };
}

function by(fw: TestServer, path: string, body: (type: string) => object): Send {
  return async (type) => {
    const answer = await fw.call('POST', path, body(type));
    const [{ ok, error }] = answer.body.results ?? [answer.body];
    return ok ? [answer.status, null, ''] : [answer.status, error.code, error.message];
  };
}

describe('the types of the server’s own frames', () => {
  it('are those that it sends, and that are written down', () => {
    assert.deepEqual([...reservedTypes].sort(), own.toSorted());
    const page = readFileSync(new URL('../../../docs/protocols/README.md', import.meta.url), 'utf8');
    const [, list = ''] = /\*\*Types of the server's own\.\*\*[^:]*: ([^.]*)\./.exec(page) ?? [];
    assert.deepEqual(
      list.split(', '),
      own.toSorted().map((type) => `\`${type}\``),
    );
  });

  it('are refused from every publisher', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1' });
    await client.subscribe('news');
    const ways: readonly [name: string, field: string, status: number | null, send: Send][] = [
      ['send_to_channel', 'data.type', null, over(client, 'send_to_channel', { channel: 'news' })],
      ['send_to_user', 'data.type', null, over(client, 'send_to_user', { user_id: 'u1' })],
      ['message', 'data.type', null, over(client, 'message', {})],
      ['publish', 'type', 422, by(fw, '/api/publish', (type) => ({ channel: 'news', data: 1, type }))],
      ['to several', 'type', 422, by(fw, '/api/publish', (type) => ({ channels: ['news'], data: 1, type }))],
      ['to a user', 'type', 422, by(fw, '/api/publish', (type) => ({ user_id: 'u1', data: 1, type }))],
      [
        'batch',
        'type',
        200,
        by(fw, '/api/batch', (type) => ({ messages: [{ channel: 'news', data: 1, type }] })),
      ],
      [
        'broadcast',
        'message.type',
        422,
        by(fw, '/ws/broadcast', (type) => ({ message: { content: 1, type } })),
      ],
      [
        'to a channel',
        'message.type',
        422,
        by(fw, '/ws/send-to-channel', (type) => ({ channel: 'news', message: { content: 1, type } })),
      ],
      [
        'event',
        'event',
        422,
        by(fw, '/sse/send-to-channel', (event) => ({ channel: 'news', event, data: 1 })),
      ],
    ];
    for (const [name, field, status, send] of ways) {
      for (const type of own) {
        const [answered, code, message] = await send(type);
        assert.deepEqual([answered, code], [status, 'bad_request'], `${name} ${type}`);
        assert.ok(message.startsWith(`${field}: "${type}"`), message);
      }
      for (const type of ['message', 'text', 'Connected', 'connected ', 'live-score']) {
        assert.equal((await send(type))[1], null, `${name} ${type}`);
      }
    }
    for (const { type } of client.messages('news')) assert.ok(!own.includes(type), type);
  });

  it('are refused from programs, and from what middleware makes of a message', async () => {
    await using fw = await embedded();
    for (const type of own) {
      const refused = (thrown: unknown): boolean =>
        thrown instanceof FanwireError && thrown.code === 'bad_request';
      await assert.rejects(fw.fanwire.publish('news', 1, { type }), refused, type);
      await assert.rejects(fw.fanwire.broadcast({ content: 1, type }), refused, type);
    }
    fw.fanwire.use((context, next) => {
      if (context.kind === 'message') context.type = String(context.data);
      return next();
    });
    for (const type of own) {
      const { status, body } = await fw.call('POST', '/api/publish', { channel: 'news', data: type });
      assert.deepEqual([status, body.error.code], [422, 'bad_request'], type);
    }
  });

  it('do not contain `message`, which is the event of a text', async () => {
    await using fw = await testServer();
    const answer = await fw.call('POST', '/api/publish', { channel: 'news', data: 1, type: 'message' });
    assert.equal(answer.status, 200);
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    await fw.call('POST', '/api/publish', { channel: 'news', data: 2, type: 'message' });
    assert.equal((await stream.next('message')).data.content, 2);
  });
});
