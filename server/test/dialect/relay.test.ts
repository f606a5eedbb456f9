import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { chat, enter, fails, heard, open, relay, room, say } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A client with this id in the lobby. */
async function lobbyClient(fw: TestServer, id: string, query = ''): Promise<SocketClient> {
  const client = await fw.socket(`/ws?room=lobby&client_id=${id}${query}`);
  await relay.settle(client, 'lobby');
  return client;
}

const join = (room: string) => ({ type: 'join', payload: { room } });
const leave = (room: string) => ({ type: 'leave', payload: { room } });
const joined = (room: string) => ({ type: 'joined', payload: { room } });
const left = (room: string) => ({ type: 'left', payload: { room } });

describe('relay: messages', () => {
  it('a message goes to everyone in the room of the URL, the sender included', async () => {
    await using fw = await testServer({ clock: new FakeClock(1_690_000_000_123) });
    const [alice, bob] = [await lobbyClient(fw, 'alice'), await lobbyClient(fw, 'bob')];
    const elsewhere = await enter(fw, relay, 'elsewhere');
    alice.send({ type: 'message', payload: { text: 'hi', n: 1 } });
    const frame = await bob.next();
    assert.match(frame.id, uuid);
    assert.deepEqual(frame, {
      type: 'message',
      payload: { text: 'hi', n: 1 },
      room: 'lobby',
      from: 'alice',
      id: frame.id,
      ts: 1_690_000_000.123,
    });
    assert.deepEqual(await alice.next(), frame);
    assert.deepEqual(await heard(relay, elsewhere), []);
  });

  it('with a room it goes to that other joined room, and only there', async () => {
    await using fw = await testServer();
    const [alice, bob] = [await lobbyClient(fw, 'alice'), await lobbyClient(fw, 'bob')];
    const carol = await enter(fw, relay, 'r2');
    await alice.ask(join('r2'), joined('r2'));
    alice.send({ type: 'message', payload: { text: 'to r2' }, room: 'r2' });
    assert.equal((await carol.next()).room, 'r2');
    assert.equal((await alice.next()).room, 'r2');
    assert.deepEqual(await heard(relay, bob), []);
  });

  it('with the room of the URL it goes there', async () => {
    await using fw = await testServer();
    await say(relay, await lobbyClient(fw, 'alice'), 'lobby', 'hi');
  });

  it('a message to a room that was not joined is not_subscribed', async () => {
    await using fw = await testServer();
    const [alice, carol] = [await lobbyClient(fw, 'alice'), await enter(fw, relay, 'r2')];
    alice.send({ type: 'message', payload: {}, room: 'r2' });
    await fails(relay, alice, 'not_subscribed');
    assert.deepEqual(await heard(relay, carol), []);
  });

  it('the payload arrives as it was written', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    const payload =
      '{"big":12345678901234567890.10,"e":"\\u00e9\\ud83d\\ude00","__proto__":{"x":1},"n":null}';
    const arrived = once(alice.ws, 'message');
    alice.send(`{"type":"message","payload":${payload}}`);
    const [bytes] = await arrived;
    assert.ok(String(bytes).startsWith(`{"type":"message","payload":${payload},"room":"lobby"`));
  });

  it('messages arrive in the order in which they were sent', async () => {
    await using fw = await testServer();
    const [alice, bob] = [await lobbyClient(fw, 'alice'), await lobbyClient(fw, 'bob')];
    for (let n = 0; n < 200; n++) alice.send({ type: 'message', payload: { n } });
    for (let n = 0; n < 200; n++) assert.deepEqual((await bob.next()).payload, { n });
  });
});

