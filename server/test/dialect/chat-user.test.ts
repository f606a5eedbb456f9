import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChatDialect } from '../../src/dialect/chat/dialect.ts';
import type { Services } from '../../src/dialect/dialect.ts';
import { oddNames } from '../support/canonical.ts';
import { chat, enter, heard, open, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { closes, refused } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const general = 'general';
const connect = (fw: TestServer, query = ''): Promise<SocketClient> => fw.socket(`/${query}`);
const joining = (client: SocketClient, name = general): Promise<Frame> =>
  client.ask({ action: 'join', room: name }, { action: 'joined', room: name });

describe('chat: who one is', () => {
  it('a guest, without a token and a name', async () => {
    await using fw = await testServer();
    const { user } = await joining(await connect(fw));
    assert.match(user, /^guest-[0-9a-f]{4}$/);
  });

  it('the same guest in every room of the connection, and another one on the next', async () => {
    await using fw = await testServer();
    const client = await connect(fw);
    const { user } = await joining(client);
    assert.equal((await joining(client, 'random')).user, user);
    const names = new Set([user]);
    for (let n = 0; n < 30; n++) names.add((await joining(await connect(fw))).user);
    assert.equal(names.size, 31);
  });

  it('a guest gets no name that another connection goes by', () => {
    const asked: string[] = [];
    const ofUser = (name: string): unknown[] => (asked.push(name) <= 3 ? ['somebody'] : []);
    const connections = { ofUser, ofGuest: () => [] };
    const services = { hub: { connections } } as unknown as Services;
    const options = { authRequired: false, historyOnJoin: 50, pingInterval: 1, idleTimeout: 1 };
    const entrance = new ChatDialect(services, options).entrance(new URL('http://fanwire.invalid/'));
    assert.equal(asked.length, 4);
    assert.equal(entrance?.name, asked.at(-1));
  });

  it('?name= as it is claimed; an empty one is none', async () => {
    await using fw = await testServer();
    for (const name of oddNames) {
      const client = await connect(fw, `?name=${encodeURIComponent(name)}`);
      assert.equal((await joining(client)).user, name);
      client.close();
    }
    assert.match((await joining(await connect(fw, '?name='))).user, /^guest-/);
  });

  it('a name over 250 bytes, or with control characters, is 400', async () => {
    await using fw = await testServer();
    for (const name of ['x'.repeat(251), 'a%00b', '%0a']) {
      await refused(connect(fw, `?name=${name}`), 400, 'bad_request');
    }
  });

  it('the token’s sub, whatever name is claimed', async () => {
    await using fw = await testServer();
    const client = await open(fw, chat, '', { user: 'ann', query: '&name=bob' });
    assert.equal((await joining(client)).user, 'ann');
    assert.equal((await say(chat, client, general, 'hi')).user, 'ann');
  });

  it('a claimed name gets no messages to the user of that name', async () => {
    await using fw = await testServer();
    const claimed = await enter(fw, chat, general, { query: '&name=ann' });
    const verified = await enter(fw, chat, general, { user: 'ann' });
    await fw.call('POST', '/ws/send-to-user', { user_id: 'ann', message: { content: 'secret' } });
    await verified.next({ room: '$user:ann', text: 'secret' });
    assert.deepEqual(await heard(chat, claimed), [{ action: 'user_joined', room: general, user: 'ann' }]);
  });
});

describe('chat: the connection', () => {
  it('says nothing until it is spoken to', async () => {
    await using fw = await testServer();
    assert.deepEqual(await heard(chat, await connect(fw)), []);
  });

  it('is pinged every WEBSOCKET_HEARTBEAT_INTERVAL, by WebSocket pings alone', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, chat, general);
    for (let count = 0; count < 5; count++) {
      clock.advance(30_200);
      await client.pings.next();
      assert.deepEqual(await heard(chat, client), []);
    }
  });

  it('stays while pings are answered, although the client sends no frame', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const idle = await enter(fw, chat, general);
    const talking = await enter(fw, chat, 'random');
    for (let count = 0; count < 5; count++) {
      clock.advance(30_200);
      await idle.pings.next();
      await heard(chat, talking);
    }
    assert.equal(idle.ws.readyState, idle.ws.OPEN);
  });

  it('without a sign of life for WEBSOCKET_DISCONNECT_TIMEOUT is closed with 4408', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await fw.socket('/', { autoPong: false });
    await joining(client);
    clock.advance(59_900);
    assert.equal(client.ws.readyState, client.ws.OPEN);
    clock.advance(500);
    await closes(client, 4408);
  });
});
