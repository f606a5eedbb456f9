import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { allHear, gather } from '../support/party.ts';
import { closes } from '../support/refusals.ts';
import { TestServer, testSecret } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';

/** Every deadline of a client's silence in seconds, heartbeats in a third of that. */
const timeout = 1.5;
const env = {
  JWT_SECRET: testSecret,
  WEBSOCKET_HEARTBEAT_INTERVAL: '0.5',
  WEBSOCKET_DISCONNECT_TIMEOUT: String(timeout),
  PING_INTERVAL_SEC: '0.5',
  PONG_TIMEOUT_SEC: String(timeout),
  HEARTBEAT_INTERVAL: '0.5',
  IDLE_TIMEOUT: String(timeout),
  SSE_HEARTBEAT_INTERVAL: '0.5',
};

/** The process does nothing for so long, as when a virtual machine is copied or a laptop sleeps. */
async function stopFor(server: ServerProcess, ms: number): Promise<void> {
  process.kill(server.pid, 'SIGSTOP');
  try {
    await wait(ms);
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
}

describe('a process that is stopped for longer than any timeout', () => {
  for (const workers of ['1', '2']) {
    it(`keeps all its clients, in every dialect, with ${workers} worker(s)`, async () => {
      using directory = new Directory();
      const settings = { ...env, DATABASE_PATH: directory.join('chat.db'), WORKERS: workers };
      await using server = await ServerProcess.start({ env: settings });
      await using fw = new TestServer(server.url, systemClock, async () => {});
      const parties = await Promise.all(Array.from({ length: 10 }, () => gather(fw)));
      await wait(timeout * 900);
      await stopFor(server, timeout * 2_000);
      // Whoever was to be judged has been.
      await wait(timeout * 1_500);
      for (const party of parties) await allHear(fw, party);
    });
  }

  it('cuts who says nothing afterwards', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({
      env: { ...env, DATABASE_PATH: directory.join('chat.db') },
    });
    await using fw = new TestServer(server.url, systemClock, async () => {});
    const silent = await fw.socket('/ws/connect', { autoPong: false });
    await silent.next({ type: 'connected' });
    await stopFor(server, timeout * 2_000);
    const began = performance.now();
    await closes(silent, 4408);
    assert.ok(performance.now() - began < timeout * 2_000);
  });
});