describe('relay: more rooms on one connection', () => {
  it('join is answered by joined, leave by left', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    alice.send(join('r2'));
    assert.deepEqual(await alice.next(), joined('r2'));
    alice.send(leave('r2'));
    assert.deepEqual(await alice.next(), left('r2'));
  });

  it('a joined room’s messages arrive, until it is left', async () => {
    await using fw = await testServer();
    const [alice, carol] = [await lobbyClient(fw, 'alice'), await enter(fw, relay, 'r2')];
    await alice.ask(join('r2'), joined('r2'));
    await say(relay, carol, 'r2', 'one');
    await alice.next(relay.delivery('r2', 'one'));
    await alice.ask(leave('r2'), left('r2'));
    await say(relay, carol, 'r2', 'two');
    assert.deepEqual(await heard(relay, alice), []);
  });

  it('joining twice is joining once: messages arrive once', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    for (let count = 0; count < 2; count++) await alice.ask(join('r2'), joined('r2'));
    await say(relay, alice, 'r2', 'hi');
    assert.deepEqual(await heard(relay, alice), []);
  });

  it('leaving a room that was not joined is not_subscribed', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    alice.send(leave('r2'));
    await fails(relay, alice, 'not_subscribed');
  });

  it('the room of the URL can be left and joined again', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    await alice.ask(leave('lobby'), left('lobby'));
    alice.send({ type: 'message', payload: {} });
    await fails(relay, alice, 'not_subscribed');
    await alice.ask(join('lobby'), joined('lobby'));
    await say(relay, alice, 'lobby', 'back');
  });

  it('frames are handled in order: join, message, leave need no waiting between', async () => {
    await using fw = await testServer();
    const [alice, carol] = [await open(fw, relay, 'lobby'), await enter(fw, relay, 'r2')];
    for (const frame of [join('r2'), relay.message('r2', 'hi'), leave('r2')]) alice.send(frame);
    assert.deepEqual(await alice.next(), joined('r2'));
    assert.deepEqual((await alice.next()).payload, { text: 'hi' });
    assert.deepEqual(await alice.next(), left('r2'));
    await carol.next(relay.delivery('r2', 'hi'));
  });

  it('names that begin with $ cannot be joined or left', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    for (const name of ['$all', '$user:alice', '$x']) {
      for (const frame of [join(name), leave(name)]) {
        alice.send(frame);
        await fails(relay, alice, 'forbidden');
      }
    }
  });

  it('rooms over MAX_CHANNELS_PER_CONNECTION are limit_reached', async () => {
    await using fw = await testServer({ env: { MAX_CHANNELS_PER_CONNECTION: '4' } });
    const alice = await lobbyClient(fw, 'alice');
    let rooms = 1;
    let answer = await alice.ask(join(`r${rooms}`), {});
    while (answer.type === 'joined' && rooms < 9) answer = await alice.ask(join(`r${++rooms}`), {});
    assert.equal(answer.payload.code, 'limit_reached');
    assert.ok(rooms <= 4, `${rooms}`);
    await say(relay, alice, 'lobby', 'still here');
  });
});

