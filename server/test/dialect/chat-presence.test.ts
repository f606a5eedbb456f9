import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat, enter, heard, relay, room, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';

const general = 'general';
const named = (fw: TestServer, name: string): Promise<SocketClient> =>
  enter(fw, chat, general, { query: `&name=${name}` });
const joined = (user: string) => ({ action: 'user_joined', room: general, user });
const left = (user: string) => ({ action: 'user_left', room: general, user });

describe('chat: user_joined and user_left', () => {
  it('tell the others, and not oneself', async () => {
    await using fw = await testServer();
    const ann = await named(fw, 'ann');
    const bob = await named(fw, 'bob');
    assert.deepEqual(await heard(chat, ann), [joined('bob')]);
    assert.deepEqual(await heard(chat, bob), []);
    await bob.ask({ action: 'leave', room: general }, { action: 'left' });
    assert.deepEqual(await heard(chat, ann), [left('bob')]);
    assert.deepEqual(await heard(chat, bob), []);
  });

  it('tell nobody outside of the room', async () => {
    await using fw = await testServer();
    const elsewhere = await enter(fw, chat, 'random', { query: '&name=ann' });
    const bob = await named(fw, 'bob');
    await bob.ask({ action: 'leave', room: general }, { action: 'left' });
    assert.deepEqual(await heard(chat, elsewhere), []);
  });

  it('a connection that closes or breaks off leaves all its rooms at once', async () => {
    await using fw = await testServer();
    const ann = await named(fw, 'ann');
    await ann.ask({ action: 'join', room: 'random' }, { action: 'joined' });
    for (const end of ['close', 'terminate'] as const) {
      const bob = await named(fw, 'bob');
      await bob.ask({ action: 'join', room: 'random' }, { action: 'joined' });
      bob.ws[end]();
      await ann.next({ action: 'user_left', room: general });
      await ann.next({ action: 'user_left', room: 'random' });
    }
  });

  it('count a user’s first and last connection only, in whatever dialect', async () => {
    await using fw = await testServer();
    const ann = await named(fw, 'ann');
    const tabs = [
      await enter(fw, relay, general, { user: 'bob' }),
      await enter(fw, chat, general, { user: 'bob' }),
      await enter(fw, room, general, { user: 'bob' }),
    ];
    assert.deepEqual(await heard(chat, ann), [joined('bob')]);
    for (const tab of tabs) {
      tab.ws.close();
      await tab.closed;
    }
    assert.deepEqual(await ann.next(), left('bob'));
    assert.deepEqual(await heard(chat, ann), []);
  });

  it('joining twice is joining once', async () => {
    await using fw = await testServer();
    const [ann, bob] = [await named(fw, 'ann'), await named(fw, 'bob')];
    await bob.ask({ action: 'join', room: general }, { action: 'joined' });
    assert.deepEqual(await heard(chat, ann), [joined('bob')]);
    await bob.ask({ action: 'leave', room: general }, { action: 'left' });
    assert.deepEqual(await heard(chat, ann), [left('bob')]);
  });

  it('are silent while the room has more than 100 members', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const watcher = await named(fw, 'u1');
    for (let n = 2; n <= 100; n++) await named(fw, `u${n}`);
    assert.deepEqual((await heard(chat, watcher)).at(-1), joined('u100'));
    // Of more than 100 events in a second only the result would be told.
    clock.advance(1_000);
    const [one, two] = [await named(fw, 'u101'), await named(fw, 'u102')];
    const leave = (client: SocketClient) =>
      client.ask({ action: 'leave', room: general }, { action: 'left' });
    await leave(two);
    assert.deepEqual(await heard(chat, watcher), []);
    await leave(one);
    assert.deepEqual(await heard(chat, watcher), [left('u101')]);
  });
});

describe('chat: members', () => {
  it('are the users of the room, each once, in order of name, and of every dialect', async () => {
    await using fw = await testServer();
    const client = await named(fw, 'zoe');
    await enter(fw, chat, general, { user: 'ann' });
    await enter(fw, room, general, { user: 'ann' });
    await enter(fw, relay, general, { user: 'rob' });
    await enter(fw, chat, 'random', { query: '&name=eve' });
    await heard(chat, client);
    client.send({ action: 'members', room: general });
    assert.deepEqual(await client.next(), { action: 'members', room: general, users: ['ann', 'rob', 'zoe'] });
  });

  it('of an empty room are none; one need not be in it to ask', async () => {
    await using fw = await testServer();
    const client = await fw.socket('/');
    const answer = await client.ask({ action: 'members', room: general }, {});
    assert.deepEqual(answer, { action: 'members', room: general, users: [] });
  });

  it('are forbidden to a token that may not see presence', async () => {
    await using fw = await testServer();
    const token = { channels: { subscribe: [general], publish: [general] } };
    const client = await enter(fw, chat, general, { user: 'ann', token });
    assert.equal((await client.ask({ action: 'members', room: general }, {})).code, 'forbidden');
    await say(chat, client, general, 'hi');
  });
});
