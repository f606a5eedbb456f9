import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enter, heard, relay, say } from '../support/doors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { closes } from '../support/refusals.ts';
import { testServer } from '../support/server.ts';

/** What the wheel may be late. */
const late = 200;
const ping = (ts: number) => ({ type: 'ping', payload: { ts } });

describe('relay: ping and pong', () => {
  it('a ping comes every PING_INTERVAL_SEC, with its time in whole seconds', async () => {
    const clock = new FakeClock(1_700_000_000_000);
    await using fw = await testServer({ clock });
    const client = await enter(fw, relay, 'lobby');
    clock.advance(19_999);
    assert.deepEqual(await heard(relay, client), []);
    clock.advance(1 + late);
    assert.deepEqual(await client.next(), ping(1_700_000_020));
    client.send({ type: 'pong', payload: { ts: 1_700_000_020 } });
    assert.deepEqual(await heard(relay, client), []);
    clock.advance(20_000 + late);
    assert.deepEqual(await client.next(), ping(1_700_000_040));
  });

  it('a ping that is not answered within PONG_TIMEOUT_SEC closes with 4408', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, relay, 'lobby');
    clock.advance(20_000 + late);
    await client.next({ type: 'ping' });
    clock.advance(29_000);
    await client.next({ type: 'ping' });
    assert.equal(client.ws.readyState, client.ws.OPEN);
    clock.advance(1_000 + 2 * late);
    await closes(client, 4408);
  });

  it('each pong earns the time until the next ping', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, relay, 'lobby');
    for (let count = 0; count < 10; count++) {
      clock.advance(20_000 + late);
      const { payload } = await client.next({ type: 'ping' });
      client.send({ type: 'pong', payload });
      await heard(relay, client);
    }
    await say(relay, client, 'lobby', 'still here');
  });

  it('only a pong frame answers: no message and no pong of the WebSocket does', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, relay, 'lobby');
    clock.advance(20_000 + late);
    await say(relay, client, 'lobby', 'hi');
    client.ws.pong();
    client.ws.ping();
    await heard(relay, client);
    clock.advance(30_000 + late);
    await closes(client, 4408);
  });

  it('a pong that answers nothing is no error and earns nothing', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await enter(fw, relay, 'lobby');
    client.send({ type: 'pong', payload: { ts: 1 } });
    assert.deepEqual(await heard(relay, client), []);
    clock.advance(20_000 + late);
    await client.next({ type: 'ping' });
    clock.advance(30_000 + late);
    await closes(client, 4408);
  });

  it('both times can be set, the timeout shorter than the interval too', async () => {
    const clock = new FakeClock();
    const env = { PING_INTERVAL_SEC: '5', PONG_TIMEOUT_SEC: '1' };
    await using fw = await testServer({ clock, env });
    const client = await enter(fw, relay, 'lobby');
    clock.advance(5_000 + late);
    client.send({ type: 'pong', payload: await client.next({ type: 'ping' }) });
    await heard(relay, client);
    clock.advance(5_000 + late);
    await client.next({ type: 'ping' });
    clock.advance(1_000 + late);
    await closes(client, 4408);
  });
});
