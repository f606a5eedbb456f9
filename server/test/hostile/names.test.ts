import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testOrigin } from '../support/server.ts';
import { type WatchedServer, watchedServer } from '../support/watched-server.ts';

const ordinary = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'then',
  'null',
  '0',
  '-1',
  ' ',
  '../../etc/passwd',
  "'; DROP TABLE messages; --",
  '%',
  '*',
  '<script>alert(1)</script>',
  'a\u2028b',
  '\u202Eright to left',
  '👩‍👩‍👧‍👦',
  'é'.repeat(125),
];

/** One listener of each dialect in the channel, all under the same name. */
async function listeners(fw: WatchedServer, name: string): Promise<(() => Promise<unknown>)[]> {
  const encoded = encodeURIComponent(name);
  const token = await fw.token(name);
  const channel = await fw.socket(`/ws/connect?token=${token}`);
  await channel.ask({ action: 'subscribe', data: { channel: name, history: 0 } }, { type: 'subscribed' });
  const relay = await fw.socket(`/ws?room=${encoded}&client_id=${encoded}`);
  await relay.ask({ type: 'join', payload: { room: name } }, { type: 'joined' });
  const chat = await fw.socket(`/?name=${encoded}`);
  const joined = await chat.ask({ action: 'join', room: name }, { action: 'joined', room: name });
  assert.equal(joined.user, name);
  const headers = { origin: testOrigin };
  const room = await fw.socket(`/ws/${encoded}?token=${token}`, { headers });
  const { users } = await room.ask({ type: 'presence.list' }, { type: 'presence.state' });
  assert.deepEqual(
    users.map(({ user, guest = false }: { user: string; guest?: boolean }) => [user, guest]),
    [
      [name, false],
      [name, true],
    ],
  );
  const parts = [
    async () => (await channel.next({ type: 'text', channel: name })).content,
    async () => (await relay.next({ type: 'message', room: name })).payload.text,
    async () => (await chat.next({ action: 'message', room: name })).text,
    async () => (await room.next({ type: 'chat.delivery', room: name })).text,
  ];
  // The address of a stream separates names by commas.
  if (name.includes(',')) return parts;
  const stream = await fw.stream(`/sse/connect?channels=${encoded}`);
  await stream.next('connected');
  return [...parts, async () => (await stream.next('message', { channel: name })).data.content];
}

describe('a strange name is a name like any other, of a channel, room, user, client, message and type', () => {
  for (const name of ordinary) {
    it(JSON.stringify(name.slice(0, 40)), async () => {
      await using fw = await watchedServer();
      const heard = await listeners(fw, name);
      const encoded = encodeURIComponent(name);
      const body = { channel: name, message: { id: name, content: name }, persist: true };
      const published = await fw.call('POST', '/ws/send-to-channel', body);
      assert.deepEqual([published.status, published.body.id, published.body.offset], [200, name, 1]);
      for (const hear of heard) assert.equal(await hear(), name);
      const again = await fw.call('POST', '/ws/send-to-channel', body);
      assert.deepEqual([again.body.duplicate, again.body.offset], [true, 1]);
      const history = await fw.call('GET', `/api/channels/${encoded}/messages`);
      assert.deepEqual([history.body.messages.length, history.body.messages[0].content], [1, name]);
      const presence = await fw.call('GET', `/api/channels/${encoded}/presence`);
      assert.deepEqual([presence.body.total, presence.body.users[0].user_id], [2, name]);
      const connections = await fw.call('GET', `/ws/connections?user=${encoded}`);
      assert.equal(connections.body.total, 2);
      await fw.unharmed();
    });
  }
});

describe('names of Object.prototype as keys of data', () => {
  it('arrive as they were sent, in every dialect', async () => {
    await using fw = await watchedServer();
    const json = '{"__proto__":{"text":"no"},"constructor":{"prototype":1},"text":"yes","toString":null}';
    const channel = await fw.socket('/ws/connect');
    await channel.ask({ action: 'subscribe', data: { channel: 'c', history: 0 } }, { type: 'subscribed' });
    const relay = await fw.socket('/ws?room=c&client_id=r');
    await relay.ask({ type: 'join', payload: { room: 'c' } }, { type: 'joined' });
    const room = await fw.room('c', 'u1');
    await room.ask({ type: 'presence.list' }, { type: 'presence.state' });
    channel.send(`{"action":"send_to_channel","data":{"channel":"c","content":${json}}}`);
    assert.equal(JSON.stringify((await channel.next({ type: 'text' })).content), json);
    assert.equal(JSON.stringify((await relay.next({ type: 'message' })).payload), json);
    assert.equal((await room.next({ type: 'chat.delivery' })).text, 'yes');
    assert.equal(({} as { text?: string }).text, undefined);
    await fw.unharmed();
  });
});

describe('numbers beyond a double, and lone surrogates', () => {
  const texts = ['1e999', '-1e999', '123456789012345678901234567890', '0.1e-400', '-0', '"\\u0000"'];
  for (const json of texts) {
    it(`${json} arrives as it was written, live and from the history`, async () => {
      await using fw = await watchedServer();
      const received: string[] = [];
      const client = await fw.socket('/ws/connect');
      client.ws.on('message', (data) => received.push(String(data)));
      await client.ask({ action: 'subscribe', data: { channel: 'c', history: 0 } }, { type: 'subscribed' });
      client.send(`{"action":"send_to_channel","data":{"channel":"c","content":[${json}]}}`);
      await client.next({ type: 'text' });
      await client.ask({ action: 'history', data: { channel: 'c' } }, { type: 'history' });
      const withIt = received.filter((text) => text.includes(`"content":[${json}]`));
      assert.equal(withIt.length, 2, received.join('\n'));
      await fw.unharmed();
    });
  }

  it('a lone surrogate is no part of a name, id, type or user', async () => {
    await using fw = await watchedServer();
    const client = await fw.socket('/ws/connect');
    const lone = '\\ud800';
    const frames: Readonly<Record<string, string>> = {
      'data.channel': `{"action":"subscribe","data":{"channel":"${lone}"}}`,
      'data.id': `{"action":"send_to_channel","data":{"channel":"c","content":1,"id":"${lone}"}}`,
      'data.type': `{"action":"send_to_channel","data":{"channel":"c","content":1,"type":"a${lone}"}}`,
      'data.user_id': `{"action":"send_to_user","data":{"user_id":"${lone}","content":1}}`,
    };
    for (const [field, frame] of Object.entries(frames)) {
      client.send(frame);
      const { content } = await client.next({ type: 'error' });
      assert.equal(content.type, 'bad_request', field);
      assert.ok(content.error.startsWith(field), content.error);
    }
    client.send(`{"action":"ping","request_id":"${lone}"}`);
    assert.equal((await client.next({ type: 'error' })).content.type, 'bad_request');
    const room = await fw.socket('/ws/%ED%A0%80').catch((refusal) => refusal);
    assert.equal(room.status, 400);
    await fw.unharmed();
  });
});
