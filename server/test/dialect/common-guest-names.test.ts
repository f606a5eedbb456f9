import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, heard, relay, room, say } from '../support/doors.ts';
import { embedded } from '../support/embedded.ts';
import { type TestServer, testServer } from '../support/server.ts';

const lobby = 'lobby';
const signedIn = (fw: TestServer, user: string, where = lobby) => enter(fw, chat, where, { user });
const guest = (fw: TestServer, name: string, where = lobby) =>
  enter(fw, chat, where, { query: `&name=${name}` });

describe('a guest who claims the name of a user', () => {
  it('is somebody else in the lists of who is there', async () => {
    await using fw = await testServer();
    const [user, claimed] = [await signedIn(fw, 'm'), await guest(fw, 'm')];
    const members = await user.ask({ action: 'members', room: lobby }, { action: 'members' });
    assert.deepEqual(members.users, ['m', 'm']);
    const { body } = await fw.call('GET', `/api/channels/${lobby}/presence`);
    assert.deepEqual(
      body.users.map(({ since: _, ...user }: { since: number }) => user),
      [
        { user_id: 'm', connections: 1 },
        { user_id: 'm', connections: 1, guest: true },
      ],
    );
    const native = await ChannelClient.open(fw, { user: 'reader' });
    const { content } = await native.ask('presence', { channel: lobby });
    assert.deepEqual(
      content.users.map((one: { user_id: string; guest?: true }) => [one.user_id, one.guest]),
      [
        ['m', undefined],
        ['m', true],
      ],
    );
    const watcher = await enter(fw, room, lobby, { user: 'w', query: '&presence=1' });
    await claimed.ask({ action: 'leave', room: lobby }, { action: 'left' });
    const left = await watcher.next({ type: 'presence.leave' });
    assert.deepEqual([left.user, left.guest], ['m', true]);
    const { users } = await watcher.ask({ type: 'presence.list' }, { type: 'presence.state' });
    assert.deepEqual(
      users.map((one: { user: string; guest?: true }) => [one.user, one.guest]),
      [
        ['m', undefined],
        ['w', undefined],
      ],
    );
  });

  it('is listed beside the user for a program', async () => {
    await using fw = await embedded();
    await guest(fw, 'm');
    const { users } = await fw.fanwire.presence(lobby);
    assert.deepEqual(
      users.map(({ user, guest }) => [user, guest]),
      [['m', true]],
    );
  });

  it('is not shown as the user who sent a message', async () => {
    await using fw = await testServer();
    const native = await ChannelClient.open(fw);
    await native.subscribe(lobby);
    const seat = await enter(fw, room, lobby, { user: 'u1' });
    const { user } = await say(chat, await guest(fw, 'm'), lobby, 'hi');
    assert.equal(user, 'm');
    await native.reached(lobby, 1);
    assert.equal(native.messages(lobby)[0].sender.user_id, null);
    assert.equal((await seat.next({ type: 'chat.delivery' })).user, null);
  });

  it('is kicked for himself, and the user of the name stays, in every dialect', async () => {
    await using fw = await testServer();
    const owner = await enter(fw, chat, 'elsewhere', { user: 'ann' });
    await owner.ask({ action: 'create', room: 'support' }, { action: 'created' });
    const user = await signedIn(fw, 'm', 'support');
    const native = await ChannelClient.open(fw, { user: 'm' });
    await native.subscribe('support');
    const claimed = await guest(fw, 'm', 'support');
    await owner.ask({ action: 'kick', room: 'support', user: 'm' }, { action: 'kicked' });
    await claimed.next({ action: 'kicked', room: 'support' });
    assert.ok((await heard(chat, user)).every(({ action }) => action !== 'kicked'));
    await say(chat, user, 'support', 'still here');
    await native.reached('support', 1);
    // With no guest of the name in the room, it is the user's.
    await owner.ask({ action: 'kick', room: 'support', user: 'm' }, { action: 'kicked' });
    await user.next({ action: 'kicked', room: 'support' });
    await native.socket.next({ type: 'unsubscribed' });
  });

  it('stays when the user is kicked, where the frame says which one is meant', async () => {
    await using fw = await testServer();
    const owner = await enter(fw, chat, 'elsewhere', { user: 'ann' });
    await owner.ask({ action: 'create', room: 'support' }, { action: 'created' });
    const [user, claimed] = [await signedIn(fw, 'm', 'support'), await guest(fw, 'm', 'support')];
    const kick = { action: 'kick', room: 'support', user: 'm' };
    await owner.ask({ ...kick, guest: false }, { action: 'kicked' });
    await user.next({ action: 'kicked', room: 'support' });
    await say(chat, claimed, 'support', 'still here');
    await owner.ask({ ...kick, guest: true }, { action: 'kicked' });
    await claimed.next({ action: 'kicked', room: 'support' });
  });

  it('owns nothing, not even a room of the user', async () => {
    await using fw = await testServer();
    const owner = await enter(fw, chat, 'elsewhere', { user: 'm' });
    await owner.ask({ action: 'create', room: 'support' }, { action: 'created' });
    const claimed = await guest(fw, 'm', 'support');
    for (const action of ['kick', 'invite']) {
      const { code } = await claimed.ask({ action, room: 'support', user: 'x' }, { action: 'error' });
      assert.equal(code, 'forbidden');
    }
  });

  it('is not disconnected with the user, nor found among the user’s connections', async () => {
    await using fw = await testServer();
    const [user, claimed] = [await signedIn(fw, 'm'), await guest(fw, 'm')];
    const listed = await fw.call('GET', '/ws/connections?user=m');
    assert.equal(listed.body.connections.length, 1);
    await fw.call('POST', '/api/users/m/disconnect');
    assert.equal((await user.closed).code, 4410);
    await say(chat, claimed, lobby, 'still here');
  });
});

describe('a direct message of a guest', () => {
  it('is told from one of the server in every dialect', async () => {
    await using fw = await testServer();
    const native = await ChannelClient.open(fw, { user: 'u1' });
    const stream = await fw.stream(`/sse/connect?token=${await fw.token('u1')}`);
    const clients = {
      relay: await enter(fw, relay, lobby, { user: 'u1' }),
      room: await enter(fw, room, lobby, { user: 'u1' }),
      chat: await enter(fw, chat, lobby, { user: 'u1' }),
    };
    const stranger = await ChannelClient.open(fw);
    await stranger.ask('send_to_user', { user_id: 'u1', content: 'pay here' });
    await fw.call('POST', '/ws/send-to-user', { user_id: 'u1', message: { content: 'your order' } });
    await native.reached('$user:u1', 2);
    const [forged, own] = native.messages('$user:u1');
    assert.deepEqual(forged.sender, { user_id: null, connection_id: stranger.id });
    assert.equal(own.sender, null);
    const events = [await stream.next('direct'), await stream.next('direct')];
    assert.deepEqual(
      events.map(({ data }) => data.sender === null),
      [false, true],
    );
    const isDirect = ({ room: name }: { room?: string }): boolean => name === '$user:u1';
    for (const [dialect, client] of Object.entries(clients)) {
      const marks = [await client.inbox.next(isDirect), await client.inbox.next(isDirect)];
      assert.deepEqual(
        marks.map((frame) => frame.guest),
        [true, undefined],
        dialect,
      );
    }
  });
});
