import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { clientFrame, closePayload, opcodes, RawSocket } from '../support/raw-socket.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { becomes, scrape } from './figures.ts';

const random = (): string => `x${randomBytes(8).toString('hex')}`;

/** Everything that a client chooses, with these names. */
async function visit(fw: TestServer, name: string, round: number): Promise<void> {
  const user = `u${name}`;
  const client = await ChannelClient.open(fw, { user });
  await client.subscribe(name, { position: { epoch: name, offset: 1 } });
  await client.publish(name, name, { id: name, type: name });
  await client.refusal(name);
  client.close();
  await fw.call('GET', `/api/channels/${name}/messages`, undefined, { 'x-request-id': name });
  await fw.call('GET', `/${name}?${name}=${name}`);
  if (round % 20 > 0) return;
  for (const door of [relay, room, chat]) (await enter(fw, door, name, { user })).close();
  (await fw.stream(`/sse/connect?channels=${name}`)).close();
  const raw = await RawSocket.webSocket(fw.url, `/ws/connect?${name}=1`);
  raw.write(clientFrame(opcodes.close, closePayload(3000 + (round % 1000), name)));
  await raw.closeCode();
  raw.close();
}

describe('labels', () => {
  it('are the same after 1,000 channels and users as after a few', { timeout: 120_000 }, async () => {
    await using fw = await testServer({
      env: { MAX_CONNECTIONS_TOTAL: '100000', WEBSOCKET_MAX_CONNECTIONS: '100000' },
    });
    const names: string[] = [];
    const visitMany = async (count: number): Promise<Set<string>> => {
      for (let round = 0; round < count; round += 20) {
        const fresh = Array.from({ length: 20 }, random);
        names.push(...fresh);
        await Promise.all(fresh.map((name, at) => visit(fw, name, round + at)));
      }
      await becomes(fw, 0, 'fanwire_connections');
      const { series } = await scrape(fw);
      return new Set(series.filter((line) => line.startsWith('fanwire_')));
    };
    const few = await visitMany(40);
    const many = await visitMany(1000);
    assert.deepEqual([...many].sort(), [...few].sort());
    const { text } = await scrape(fw);
    for (const name of names) assert.ok(!text.includes(name.slice(1)), name);
  });
});

describe('a scrape under load', () => {
  it('is whole, and counters only grow', async () => {
    await using fw = await testServer({ env: { MESSAGE_RATE_LIMIT: '0' } });
    const publisher = await ChannelClient.open(fw);
    await publisher.subscribe('news');
    let stopped = false;
    const load = (async () => {
      while (!stopped) await publisher.publishMany('news', 200);
    })();
    const seen = new Map<string, number>();
    for (let round = 0; round < 50; round++) {
      const figures = await scrape(fw);
      for (const { name, labels, value } of figures.samples) {
        const base = name.replace(/_(bucket|sum|count)$/, '');
        const type = figures.types.get(name) ?? figures.types.get(base);
        assert.ok(type !== undefined, name);
        if (type === 'gauge' || !name.startsWith('fanwire_')) continue;
        const key = name + JSON.stringify(labels);
        assert.ok(value >= (seen.get(key) ?? 0), key);
        seen.set(key, value);
      }
      assert.equal(
        figures.value('fanwire_tick_messages_sum'),
        figures.value('fanwire_messages_published_total'),
      );
      assert.equal(
        figures.value('fanwire_tick_messages_bucket', { le: '+Inf' }),
        figures.value('fanwire_tick_messages_count'),
      );
    }
    stopped = true;
    await load;
  });
});
