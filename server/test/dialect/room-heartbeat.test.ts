import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enter, heard, room, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { closes } from '../support/refusals.ts';
import { testServer } from '../support/server.ts';

/** What the wheel may be late. */
const late = 200;

describe('room: heartbeat and idle time', () => {
  it('a system.ping comes every HEARTBEAT_INTERVAL, with its time in whole seconds', async () => {
    const clock = new FakeClock(1_700_000_000_000);
    await using fw = await testServer({ clock });
    const client = await enter(fw, room, 'test');
    clock.advance(24_999);
    assert.deepEqual(await heard(room, client), []);
    clock.advance(1 + late);
    assert.deepEqual(await client.next(), { type: 'system.ping', ts: 1_700_000_025 });
    clock.advance(25_000 + late);
    assert.deepEqual(await client.next(), { type: 'system.ping', ts: 1_700_000_050 });
  });

  it('a system.pong has no answer', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'test');
    client.send({ type: 'system.pong' });
    assert.deepEqual(await heard(room, client), []);
  });

  it('a client that answers every ping stays', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, room, 'test');
    for (let count = 0; count < 10; count++) {
      clock.advance(25_000 + late);
      await client.next({ type: 'system.ping' });
      client.send({ type: 'system.pong' });
      await heard(room, client);
    }
  });

  it('no frame for IDLE_TIMEOUT is 4408', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, room, 'test');
    clock.advance(69_900);
    assert.equal(client.ws.readyState, client.ws.OPEN);
    clock.advance(100 + 2 * late);
    await closes(client, 4408);
  });

  it('any frame is a sign of life, a bad one too', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { HEARTBEAT_INTERVAL: '1000' } });
    const client = await enter(fw, room, 'test');
    for (const frame of [{ type: 'chat.message', text: 'hi' }, '{', { type: 'system.pong' }]) {
      clock.advance(60_000);
      client.send(frame);
      await heard(room, client);
    }
    clock.advance(70_000 + late);
    await closes(client, 4408);
  });

  it('so is a ping of the WebSocket, which many libraries send by themselves', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, room, 'test');
    const other = await enter(fw, room, 'test', { user: 'u2' });
    for (let count = 0; count < 3; count++) {
      clock.advance(60_000);
      const answered = new Promise((resolve) => client.ws.once('pong', resolve));
      client.ws.ping();
      await answered;
      await say(room, other, 'test', 'hi');
    }
    assert.equal(client.ws.readyState, client.ws.OPEN);
  });

  it('what the client is sent is no sign of life', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const [idle, busy] = [await enter(fw, room, 'test'), await enter(fw, room, 'test', { user: 'u2' })];
    for (let count = 0; count < 7; count++) {
      clock.advance(10_000);
      await say(room, busy, 'test', 'hi');
    }
    clock.advance(late);
    await closes(idle, 4408);
    await say(room, busy, 'test', 'still here');
  });

  it('both times can be set', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { HEARTBEAT_INTERVAL: '2', IDLE_TIMEOUT: '3' } });
    const client = await enter(fw, room, 'test');
    clock.advance(2_000 + late);
    await client.next({ type: 'system.ping' });
    clock.advance(1_000 + late);
    await closes(client, 4408);
  });
});
