import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { chat, enter, heard, open, relay, say } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const user = (fw: TestServer, name: string): Promise<SocketClient> => open(fw, chat, '', { user: name });
const guest = (fw: TestServer, name: string): Promise<SocketClient> => fw.socket(`/?name=${name}`);
const create = (room: string, more: object = {}) => ({ action: 'create', room, ...more });
const rooms = async (client: SocketClient): Promise<Frame> =>
  (await client.ask({ action: 'rooms' }, { action: 'rooms' })).rooms;

/** Nobody is subscribed to the room any more. */
const isEmpty = (fw: TestServer, room: string): Promise<void> =>
  eventually(
    async () => (await fw.call('GET', `/ws/connections?channel=${room}`)).body.total === 0,
    `${room} is empty`,
  );

/** Asks for something that is refused. */
async function refuses(client: SocketClient, frame: object, code: string): Promise<void> {
  client.send(frame);
  const { message, ...error } = await client.next();
  assert.deepEqual(error, { action: 'error', code, room: (frame as { room?: string }).room }, message);
}

describe('chat: rooms', () => {
  it('are those that chat clients are in, with their members', async () => {
    await using fw = await testServer();
    const ann = await enter(fw, chat, 'general', { user: 'ann' });
    await enter(fw, chat, 'general', { user: 'ann' });
    await enter(fw, chat, 'general', { user: 'bob' });
    await enter(fw, chat, 'random', { user: 'cem' });
    await heard(chat, ann);
    ann.send({ action: 'rooms' });
    assert.deepEqual(await ann.next(), {
      action: 'rooms',
      rooms: [
        { room: 'general', members: 2, private: false },
        { room: 'random', members: 1, private: false },
      ],
    });
  });

  it('are no longer those that everybody has left', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await enter(fw, chat, 'general'), await enter(fw, chat, 'general')];
    await bob.ask({ action: 'leave', room: 'general' }, { action: 'left' });
    assert.equal((await rooms(bob)).length, 1);
    ann.ws.close();
    await eventually(async () => (await rooms(bob)).length === 0, 'no rooms are left');
  });

  it('are those that were created too, empty or not, in the order of their creation', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    for (const room of ['b', 'a']) await ann.ask(create(room), { action: 'created' });
    await enter(fw, relay, 'a', { user: 'rob' });
    await enter(fw, chat, '0', { user: 'cem' });
    assert.deepEqual(await rooms(await guest(fw, 'eve')), [
      { room: 'b', members: 0, private: false },
      { room: 'a', members: 1, private: false },
      { room: '0', members: 1, private: false },
    ]);
  });

  it('private ones are listed to their members only', async () => {
    await using fw = await testServer();
    const [ann, bob, eve] = [await user(fw, 'ann'), await user(fw, 'bob'), await user(fw, 'eve')];
    await ann.ask(create('vip', { private: true, members: ['bob'] }), { action: 'created' });
    await chat.settle(ann, 'vip');
    const vip = [{ room: 'vip', members: 1, private: true }];
    assert.deepEqual(await rooms(ann), vip);
    assert.deepEqual(await rooms(bob), vip);
    assert.deepEqual(await rooms(eve), []);
    assert.deepEqual(await rooms(await guest(fw, 'ann')), []);
  });

  it('a token sees none that it may not join', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    await ann.ask(create('made'), { action: 'created' });
    await chat.settle(ann, 'live');
    const bound = await open(fw, chat, '', { user: 'bob', token: { channels: ['other'] } });
    assert.deepEqual(await rooms(bound), []);
    const half = await open(fw, chat, '', { user: 'bob', token: { channels: ['made'] } });
    assert.deepEqual(await rooms(half), [{ room: 'made', members: 0, private: false }]);
  });
});

describe('chat: create', () => {
  it('is answered by created', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    ann.send(create('vip', { private: true, members: ['u2'] }));
    assert.deepEqual(await ann.next(), { action: 'created', room: 'vip', private: true });
    ann.send(create('open'));
    assert.deepEqual(await ann.next(), { action: 'created', room: 'open', private: false });
  });

  it('does not join', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    await ann.ask(create('vip'), { action: 'created' });
    await refuses(ann, { action: 'message', room: 'vip', text: 'hi' }, 'not_subscribed');
  });

  it('needs a signed-in user, private or not: guests own nothing', async () => {
    await using fw = await testServer();
    const eve = await guest(fw, 'eve');
    await refuses(eve, create('vip', { private: true }), 'unauthorized');
    await refuses(eve, create('open'), 'unauthorized');
    const ann = await user(fw, 'ann');
    assert.equal((await ann.ask(create('open'), {})).action, 'created');
  });

  it('an API key alone is no signed-in user', async () => {
    const key = 'a-key-of-the-tests-0123456789';
    await using fw = await testServer({ env: { WS_API_KEYS: key } });
    const client = await fw.socket(`/?api_key=${key}`);
    await refuses(client, create('vip', { private: true }), 'unauthorized');
    await refuses(client, create('open'), 'unauthorized');
  });

  it('of a name that is in use is refused: created, live, or with messages', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await user(fw, 'ann'), await user(fw, 'bob')];
    await ann.ask(create('vip', { private: true }), { action: 'created' });
    await refuses(ann, create('vip'), 'bad_request');
    await refuses(bob, create('vip', { private: true }), 'forbidden');
    const rob = await enter(fw, relay, 'lobby');
    await refuses(ann, create('lobby', { private: true }), 'bad_request');
    await say(relay, rob, 'lobby', 'hi');
    rob.ws.close();
    await isEmpty(fw, 'lobby');
    await refuses(ann, create('lobby', { private: true }), 'bad_request');
  });

  it('is forbidden to a token that may not write there', async () => {
    await using fw = await testServer();
    const bound = await open(fw, chat, '', { user: 'bob', token: { channels: ['other'] } });
    await refuses(bound, create('vip'), 'forbidden');
  });

  it('rooms survive a restart of the server, with their owner and members', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
    {
      await using fw = await testServer({ directory });
      const ann = await user(fw, 'ann');
      await ann.ask(create('vip', { private: true, members: ['bob', 'cem'] }), { action: 'created' });
      await ann.ask({ action: 'kick', room: 'vip', user: 'cem' }, { action: 'kicked' });
      await ann.ask({ action: 'invite', room: 'vip', user: 'dan' }, { action: 'invited' });
    }
    {
      await using fw = await testServer({ directory });
      for (const [name, admitted] of Object.entries({ ann: true, bob: true, cem: false, dan: true })) {
        const client = await user(fw, name);
        const answer = await client.ask({ action: 'join', room: 'vip' }, {});
        assert.equal(answer.action, admitted ? 'joined' : 'error', name);
        client.close();
      }
      const ann = await user(fw, 'ann');
      await ann.ask({ action: 'invite', room: 'vip', user: 'eve' }, { action: 'invited' });
    }
    rmSync(directory, { recursive: true });
  });
});

