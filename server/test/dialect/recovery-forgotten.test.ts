import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FakeClock } from '../support/fake-clock.ts';
import { testServer } from '../support/server.ts';

const env = { RECOVERY_WINDOW_TTL: '1', IDEMPOTENCY_WINDOW: '1', CHANNEL_TTL: '10' };

for (const engine of ['memory', 'sqlite']) {
  it(`a position in a forgotten channel counts as one of another epoch (${engine})`, async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { ...env, ENGINE: engine } });
    const publish = async (data: number) =>
      (await fw.call('POST', '/api/publish', { channel: 'c', data })).body;
    const subscribe = async (position: unknown) => {
      const client = await fw.socket('/ws/connect');
      return client.ask({ action: 'subscribe', data: { channel: 'c', position } }, { type: 'subscribed' });
    };
    await publish(1);
    const { offset, epoch } = await publish(2);
    clock.advance(9_000);
    assert.equal((await fw.call('GET', '/api/channels/c')).body.offset, 2);
    clock.advance(5_000);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    assert.deepEqual((await fw.call('GET', '/api/channels')).body.channels, []);
    const again = await publish(3);
    assert.equal(again.offset, 1);
    assert.notEqual(again.epoch, epoch);
    const { content } = await subscribe({ epoch, offset });
    assert.deepEqual(content, {
      epoch: again.epoch,
      offset: 1,
      recovered: false,
      replayed: 1,
      gap: { from: 1, to: null },
    });
    const cursor = `${epoch};c:2`;
    const stream = await fw.stream('/sse/connect?channels=c', { 'last-event-id': cursor });
    const gap = await stream.next('gap');
    assert.equal(gap.data.channel, 'c');
  });
}
