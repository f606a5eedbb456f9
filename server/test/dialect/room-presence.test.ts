import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat, enter, heard, relay, room, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const list = (client: SocketClient): Promise<Frame> =>
  client.ask({ type: 'presence.list' }, { type: 'presence.state' });
const join = (user: string, ts: number) => ({ type: 'presence.join', room: 'test', user, ts });
const leave = (user: string, ts: number) => ({ type: 'presence.leave', room: 'test', user, ts });

const seat = (fw: TestServer, user: string, query = ''): Promise<SocketClient> =>
  enter(fw, room, 'test', { user, query });

describe('room: presence.list', () => {
  it('is answered by presence.state: every user once, in order of name, with since', async () => {
    const clock = new FakeClock(1_690_000_000_100);
    await using fw = await testServer({ clock });
    await seat(fw, 'u2');
    clock.advance(1_000);
    const client = await seat(fw, 'u1');
    assert.deepEqual(await list(client), {
      type: 'presence.state',
      room: 'test',
      users: [
        { user: 'u1', since: 1_690_000_001.1 },
        { user: 'u2', since: 1_690_000_000.1 },
      ],
    });
  });

  it('has a user once however many tabs, since the first of them', async () => {
    const clock = new FakeClock(1_690_000_000_100);
    await using fw = await testServer({ clock });
    const first = await seat(fw, 'u1');
    clock.advance(5_000);
    const second = await seat(fw, 'u1');
    const users = [{ user: 'u1', since: 1_690_000_000.1 }];
    assert.deepEqual((await list(second)).users, users);
    first.ws.close();
    await first.closed;
    assert.deepEqual((await list(second)).users, users);
  });

  it('has nobody of another room', async () => {
    await using fw = await testServer();
    await enter(fw, room, 'other', { user: 'u2' });
    const { users } = await list(await seat(fw, 'u1'));
    assert.deepEqual(
      users.map(({ user }: { user: string }) => user),
      ['u1'],
    );
  });

  it('has those who came by another dialect, guests of the chat by the name they claim', async () => {
    await using fw = await testServer();
    await enter(fw, chat, 'test', { query: '&name=greta' });
    await enter(fw, relay, 'test', { user: 'rob' });
    const { users } = await list(await seat(fw, 'u1'));
    assert.deepEqual(
      users.map(({ user }: { user: string }) => user),
      ['greta', 'rob', 'u1'],
    );
  });

  it('is forbidden to a token that may not see presence', async () => {
    await using fw = await testServer();
    const token = await fw.token('u1', { channels: { subscribe: ['test'] } });
    const client = await fw.socket(`/ws/test?token=${token}`, { headers: room.headers });
    client.send({ type: 'presence.list' });
    const { code } = await client.next({ type: 'system.error' });
    assert.equal(code, 'forbidden');
  });
});

describe('room: presence.join and presence.leave', () => {
  it('come with ?presence=1 when another user comes, and leaves, with the time', async () => {
    const clock = new FakeClock(1_690_000_000_100);
    await using fw = await testServer({ clock });
    const watcher = await seat(fw, 'u1', '&presence=1');
    clock.advance(1_000);
    const other = await seat(fw, 'u2');
    assert.deepEqual(await watcher.next(), join('u2', 1_690_000_001.1));
    clock.advance(1_000);
    other.ws.close();
    assert.deepEqual(await watcher.next(), leave('u2', 1_690_000_002.1));
  });

  it('do not come without it, or with ?presence=0', async () => {
    await using fw = await testServer();
    const [plain, zero] = [await seat(fw, 'u1'), await seat(fw, 'u2', '&presence=0')];
    const watcher = await seat(fw, 'u3', '&presence=true');
    const other = await seat(fw, 'u4');
    other.ws.close();
    await watcher.next({ type: 'presence.leave' });
    assert.deepEqual(await heard(room, plain), []);
    assert.deepEqual(await heard(room, zero), []);
  });

  it('come for the first and the last connection of a user only', async () => {
    await using fw = await testServer();
    const watcher = await seat(fw, 'u1', '&presence=1');
    const tabs = [await seat(fw, 'u2'), await seat(fw, 'u2'), await seat(fw, 'u2')];
    assert.equal((await watcher.next()).type, 'presence.join');
    for (const tab of tabs.slice(1)) {
      tab.ws.close();
      await tab.closed;
    }
    await say(room, tabs[0] ?? watcher, 'test', 'still here');
    assert.deepEqual((await watcher.next()).type, 'chat.delivery');
    tabs[0]?.ws.close();
    assert.equal((await watcher.next()).type, 'presence.leave');
    assert.deepEqual(await heard(room, watcher), []);
  });

  it('come at once when a connection breaks off without a close frame', async () => {
    await using fw = await testServer();
    const watcher = await seat(fw, 'u1', '&presence=1');
    const other = await seat(fw, 'u2');
    await watcher.next({ type: 'presence.join', user: 'u2' });
    other.ws.terminate();
    await watcher.next({ type: 'presence.leave', user: 'u2' });
  });

  it('never come of oneself or of another room', async () => {
    await using fw = await testServer();
    const watcher = await seat(fw, 'u1', '&presence=1');
    await seat(fw, 'u1', '&presence=1');
    await enter(fw, room, 'other', { user: 'u2' });
    assert.deepEqual(await heard(room, watcher), []);
  });

  it('come of those in other dialects too', async () => {
    await using fw = await testServer();
    const watcher = await seat(fw, 'u1', '&presence=1');
    const guest = await enter(fw, chat, 'test', { query: '&name=greta' });
    assert.equal((await watcher.next({ type: 'presence.join' })).user, 'greta');
    await guest.ask({ action: 'leave', room: 'test' }, { action: 'left' });
    assert.equal((await watcher.next({ type: 'presence.leave' })).user, 'greta');
  });

  it('come however many are in the room', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const watcher = await seat(fw, 'u0', '&presence=1');
    for (let n = 1; n <= 102; n++) await seat(fw, `u${n}`);
    // Above 100 events a second they come within a second.
    clock.advance(1_000);
    await watcher.inbox.until(
      () => watcher.inbox.all.filter(({ type }) => type === 'presence.join').length === 102,
    );
  });
});
