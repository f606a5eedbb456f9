import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused } from '../support/refusals.ts';
import { type TestServer, testSecret, testServer } from '../support/server.ts';

const production = { NODE_ENV: 'production', JWT_SECRET: testSecret };
const invited = {
  ...production,
  RELAY_AUTH_REQUIRED: 'false',
  WEBSOCKET_AUTH_REQUIRED: 'false',
  CHAT_AUTH_REQUIRED: 'false',
  SSE_AUTH_REQUIRED: 'false',
};

type WayIn = (fw: TestServer, query?: string) => Promise<unknown>;

const waysIn: [string, WayIn][] = [
  ['relay', (fw, query = '') => fw.socket(`/ws?room=r&client_id=c${query}`)],
  ['channel', (fw, query = '') => fw.socket(`/ws/connect?x=1${query}`)],
  ['chat', (fw, query = '') => fw.socket(`/?x=1${query}`)],
  ['events', (fw, query = '') => fw.stream(`/sse/connect?channels=r${query}`)],
];

/** Does something with a channel, and resolves to the code of the error that it is answered with, or to `done`. */
type Attempt = (fw: TestServer, query: string) => Promise<string>;

function channel(action: string, data: object, done: string): Attempt {
  return async (fw, query) => {
    const client = await fw.socket(`/ws/connect?x=1${query}`);
    await client.next({ type: 'connected' });
    client.send({ action, data, request_id: 'q' });
    const answer = await client.next({ request_id: 'q' });
    if (answer.type === 'error') return answer.content.type;
    assert.equal(answer.type, done);
    return 'done';
  };
}

function chat(frame: object): Attempt {
  return async (fw, query) => {
    const client = await fw.socket(`/?x=1${query}`);
    await client.ask({ action: 'join', room: 'r' }, { action: 'joined' });
    client.send({ room: 'r', ...frame });
    const answer = await client.next();
    return answer.action === 'error' ? answer.code : 'done';
  };
}

const relay: Attempt = async (fw, query) => {
  const client = await fw.socket(`/ws?room=r&client_id=c${query}`);
  client.send({ type: 'message', payload: { text: 'hi' } });
  const answer = await client.next();
  return answer.type === 'error' ? answer.payload.code : 'done';
};

const writing: [string, Attempt][] = [
  ['relay: message', relay],
  ['channel: send_to_channel', channel('send_to_channel', { channel: 'r', content: 1 }, 'ack')],
  ['channel: send_to_user', channel('send_to_user', { user_id: 'ann', content: 1 }, 'ack')],
  ['channel: message', channel('message', { channel: 'r', content: 1 }, 'ack')],
  ['channel: message to everyone', channel('message', { content: 1 }, 'ack')],
  ['chat: message', chat({ action: 'message', text: 'hi' })],
];

const reading: [string, Attempt][] = [
  ['channel: history', channel('history', { channel: 'r' }, 'history')],
  ['channel: history on subscribing', channel('subscribe', { channel: 'r', history: 5 }, 'subscribed')],
  ['channel: presence', channel('presence', { channel: 'r' }, 'presence')],
  ['chat: history', chat({ action: 'history' })],
  ['chat: members', chat({ action: 'members' })],
];

