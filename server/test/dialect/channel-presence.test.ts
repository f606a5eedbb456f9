import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame } from '../support/socket-client.ts';

async function join(fw: TestServer, user: string, channel = 'news'): Promise<ChannelClient> {
  const client = await ChannelClient.open(fw, { user });
  await client.subscribe(channel);
  return client;
}

async function users(client: ChannelClient, query: object = {}): Promise<Frame> {
  const { content } = await client.ask('presence', { channel: 'news', ...query });
  return content;
}

async function names(client: ChannelClient): Promise<string[]> {
  return (await users(client)).users.map(({ user_id }: { user_id: string }) => user_id);
}

describe('presence', () => {
  it('counts a user once, with the time of the first of their connections', async () => {
    const clock = new FakeClock();
    const since = clock.now();
    await using fw = await testServer({ clock });
    const first = await join(fw, 'u1');
    clock.advance(5000);
    const second = await join(fw, 'u1');
    assert.deepEqual(await users(second), { users: [{ user_id: 'u1', connections: 2, since }], total: 1 });
    await first.ask('unsubscribe', { channel: 'news' });
    assert.deepEqual(await users(second), { users: [{ user_id: 'u1', connections: 1, since }], total: 1 });
  });

  it('does not count whoever has no name', async () => {
    await using fw = await testServer();
    const anonymous = await ChannelClient.open(fw);
    await anonymous.subscribe('news');
    assert.deepEqual(await users(anonymous), { users: [], total: 0 });
  });

  it('is asked page by page, in the order of the names', async () => {
    await using fw = await testServer();
    const all = ['ä', 'u5', 'u1', 'u10', '__proto__', 'u3'];
    let client: ChannelClient | undefined;
    for (const user of all) client = await join(fw, user);
    assert.ok(client);
    const read: string[] = [];
    let cursor: string | undefined;
    do {
      const { users: some, total, next } = await users(client, { limit: 2, cursor });
      assert.equal(total, all.length);
      assert.equal(some.length, 2);
      read.push(...some.map(({ user_id }: { user_id: string }) => user_id));
      cursor = next;
    } while (cursor !== undefined);
    assert.deepEqual(read, [...all].sort());
  });

  it('needs no subscription', async () => {
    await using fw = await testServer();
    await join(fw, 'u1');
    const outsider = await ChannelClient.open(fw, { user: 'u2' });
    assert.deepEqual(await names(outsider), ['u1']);
  });

  it('ends with the last connection, however it ends', async () => {
    await using fw = await testServer();
    const watcher = await join(fw, 'u1');
    const second = await join(fw, 'u2');
    second.close();
    await eventually(async () => (await names(watcher)).length === 1, 'u2 is gone');
  });

  it('is of ordinary channels: the reserved ones are forbidden', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1' });
    for (const channel of ['$all', '$user:u1', '$control']) {
      assert.equal(await client.refusal('presence', { channel }), 'forbidden');
    }
  });
});

describe('a subscription with presence', () => {
  async function watch(fw: TestServer): Promise<ChannelClient> {
    const watcher = await ChannelClient.open(fw, { user: 'watcher' });
    await watcher.subscribe('news', { presence: true });
    return watcher;
  }

  function heard(watcher: ChannelClient): [string, string, number][] {
    return watcher.frames
      .filter(({ type }) => String(type).startsWith('presence_'))
      .map(({ type, content }) => [type, content.user_id, content.total]);
  }

  it('hears of a user once, whatever the number of connections', async () => {
    await using fw = await testServer();
    const watcher = await watch(fw);
    const tabs = [await join(fw, 'u1'), await join(fw, 'u1')];
    for (const tab of tabs) await tab.ask('unsubscribe', { channel: 'news' });
    await watcher.settled();
    assert.deepEqual(heard(watcher), [
      ['presence_join', 'u1', 2],
      ['presence_leave', 'u1', 1],
    ]);
  });

  it('does not hear of itself, and of its channel alone', async () => {
    await using fw = await testServer();
    const watcher = await watch(fw);
    await join(fw, 'u1', 'elsewhere');
    await watcher.ask('unsubscribe', { channel: 'news' });
    await watcher.settled();
    assert.deepEqual(heard(watcher), []);
  });

  it('hears nothing more after it has left', async () => {
    await using fw = await testServer();
    const watcher = await watch(fw);
    await watcher.ask('unsubscribe', { channel: 'news' });
    await watcher.subscribe('news');
    await join(fw, 'u1');
    await watcher.settled();
    assert.deepEqual(heard(watcher), []);
  });

  it('hears of users who break off', async () => {
    await using fw = await testServer();
    const watcher = await watch(fw);
    (await join(fw, 'u1')).close();
    await watcher.socket.next({ type: 'presence_leave' });
    assert.deepEqual(heard(watcher).at(-1), ['presence_leave', 'u1', 1]);
  });

  it('hears of users of other dialects', async () => {
    await using fw = await testServer();
    const watcher = await watch(fw);
    await fw.room('news', 'roomer');
    await watcher.socket.next({ type: 'presence_join' });
    const chatter = await fw.socket('/?name=chatter');
    chatter.send({ action: 'join', room: 'news' });
    await watcher.socket.next({ type: 'presence_join' });
    await fw.socket(`/ws?room=news&client_id=c1&token=${await fw.token('relayed')}`);
    await watcher.socket.next({ type: 'presence_join' });
    await fw.stream(`/sse/connect?channels=news&token=${await fw.token('streamer')}`);
    await watcher.socket.next({ type: 'presence_join' });
    assert.deepEqual(
      heard(watcher).map(([, user]) => user),
      ['roomer', 'chatter', 'relayed', 'streamer'],
    );
    assert.deepEqual(await names(watcher), ['chatter', 'relayed', 'roomer', 'streamer', 'watcher']);
  });

  it('may begin on a channel that it is in already', async () => {
    await using fw = await testServer();
    const watcher = await ChannelClient.open(fw, { user: 'watcher' });
    await watcher.subscribe('news');
    await watcher.subscribe('news', { presence: true, history: 0 });
    await join(fw, 'u1');
    await watcher.settled();
    assert.deepEqual(heard(watcher), [['presence_join', 'u1', 2]]);
  });
});