describe('relay: with the other dialects', () => {
  it('a relay message is a chat.delivery, a chat message and a channel message, with the client’s name', async () => {
    await using fw = await testServer();
    const inRoom = await enter(fw, room, 'lobby', { user: 'r' });
    const inChat = await enter(fw, chat, 'lobby');
    const native = await fw.socket('/ws/connect');
    await native.ask({ action: 'subscribe', data: { channel: 'lobby' } }, { type: 'subscribed' });
    const alice = await lobbyClient(fw, 'alice', `&token=${await fw.token('u1')}`);
    alice.send({ type: 'message', payload: { text: 'hi', more: true } });
    const { id, ts } = await alice.next();
    assert.deepEqual(await inRoom.next(), {
      type: 'chat.delivery',
      room: 'lobby',
      user: 'u1',
      text: 'hi',
      id,
      ts,
      offset: 1,
    });
    const toChat = await inChat.next({ action: 'message' });
    assert.deepEqual(toChat, { action: 'message', room: 'lobby', user: 'u1', text: 'hi', id, ts, offset: 1 });
    const { type, content, sender } = await native.next({ channel: 'lobby' });
    assert.deepEqual([type, content, sender.user_id], ['text', { text: 'hi', more: true }, 'u1']);
  });

  const contents: [string, unknown, object][] = [
    ['a string', 'hi', { text: 'hi' }],
    ['an object', { a: { b: [1] } }, { a: { b: [1] } }],
    ['a number', 5, { text: '5' }],
    ['an array', [1, 2], { text: '[1,2]' }],
    ['null', null, { text: 'null' }],
  ];
  for (const [what, content, payload] of contents) {
    it(`${what} from the HTTP API has the payload ${JSON.stringify(payload)}`, async () => {
      await using fw = await testServer();
      const alice = await lobbyClient(fw, 'alice');
      const { body } = await fw.call('POST', '/ws/send-to-channel', {
        channel: 'lobby',
        message: { content },
      });
      const { ts, ...frame } = await alice.next();
      assert.deepEqual(frame, { type: 'message', payload, room: 'lobby', from: null, id: body.id });
    });
  }

  it('from is the user, where the sender chose no client id', async () => {
    await using fw = await testServer();
    const alice = await lobbyClient(fw, 'alice');
    const guest = await enter(fw, chat, 'lobby', { query: '&name=greta' });
    await say(chat, guest, 'lobby', 'from chat');
    assert.equal((await alice.next()).from, 'greta');
    const native = await fw.socket('/ws/connect');
    native.send({ action: 'send_to_channel', data: { channel: 'lobby', content: 'from nobody' } });
    assert.equal((await alice.next()).from, null);
  });

  it('who has a token is present in the room, and leaves it with the last connection', async () => {
    await using fw = await testServer();
    const token = `&token=${await fw.token('u1')}`;
    const [one, two] = [await lobbyClient(fw, 'a', token), await lobbyClient(fw, 'b', token)];
    await lobbyClient(fw, 'nobody');
    const users = async () => (await fw.call('GET', '/api/channels/lobby/presence')).body.users;
    const [present, ...others] = await users();
    assert.deepEqual([present.user_id, present.connections, others], ['u1', 2, []]);
    await one.ask(leave('lobby'), left('lobby'));
    assert.equal((await users())[0].connections, 1);
    two.close();
    await eventually(async () => (await users()).length === 0, 'nobody is present');
  });
});

describe('relay: what is kept', () => {
  const texts = async (fw: TestServer): Promise<unknown[]> => {
    const { body } = await fw.call('GET', '/api/channels/lobby/messages');
    return body.messages.map(
      (message: { content: { text?: string } }) => message.content.text ?? message.content,
    );
  };

  it('a relay message is kept for RECOVERY_WINDOW_TTL, not longer; one of the room dialect is', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { PONG_TIMEOUT_SEC: '5000', IDLE_TIMEOUT: '5000' } });
    const alice = await lobbyClient(fw, 'alice');
    const bob = await enter(fw, room, 'lobby', { user: 'bob' });
    await say(relay, alice, 'lobby', 'passing');
    await say(room, bob, 'lobby', 'to stay');
    clock.advance(599_000);
    assert.deepEqual(await texts(fw), ['passing', 'to stay']);
    clock.advance(2_000);
    assert.deepEqual(await texts(fw), ['to stay']);
    const { messages } = await bob.ask({ type: 'chat.history' }, { type: 'chat.history' });
    assert.deepEqual(
      messages.map(({ text, offset }: { text: string; offset: number }) => [text, offset]),
      [['to stay', 2]],
    );
  });

  it('of relay messages the last RECOVERY_WINDOW_SIZE are kept', async () => {
    await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '3' } });
    const alice = await lobbyClient(fw, 'alice');
    for (let n = 1; n <= 5; n++) await say(relay, alice, 'lobby', `text ${n}`);
    assert.deepEqual(await texts(fw), ['text 3', 'text 4', 'text 5']);
  });
});
