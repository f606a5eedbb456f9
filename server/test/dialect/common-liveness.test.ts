import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { enter, relay } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ForeignLock } from '../support/foreign-lock.ts';
import { allHear, gather, type Party } from '../support/party.ts';
import { closes } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';

/** The node's one timer may be this late (milliseconds). */
const slack = 400;

/** Everything that the clients have sent until now was read: both are on this event loop. */
async function answersAreRead(fw: TestServer): Promise<void> {
  for (let round = 0; round < 3; round++) await fw.call('GET', '/health');
}

/** Time passes as it does, with clients that have the time to answer. */
async function live(fw: TestServer, clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    clock.advance(Math.min(5_000, ms - passed));
    await answersAreRead(fw);
  }
}

/** How often each of them was asked for a sign of life. */
function pings({ sockets, stream }: Party): number[] {
  const frames = sockets.map(([, { inbox, pings }]) =>
    Math.max(inbox.all.filter(({ type }) => /ping$|^heartbeat$/.test(type)).length, pings.all.length),
  );
  return [...frames, stream.comments.all.length];
}

describe('the wall clock is set', () => {
  for (const [title, ms] of [
    ['forwards by 90 seconds', 90_000],
    ['forwards by a year', 365 * 86_400_000],
    ['back by a minute', -60_000],
    ['back by a year', -365 * 86_400_000],
  ] as const) {
    it(`${title}: nobody is closed, and heartbeats come as before`, async () => {
      const clock = new FakeClock();
      await using fw = await testServer({ clock });
      const party = await gather(fw);
      clock.step(ms);
      await live(fw, clock, 35_000);
      const asked = pings(party);
      assert.ok(
        asked.every((count) => count >= 1),
        `pings: ${asked}`,
      );
      await live(fw, clock, 120_000);
      assert.ok(pings(party).every((count, n) => count >= (asked[n] ?? 0) + 3));
      await allHear(fw, party);
    });
  }

  it('who says nothing is closed in time all the same', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { autoPong: false });
    clock.step(-3_600_000);
    clock.advance(59_000);
    await answersAreRead(fw);
    assert.equal(socket.ws.readyState, socket.ws.OPEN);
    clock.advance(1_000 + slack);
    await closes(socket, 4408);
  });

  it('a token ends by the wall clock: within a second, in every dialect', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { sockets, stream } = await gather(fw, { user: 'u1', token: { ttlSeconds: 600 } });
    clock.step(599_000);
    clock.advance(900);
    await answersAreRead(fw);
    for (const [, { ws }] of sockets) assert.equal(ws.readyState, ws.OPEN);
    clock.step(100);
    clock.advance(900);
    for (const [, client] of sockets) await closes(client, 4401);
    assert.equal((await stream.next('closed')).data.code, 4401);
  });

  it('a token that had expired by a wrong clock is good for as long as it says', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 600 } });
    clock.step(-300_000);
    await live(fw, clock, 890_000);
    assert.equal(socket.ws.readyState, socket.ws.OPEN);
    clock.advance(10_000 + slack);
    await closes(socket, 4401);
  });

  it('a fresh token takes the place of the old one', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { user: 'u1', wishes: { ttlSeconds: 600 } });
    const token = await fw.token('u1', { ttlSeconds: 3600 });
    await socket.ask({ action: 'refresh', data: { token } }, { type: 'refreshed' });
    clock.step(3_599_000);
    clock.advance(800);
    await socket.ask({ action: 'ping' }, { type: 'pong' });
    clock.advance(1_000);
    await closes(socket, 4401);
  });
});

describe('the server does nothing for a while', () => {
  it('nobody is closed for it, in any dialect, however long it was', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const party = await gather(fw);
    await live(fw, clock, 29_000);
    clock.stall(3_600_000);
    await answersAreRead(fw);
    await answersAreRead(fw);
    await live(fw, clock, 120_000);
    await allHear(fw, party);
  });

  it('pings that were due are sent at once', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const party = await gather(fw);
    clock.stall(3_600_000);
    await answersAreRead(fw);
    await allHear(fw, party);
    assert.deepEqual(pings(party), [1, 1, 1, 1, 1]);
  });

  it('what came meanwhile is read before anybody is judged', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { autoPong: false });
    clock.advance(59_500);
    // On its way: the server has had no chance to read it when its timer runs.
    socket.send({ action: 'pong' });
    await new Promise((sent) => socket.ws.ping('', undefined, sent));
    clock.stall(10_000);
    await answersAreRead(fw);
    clock.advance(1_000);
    await answersAreRead(fw);
    await socket.ask({ action: 'ping' }, { type: 'pong' });
  });

  it('who says nothing afterwards is closed by the time that it had left', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const { socket } = await ChannelClient.open(fw, { autoPong: false });
    clock.advance(30_000);
    clock.stall(600_000);
    await answersAreRead(fw);
    clock.advance(28_000);
    await answersAreRead(fw);
    assert.equal(socket.ws.readyState, socket.ws.OPEN);
    clock.advance(2_000 + slack);
    await closes(socket, 4408);
  });
});

describe('a client whose frames wait here', () => {
  it('is not closed for a pong that stands behind them', async () => {
    const clock = new FakeClock();
    using directory = new Directory();
    await using fw = await testServer({ clock, directory: directory.path });
    const client = await enter(fw, relay, 'lobby');
    clock.advance(20_000 + slack);
    const { payload } = await client.next({ type: 'ping' });
    // What it says cannot be stored for a moment, and its pong waits behind that.
    const lock = await ForeignLock.take(directory.join('chat.db'));
    client.send({ type: 'message', payload: { text: 'hi' } });
    client.send({ type: 'pong', payload });
    await answersAreRead(fw);
    clock.advance(31_000);
    await lock.release();
    await client.next({ type: 'message' });
    clock.advance(slack);
    await answersAreRead(fw);
    assert.equal(client.ws.readyState, client.ws.OPEN);
  });
});
