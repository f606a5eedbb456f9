import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';

/** The node's one timer may be this late (milliseconds). */
const slack = 400;

/** What clients answered before this call has been read by the server: it runs in this process, on this event loop. */
async function answersAreRead(fw: TestServer): Promise<void> {
  await fw.call('GET', '/health');
  await fw.call('GET', '/health');
}

describe('a heartbeat', () => {
  it('is a frame and a WebSocket ping, every WEBSOCKET_HEARTBEAT_INTERVAL', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw);
    clock.advance(29_999);
    await socket.ask({ action: 'ping' }, { type: 'pong' });
    assert.deepEqual(
      socket.inbox.all.map(({ type }) => type),
      ['connected', 'pong'],
    );
    assert.deepEqual(socket.pings.all, []);
    clock.advance(1 + slack);
    const { timestamp, ...frame } = await socket.next();
    assert.deepEqual(frame, { type: 'heartbeat', content: {} });
    assert.ok(timestamp >= clock.now() - slack);
    await socket.pings.next();
    clock.advance(30_000 + slack);
    await socket.next({ type: 'heartbeat' });
    await socket.pings.next();
    assert.equal(socket.pings.all.length, 2);
  });

  it('follows the setting', async () => {
    const clock = new FakeClock();
    const env = { WEBSOCKET_HEARTBEAT_INTERVAL: '2' };
    await using fw = await testServer({ clock, env });
    const { socket } = await ChannelClient.open(fw);
    clock.advance(2_000 + slack);
    await socket.next({ type: 'heartbeat' });
  });
});

describe('a client without any sign of life', () => {
  it('is closed with 4408 after WEBSOCKET_DISCONNECT_TIMEOUT', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { autoPong: false });
    clock.advance(30_000 + slack);
    await socket.pings.next();
    clock.advance(29_500 - slack);
    await answersAreRead(fw);
    assert.equal(socket.ws.readyState, socket.ws.OPEN);
    clock.advance(500 + slack);
    assert.deepEqual(await socket.closed, { code: 4408, reason: 'no pong or idle too long' });
  });

  it('is closed even when heartbeats are rarer than that', async () => {
    const clock = new FakeClock();
    const env = { WEBSOCKET_HEARTBEAT_INTERVAL: '100', WEBSOCKET_DISCONNECT_TIMEOUT: '10' };
    await using fw = await testServer({ clock, env });
    const { socket } = await ChannelClient.open(fw);
    clock.advance(10_000 + slack);
    assert.equal((await socket.closed).code, 4408);
  });

  it('is not kept by what it is sent', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const [publisher, silent] = [
      await ChannelClient.open(fw),
      await ChannelClient.open(fw, { autoPong: false }),
    ];
    await silent.subscribe('news');
    for (let time = 0; time < 60_000; time += 20_000) {
      clock.advance(20_000);
      await publisher.publish('news', time);
    }
    clock.advance(slack);
    assert.equal((await silent.socket.closed).code, 4408);
    await publisher.settled();
  });
});

describe('a client stays connected', () => {
  it('that answers WebSocket pings and nothing else, as a browser page does by itself', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw);
    for (let heartbeat = 1; heartbeat <= 20; heartbeat++) {
      clock.advance(30_000 + slack);
      await socket.pings.next();
      await answersAreRead(fw);
    }
    await socket.ask({ action: 'ping' }, { type: 'pong' });
  });

  for (const [title, frame] of [
    ['the frame pong', { action: 'pong' }],
    ['the action ping', { action: 'ping' }],
    ['a frame that is an error', { action: 'nonsense' }],
  ] as const) {
    it(`that sends ${title} without answering pings`, async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock });
      const { socket } = await ChannelClient.open(fw, { autoPong: false });
      for (let time = 0; time < 200_000; time += 50_000) {
        clock.advance(50_000);
        socket.send(frame);
        await answersAreRead(fw);
      }
      await socket.ask({ action: 'ping' }, { type: 'pong' });
    });
  }

  it('that sends WebSocket pings of its own', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { autoPong: false });
    for (let time = 0; time < 200_000; time += 50_000) {
      clock.advance(50_000);
      socket.ws.ping();
      await answersAreRead(fw);
    }
    await socket.ask({ action: 'ping' }, { type: 'pong' });
  });
});