describe('chat: invite and kick', () => {
  it('are answered by invited and kicked', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    await ann.ask(create('vip', { private: true }), { action: 'created' });
    ann.send({ action: 'invite', room: 'vip', user: 'bob' });
    assert.deepEqual(await ann.next(), { action: 'invited', room: 'vip', user: 'bob' });
    ann.send({ action: 'kick', room: 'vip', user: 'bob' });
    assert.deepEqual(await ann.next(), { action: 'kicked', room: 'vip', user: 'bob' });
  });

  it('an invited user may come in at once, on a connection that was open before', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await user(fw, 'ann'), await user(fw, 'bob')];
    await ann.ask(create('vip', { private: true }), { action: 'created' });
    await refuses(bob, { action: 'join', room: 'vip' }, 'forbidden');
    await ann.ask({ action: 'invite', room: 'vip', user: 'bob' }, { action: 'invited' });
    await chat.settle(bob, 'vip');
    await say(chat, bob, 'vip', 'thanks');
  });

  it('a kicked user is told, the others hear user_left, and a private room does not take it back', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await user(fw, 'ann'), await user(fw, 'bob')];
    await ann.ask(create('vip', { private: true, members: ['bob'] }), { action: 'created' });
    for (const client of [ann, bob]) await chat.settle(client, 'vip');
    await ann.next({ action: 'user_joined' });
    ann.send({ action: 'kick', room: 'vip', user: 'bob' });
    assert.deepEqual(await bob.next(), { action: 'kicked', room: 'vip', user: 'bob' });
    const told = [await ann.next(), await ann.next()];
    assert.deepEqual(told.map(({ action, user }) => [action, user]).sort(), [
      ['kicked', 'bob'],
      ['user_left', 'bob'],
    ]);
    await say(chat, ann, 'vip', 'without bob');
    assert.deepEqual(await heard(chat, bob), []);
    for (const action of ['join', 'history', 'members'])
      await refuses(bob, { action, room: 'vip' }, 'forbidden');
    await refuses(bob, { action: 'message', room: 'vip', text: 'hi' }, 'not_subscribed');
  });

  it('a guest can be kicked out of a public room, and come back', async () => {
    await using fw = await testServer();
    const [ann, eve] = [await user(fw, 'ann'), await guest(fw, 'eve')];
    await ann.ask(create('open'), { action: 'created' });
    await chat.settle(eve, 'open');
    await ann.ask({ action: 'kick', room: 'open', user: 'eve' }, { action: 'kicked' });
    assert.deepEqual(await eve.next(), { action: 'kicked', room: 'open', user: 'eve' });
    await chat.settle(eve, 'open');
  });

  it('are for the owner only: neither members nor strangers nor guests of the owner’s name may', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await user(fw, 'ann'), await user(fw, 'bob')];
    await ann.ask(create('vip', { private: true, members: ['bob'] }), { action: 'created' });
    await ann.ask(create('open'), { action: 'created' });
    for (const client of [bob, await user(fw, 'eve'), await guest(fw, 'ann')]) {
      for (const action of ['invite', 'kick']) {
        await refuses(client, { action, room: 'vip', user: 'cem' }, 'forbidden');
        await refuses(client, { action, room: 'open', user: 'cem' }, 'forbidden');
      }
    }
  });

  it('a room that nobody created has no owner', async () => {
    await using fw = await testServer();
    const ann = await enter(fw, chat, 'general', { user: 'ann' });
    await refuses(ann, { action: 'kick', room: 'general', user: 'bob' }, 'forbidden');
    await refuses(ann, { action: 'invite', room: 'nowhere', user: 'bob' }, 'forbidden');
  });

  it('the owner cannot be kicked', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    await ann.ask(create('vip', { private: true }), { action: 'created' });
    await refuses(ann, { action: 'kick', room: 'vip', user: 'ann' }, 'bad_request');
  });

  it('kicking somebody who is not there is no error', async () => {
    await using fw = await testServer();
    const ann = await user(fw, 'ann');
    await ann.ask(create('vip', { private: true }), { action: 'created' });
    await ann.ask({ action: 'kick', room: 'vip', user: 'nobody' }, { action: 'kicked', user: 'nobody' });
  });
});
