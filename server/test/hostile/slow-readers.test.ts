import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { residentMemory } from '../support/memory.ts';
import { clientFrame, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';
import { watchedServer } from '../support/watched-server.ts';

const channel = 'c';
/** Together far more than the system's buffers of one connection hold (about 10 MB on Linux). */
const messages = 400;
const content = 'x'.repeat(60_000);

const subscribe = clientFrame(opcodes.text, `{"action":"subscribe","data":{"channel":"${channel}"}}`);

/** A subscriber that stops reading once it is in the channel. */
async function frozenSocket(url: string): Promise<RawSocket> {
  const raw = await RawSocket.webSocket(url, '/ws/connect');
  raw.write(subscribe);
  await raw.frames.next(({ payload }) => payload.includes('"subscribed"'));
  raw.socket.pause();
  return raw;
}

async function frozenStream(url: string): Promise<RawSocket> {
  const raw = new RawSocket(url);
  raw.write(requestText(`GET /sse/connect?channels=${channel} HTTP/1.1`, [['Host', 'localhost']]));
  await raw.until((text) => text.includes('event: connected'));
  raw.socket.pause();
  return raw;
}

/** Publishes them all, one after the other, and sees that the publisher itself gets them all, in order. */
async function publishAll(publisher: SocketClient): Promise<void> {
  await publisher.ask({ action: 'subscribe', data: { channel } }, { type: 'subscribed' });
  for (let n = 1; n <= messages; n++) {
    publisher.send({ action: 'send_to_channel', data: { channel, content } });
    const { offset } = await publisher.inbox.next(({ type }) => type === 'text');
    assert.equal(offset, n);
  }
}

async function connections(fw: TestServer): Promise<number> {
  return (await fw.call('GET', '/ws/stats')).body.total_connections;
}

describe('a reader that takes nothing', () => {
  it('on a WebSocket is closed with 4413, and everybody else gets everything', async () => {
    await using fw = await watchedServer();
    const frozen = await frozenSocket(fw.url);
    const publisher = await fw.socket('/ws/connect');
    await publishAll(publisher);
    await eventually(async () => (await connections(fw)) === 1, 'the frozen connection is cut');
    frozen.socket.resume();
    assert.equal(await frozen.closeCode(), 4413);
    frozen.close();
    await fw.unharmed();
  });

  it('on a WebSocket, when it has read and answered before, costs no more than a fraction of what the kernel takes', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const reader = await fw.socket('/ws/connect');
    await reader.ask({ action: 'subscribe', data: { channel } }, { type: 'subscribed' });
    const publisher = await fw.socket('/ws/connect');
    const publish = () => {
      clock.advance(100);
      return publisher.ask({ action: 'send_to_channel', data: { channel, content } }, { type: 'ack' });
    };
    for (let n = 1; n <= 20; n++) {
      await publish();
      assert.equal((await reader.next({ type: 'text' })).offset, n);
    }
    reader.ws.pause();
    let bytes = 0;
    while ((await connections(fw)) === 2) {
      await publish();
      bytes += content.length;
      assert.ok(bytes < 4_000_000, 'it is kept however little it reads');
    }
    // Its backlog of 1 MiB, and what was on its way.
    assert.ok(bytes > 1_000_000 && bytes < 3_500_000, `${bytes} bytes`);
    reader.ws.resume();
    assert.equal((await reader.closed).code, 4413);
  });

  it('on a WebSocket learns why even when it reads again much later', async () => {
    await using fw = await watchedServer();
    const frozen = await frozenSocket(fw.url);
    await publishAll(await fw.socket('/ws/connect'));
    await eventually(async () => (await connections(fw)) === 1, 'the frozen connection is cut');
    // Longer than others are given to finish the closing handshake.
    await delay(3_500);
    frozen.socket.resume();
    assert.equal(await frozen.closeCode(), 4413);
    frozen.close();
  });

  it('on a WebSocket does not hold up the end of the server', async () => {
    const fw = await watchedServer();
    const frozen = await frozenSocket(fw.url);
    await publishAll(await fw.socket('/ws/connect'));
    await eventually(async () => (await connections(fw)) === 1, 'the frozen connection is cut');
    const began = performance.now();
    await fw[Symbol.asyncDispose]();
    assert.ok(performance.now() - began < 5_000);
    frozen.close();
  });

  it('on a stream is cut, and everybody else gets everything', async () => {
    await using fw = await watchedServer();
    const frozen = await frozenStream(fw.url);
    const publisher = await fw.socket('/ws/connect');
    await publishAll(publisher);
    await eventually(async () => (await connections(fw)) === 1, 'the frozen stream is cut');
    frozen.socket.resume();
    await frozen.ended();
    await fw.unharmed();
  });

  it('and asks for a replay of everything holds back nobody, and gets it all when it reads again', async () => {
    await using fw = await watchedServer();
    const publisher = await fw.socket('/ws/connect');
    await publishAll(publisher);
    const { epoch } = (await fw.call('GET', `/api/channels/${channel}/messages?limit=1`)).body;
    const reader = await fw.socket('/ws/connect');
    await reader.next({ type: 'connected' });
    reader.ws.pause();
    const position = { epoch, offset: 0 };
    reader.send({ action: 'subscribe', data: { channel, position } });
    for (let n = 0; n < 50; n++) await fw.unharmed();
    reader.ws.resume();
    const { content: answer } = await reader.next({ type: 'subscribed' });
    assert.deepEqual([answer.recovered, answer.replayed], [true, messages]);
    for (let n = 1; n <= messages; n++) assert.equal((await reader.next()).offset, n);
    await fw.unharmed();
  });

  it('for a moment, because it asks for much at once, gets it all', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const reader = await fw.socket('/ws/connect');
    for (let n = 0; n < 8; n++)
      await reader.ask({ action: 'send_to_channel', data: { channel, content } }, { type: 'ack' });
    const page = { action: 'history', data: { channel, limit: 8 } };
    await reader.ask(page, { type: 'history' });
    clock.advance(10_000);
    // So many that its own frames are not read meanwhile, its pongs neither.
    for (let n = 0; n < 100; n++) reader.send(page);
    for (let n = 0; n < 100; n++)
      assert.equal((await reader.next({ type: 'history' })).content.messages.length, 8);
  });

  it('of its own answers gets no more of them, and is cut after 30 s', async () => {
    const clock = new FakeClock();
    // It sends more than a client may by default.
    await using fw = await testServer({ clock, env: { MESSAGE_RATE_LIMIT: '0' } });
    const raw = await RawSocket.webSocket(fw.url, '/ws/connect');
    raw.socket.pause();
    const ping = clientFrame(opcodes.text, `{"action":"ping","request_id":"${'x'.repeat(120)}"}`);
    const many = Buffer.concat(Array.from({ length: 300 }, () => ping));
    const pour = (): void => {
      while (raw.socket.writable && raw.socket.write(many));
    };
    raw.socket.on('drain', pour);
    pour();
    let queued = 0;
    const blocked = async (): Promise<boolean> => {
      const { body } = await fw.call('GET', '/ws/connections');
      const before = queued;
      queued = body.connections[0].queued_bytes;
      return queued > 100_000 && queued === before;
    };
    await eventually(blocked, 'its answers pile up, and then no more');
    assert.ok(queued < 300_000, `${queued} bytes wait`);
    clock.advance(29_000);
    assert.equal(await connections(fw), 1);
    clock.advance(2_000);
    assert.equal(await connections(fw), 0);
    raw.close();
  });
});

describe('60 readers that take nothing', () => {
  it('cost the server no more memory than their backlogs may have', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({ env: { DATABASE_PATH: directory.join('chat.db') } });
    const frozen: RawSocket[] = [];
    for (let n = 0; n < 30; n++) frozen.push(await frozenSocket(server.url), await frozenStream(server.url));
    const before = residentMemory(server.pid);
    const publisher = new SocketClient(`${server.webSocketUrl}/ws/connect`, {});
    await publisher.opened;
    await publishAll(publisher);
    const growth = residentMemory(server.pid) - before;
    assert.ok(growth < 250, `grew by ${Math.round(growth)} MiB`);
    for (const raw of frozen) raw.close();
    publisher.close();
  });
});