describe('strangers in production', () => {
  for (const [name, enter] of waysIn) {
    it(`${name}: are not let in unless a setting says so`, async () => {
      await using fw = await testServer({ env: production });
      await refused(enter(fw), 401, 'unauthorized');
      await enter(fw, `&token=${await fw.token('ann')}`);
    });
  }

  it('may not change a stream, nor have a ticket', async () => {
    await using fw = await testServer({ env: production });
    const change = await fw.call('POST', '/sse/connections/x/channels', { subscribe: ['r'] });
    assert.equal(change.status, 401);
    assert.equal((await fw.call('POST', '/sse/ticket')).status, 401);
  });

  for (const [name, enter] of waysIn) {
    it(`${name}: are let in where its setting is false, and hear what is published`, async () => {
      await using fw = await testServer({ env: invited });
      await enter(fw);
    });
  }

  for (const [name, attempt] of [...writing, ...reading]) {
    it(`${name}: is forbidden to them, and free with ANONYMOUS=all`, async () => {
      await using fw = await testServer({ env: invited });
      assert.equal(await attempt(fw, ''), 'forbidden');
      await using open = await testServer({ env: { ...invited, ANONYMOUS: 'all' } });
      assert.equal(await attempt(open, ''), 'done');
    });
  }

  it('hear and resume what is published, and nothing from before', async () => {
    await using fw = await testServer({ env: invited });
    const token = await fw.token('ann');
    const ann = await fw.socket(`/ws/connect?token=${token}`);
    const say = (content: string) =>
      ann.ask(
        { action: 'send_to_channel', data: { channel: 'r', content, persist: true }, request_id: content },
        { type: 'ack', request_id: content },
      );
    const { content } = await say('before');
    const guest = await fw.socket('/ws/connect');
    const subscribed = await guest.ask(
      { action: 'subscribe', data: { channel: 'r' } },
      { type: 'subscribed' },
    );
    assert.equal(subscribed.content.replayed, 0);
    await say('now');
    await guest.next({ type: 'text', content: 'now' });
    const { epoch, offset } = content;
    const again = await fw.socket('/ws/connect');
    again.send({ action: 'subscribe', data: { channel: 'r', position: { epoch, offset } } });
    await again.next({ type: 'text', content: 'now' });
  });

  it('what they may not do, who is signed in may', async () => {
    await using fw = await testServer({ env: invited });
    const query = `&token=${await fw.token('ann', { scopes: ['broadcast'] })}`;
    for (const [name, attempt] of [...writing, ...reading]) {
      assert.equal(await attempt(fw, query), 'done', name);
    }
  });

  it('with ANONYMOUS=all they may write to everyone; where credentials are needed it takes the scope', async () => {
    const env = { ...production, ANONYMOUS: 'all', CHAT_AUTH_REQUIRED: 'false' };
    await using fw = await testServer({ env });
    const everyone = channel('message', { content: 1 }, 'ack');
    assert.equal(await everyone(fw, `&token=${await fw.token('ann')}`), 'forbidden');
  });
});

describe('ANONYMOUS', () => {
  it('none: guests hear what goes to everyone, and may do nothing', async () => {
    await using fw = await testServer({ env: { ANONYMOUS: 'none' } });
    await refused(fw.socket('/ws?room=r&client_id=c'), 403, 'forbidden');
    await refused(fw.stream('/sse/connect?channels=r'), 403, 'forbidden');
    const subscribe = channel('subscribe', { channel: 'r' }, 'subscribed');
    assert.equal(await subscribe(fw, ''), 'forbidden');
    const everyone = channel('subscribe', { channel: '$all', position: { epoch: 'x', offset: 0 } }, '');
    assert.equal(await everyone(fw, ''), 'forbidden');
    const chatting = await fw.socket('/');
    chatting.send({ action: 'join', room: 'r' });
    assert.equal((await chatting.next()).code, 'forbidden');
    const stream = await fw.stream('/sse/connect');
    const { data } = await stream.next('connected');
    const path = `/sse/connections/${data.content.connection_id}/channels`;
    assert.equal((await fw.call('POST', path, { subscribe: ['r'] })).status, 403);
    assert.equal((await fw.call('POST', '/ws/broadcast', { message: { content: 'all' } })).status, 200);
    await stream.next('broadcast');
  });

  it('is of connections: who asks the open management of a development server is its operator', async () => {
    await using fw = await testServer({ env: { ANONYMOUS: 'none' } });
    const body = { channel: 'r', message: { content: 1 } };
    assert.equal((await fw.call('POST', '/ws/send-to-channel', body)).status, 200);
    assert.equal((await fw.call('GET', '/api/channels/r/messages')).status, 200);
  });
});
