import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

/** Who is told of whom, as each dialect says it. */
const dialects: readonly {
  readonly name: string;
  watch(fw: TestServer): Promise<SocketClient>;
  /** `+ann`, `-ann`; null for any other frame. */
  read(frame: Frame): string | null;
}[] = [
  {
    name: 'chat',
    watch: (fw) => enter(fw, chat, 'lobby', { query: '&name=watcher' }),
    read: ({ action, user }) =>
      action === 'user_joined' ? `+${user}` : action === 'user_left' ? `-${user}` : null,
  },
  {
    name: 'room',
    watch: (fw) => enter(fw, room, 'lobby', { user: 'watcher', query: '&presence=1' }),
    read: ({ type, user }) =>
      type === 'presence.join' ? `+${user}` : type === 'presence.leave' ? `-${user}` : null,
  },
  {
    name: 'channel',
    watch: async (fw) => {
      const { socket } = await ChannelClient.open(fw);
      const data = { channel: 'lobby', presence: true };
      await socket.ask({ action: 'subscribe', data }, { type: 'subscribed' });
      return socket;
    },
    read: ({ type, content }) =>
      type === 'presence_join'
        ? `+${content.user_id}`
        : type === 'presence_leave'
          ? `-${content.user_id}`
          : null,
  },
];

/** Joins and leaves so many times, and waits until the server has done that. */
async function storm(fw: TestServer, client: SocketClient, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    client.send({ action: 'join', room: 'lobby' });
    client.send({ action: 'leave', room: 'lobby' });
  }
  await client.ask({ action: 'rooms' }, { action: 'rooms' });
  await fw.call('GET', '/health');
}

describe('somebody who comes and goes without end', () => {
  for (const { name, watch, read } of dialects) {
    it(`is news for a hundred times in a second, and then as far as it is true: ${name}`, async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock });
      const watcher = await watch(fw);
      const news = (): string[] => watcher.inbox.all.map(read).filter((item) => item !== null);
      const before = news().length;
      const evil = await fw.socket('/?name=evil');
      await storm(fw, evil, 300);
      await enter(fw, relay, 'lobby');
      const ann = await enter(fw, chat, 'lobby', { query: '&name=ann' });
      await evil.ask({ action: 'join', room: 'lobby' }, { action: 'joined' });
      clock.advance(1_000);
      await watcher.inbox.until(() => news().slice(before).length >= 102);
      assert.deepEqual(news().slice(before + 100), ['+ann', '+evil']);
      assert.deepEqual(new Set(news().slice(before, before + 100)), new Set(['+evil', '-evil']));
      clock.advance(2_000);
      ann.ws.close();
      await watcher.inbox.until(() => news().at(-1) === '-ann');
      assert.equal(news().length, before + 103);
    });
  }
});
