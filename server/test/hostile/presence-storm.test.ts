import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { chat, enter, room } from '../support/doors.ts';
import { TestServer, testSecret } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import type { SocketClient } from '../support/socket-client.ts';

const watchers = 300;
/** Milliseconds. */
const attack = 2_000;
/** What a watcher may get of it: a hundred frames, and a handful of results. */
const mostBytes = 130 * 120;

/** In three dialects, a third of them each. */
async function gather(fw: TestServer): Promise<SocketClient[]> {
  return Promise.all(
    Array.from({ length: watchers }, async (_, n) => {
      if (n % 3 === 0) return enter(fw, chat, 'lobby', { query: '&name=w' });
      if (n % 3 === 1) return enter(fw, room, 'lobby', { user: 'w', query: '&presence=1' });
      const client = await fw.socket('/ws/connect');
      await client.ask(
        { action: 'subscribe', data: { channel: 'lobby', presence: true } },
        { type: 'subscribed' },
      );
      return client;
    }),
  );
}

/** Joins and leaves as fast as it is let, until it is told to stop. */
function storm(client: SocketClient): () => void {
  let stopped = false;
  const once = (): void => {
    if (stopped) return;
    for (let n = 0; n < 50; n++) {
      client.send({ action: 'join', room: 'lobby' });
      client.send({ action: 'leave', room: 'lobby' });
    }
    client.send({ action: 'rooms' });
  };
  client.ws.on('message', (data) => {
    if (String(data).startsWith('{"action":"rooms"')) once();
  });
  once();
  return () => {
    stopped = true;
  };
}

/** How long a newcomer waits for its connection and the answer to its first question. */
async function visit(fw: TestServer): Promise<number> {
  const began = performance.now();
  const client = await fw.socket('/ws/connect');
  await client.ask({ action: 'ping' }, { type: 'pong' });
  client.close();
  return performance.now() - began;
}

describe('one client that joins and leaves as fast as it can, before 300 who watch', () => {
  it('costs them some kilobytes, and an honest newcomer no time', async (test) => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      env: { DATABASE_PATH: directory.join('chat.db'), JWT_SECRET: testSecret },
    });
    await using fw = new TestServer(server.url, systemClock, async () => {});
    const clients = await gather(fw);
    await wait(1_500);
    const bytes = clients.map(() => 0);
    for (const [n, { ws }] of clients.entries()) {
      ws.on('message', (data) => {
        bytes[n] = (bytes[n] ?? 0) + String(data).length;
      });
    }
    const evil = await fw.socket('/?name=evil');
    const stop = storm(evil);
    const waits: number[] = [];
    const until = performance.now() + attack;
    while (performance.now() < until) {
      waits.push(await visit(fw));
      await wait(50);
    }
    stop();
    waits.sort((one, other) => one - other);
    const [median = 0, worst = 0] = [waits[waits.length >> 1], waits.at(-1)];
    const joins = evil.inbox.all.filter(({ action }) => action === 'joined').length;
    test.diagnostic(`${joins} joins; ${Math.max(...bytes)} bytes each; ${median} ms, ${worst} ms`);
    assert.ok(joins > 200, `only ${joins} joins: that was no storm`);
    assert.ok(Math.max(...bytes) < mostBytes, `${Math.max(...bytes)} bytes`);
    assert.ok(median < 150, `median ${median} ms`);
    assert.ok(worst < 1_000, `worst ${worst} ms`);
  });
});
