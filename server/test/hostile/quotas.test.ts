import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

const mebibyte = 1024 * 1024;

/** A client of the channel dialect that has been told so. */
async function connect(fw: TestServer, token?: string): Promise<SocketClient> {
  const client = await fw.socket(`/ws/connect${token === undefined ? '' : `?token=${token}`}`);
  await client.next({ type: 'connected' });
  return client;
}

/** Sent before the answers are waited for: who never reads is cut. */
const portion = 2_000;

/** Sends all of it as fast as it is answered, and counts what became of it. */
async function flood(client: SocketClient, frames: readonly object[]): Promise<Record<string, number>> {
  const before = client.inbox.all.length;
  for (let sent = 0; sent < frames.length; sent += portion) {
    for (const frame of frames.slice(sent, sent + portion)) client.send(frame);
    await client.inbox.until(
      () => client.inbox.all.length - before >= Math.min(sent + portion, frames.length),
    );
  }
  const counts: Record<string, number> = {};
  for (const { type, content } of client.inbox.all.slice(before) as Frame[]) {
    const outcome = type === 'ack' ? 'ack' : content.type;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

/** A message of the channel dialect. */
function publish(n: number, channel: string, size: number, persist: boolean): object {
  const data = { channel, content: 'x'.repeat(size), persist };
  return { action: 'send_to_channel', data, request_id: `${n}` };
}

function many(count: number, make: (n: number) => object): object[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

describe('guests who write at full speed', { timeout: 60_000 }, () => {
  it('meet their quota, and signed-in users and what is not kept go on', async (test) => {
    using directory = new Directory();
    const env = { MAX_USER_BYTES: `${4 * mebibyte}` };
    await using fw = await testServer({ directory: directory.path, env });
    const path = directory.join('chat.db');
    const guests = await Promise.all([1, 2, 3].map(() => connect(fw)));
    const counts = await Promise.all(
      guests.map((guest, n) =>
        flood(
          guest,
          many(400, (m) => publish(m, `g${n}`, 20_000, true)),
        ),
      ),
    );
    const stored = counts.reduce((sum, { ack = 0 }) => sum + ack, 0) * 20_000;
    const size = statSync(path).size;
    test.diagnostic(
      `${(stored / mebibyte).toFixed(1)} MiB were stored of 22.9; the file has ${(size / mebibyte).toFixed(1)}`,
    );
    for (const { limit_reached: refused = 0 } of counts) assert.ok(refused > 0);
    // Beyond the quota only what was on its way when it was reached.
    assert.ok(stored < 4 * mebibyte + 3 * 0.75 * mebibyte, `${stored}`);
    const [guest] = guests;
    assert.ok(guest);
    assert.deepEqual(await flood(guest, [publish(1, 'g1', 10, false)]), { ack: 1 });
    assert.deepEqual(await flood(guest, [publish(2, 'g1', 10, true)]), { limit_reached: 1 });
    const late = await connect(fw);
    assert.deepEqual(
      await flood(late, [publish(1, 'other', 10, true)]),
      { limit_reached: 1 },
      'all guests together',
    );
    const user = await connect(fw, await fw.token('ann'));
    assert.deepEqual(await flood(user, [publish(1, 'g1', 10, true)]), { ack: 1 });
    const { status } = await fw.call('POST', '/api/publish', { channel: 'g1', data: 1, persist: true });
    assert.equal(status, 200);
  });

  it('fill one channel, and no other', async () => {
    await using fw = await testServer({ env: { MAX_CHANNEL_BYTES: `${mebibyte}` } });
    const guest = await connect(fw);
    const counts = await flood(
      guest,
      many(300, (n) => publish(n, 'c', 10_000, true)),
    );
    assert.ok((counts.limit_reached ?? 0) > 50, JSON.stringify(counts));
    assert.deepEqual(await flood(guest, [publish(1, 'd', 10, true)]), { ack: 1 });
    const { status, body } = await fw.call('POST', '/api/publish', { channel: 'c', data: 1, persist: true });
    assert.deepEqual([status, body.error.code], [429, 'limit_reached']);
    assert.equal((await fw.call('DELETE', '/api/channels/c/messages')).status, 200);
    assert.deepEqual(await flood(guest, [publish(2, 'c', 10, true)]), { ack: 1 }, 'the operator made room');
  });

  it('do not make the file larger than it may be', async (test) => {
    using directory = new Directory();
    const env = { MAX_DATABASE_BYTES: `${8 * mebibyte}` };
    await using fw = await testServer({ directory: directory.path, env });
    const guest = await connect(fw);
    const kept = await flood(
      guest,
      many(1000, (n) => publish(n, 'c', 20_000, true)),
    );
    assert.ok((kept.limit_reached ?? 0) > 500, JSON.stringify(kept));
    assert.deepEqual(
      await flood(guest, [publish(1, 'd', 10, false)]),
      { ack: 1 },
      'the window has its share',
    );
    const passing = await flood(
      guest,
      many(1000, (n) => publish(n, 'd', 20_000, false)),
    );
    assert.ok((passing.limit_reached ?? 0) > 500, JSON.stringify(passing));
    const size = statSync(directory.join('chat.db')).size + statSync(`${directory.join('chat.db')}-wal`).size;
    test.diagnostic(`file and log: ${(size / mebibyte).toFixed(1)} MiB`);
    assert.ok(size < 2 * 10 * mebibyte, `${size}`);
    assert.equal((await fw.call('GET', '/ready')).status, 200);
  });
});

describe('clients who make channels at full speed', { timeout: 60_000 }, () => {
  it('a guest makes six hundred of fifty thousand, and goes on with those', async (test) => {
    await using fw = await testServer({ env: { MESSAGE_RATE_LIMIT: '0' } });
    const guest = await connect(fw);
    const counts = await flood(
      guest,
      many(50_000, (n) => publish(n, `c${n}`, 1, false)),
    );
    test.diagnostic(JSON.stringify(counts));
    assert.ok((counts.ack ?? 0) >= 600 && (counts.ack ?? 0) < 1200, JSON.stringify(counts));
    assert.deepEqual(await flood(guest, [publish(1, 'c1', 1, false)]), { ack: 1 });
    const { body } = await fw.call('GET', '/api/channels?limit=1000');
    assert.equal(body.channels.length, counts.ack);
  });

  it('direct messages to ever new users count, a user is one on all connections, and API keys are exempt', async () => {
    const env = { MAX_CHANNELS_CREATED_PER_MINUTE: '50', WS_API_KEYS: 'shop:publish:a-key-of-the-tests' };
    await using fw = await testServer({ env });
    const token = await fw.token('ann');
    const clients = await Promise.all([1, 2].map(() => connect(fw, token)));
    const counts = await Promise.all(
      clients.map((client, c) =>
        flood(
          client,
          many(50, (n) => ({
            action: 'send_to_user',
            data: { user_id: `u${c}-${n}`, content: 1 },
            request_id: `${n}`,
          })),
        ),
      ),
    );
    const acks = counts.reduce((sum, { ack = 0 }) => sum + ack, 0);
    // Each worker counts for itself.
    assert.ok(acks >= 50 && acks <= 60 * Number(process.env.TEST_WORKERS ?? 1), `${acks}`);
    const headers = { 'x-api-key': 'a-key-of-the-tests' };
    const messages = Array.from({ length: 200 }, (_, n) => ({ channel: `new ${n}`, data: n }));
    const { body } = await fw.call('POST', '/api/batch', { messages }, headers);
    assert.ok(body.results.every(({ ok }: { ok: boolean }) => ok));
  });
});
