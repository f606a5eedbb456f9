import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { range } from '../../src/engine/conformance/kit.ts';
import { Figures } from '../ops/figures.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { Crew } from '../support/crew.ts';
import { chat, relay } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';

async function figures(crew: Crew): Promise<Figures> {
  const { body } = await crew.askOn(2, 'GET', '/metrics');
  return new Figures(body);
}

/** The first worker fails, and everything that it held is given back. */
async function lose(crew: Crew, how: 'fault' | 'silence'): Promise<void> {
  crew.fail(how);
  await crew.lines.next(({ msg }) => msg.startsWith('a worker failed'));
}

async function replaced(crew: Crew): Promise<void> {
  await crew.lines.next(({ msg, worker }) => msg === 'worker listening' && worker === 1);
}

describe('a worker that dies', () => {
  for (const how of ['fault', 'silence'] as const) {
    it(`by ${how}: loses its connections, the others notice nothing, and another serves soon`, async () => {
      await using crew = await Crew.start();
      const [lost, kept] = await crew.clients({ user: 'ann' });
      for (const client of [lost, kept]) await client.subscribe('news');
      const stream = await crew.on(1, (headers) => crew.stream('/sse/connect?channels=news', headers));
      const began = performance.now();
      await lose(crew, how);
      assert.equal((await lost.socket.closed).code, 1006);
      await stream.ended;
      for (const n of range(1, 5)) await kept.publish('news', n);
      await replaced(crew);
      assert.ok(performance.now() - began < 10_000);
      assert.deepEqual(kept.offsets('news'), range(1, 5));

      const again = await crew.on(1, (headers) => ChannelClient.open(crew, { user: 'ann', headers }));
      await again.subscribe('news');
      await again.publish('news', 6);
      await kept.reached('news', 6);
      const now = await figures(crew);
      assert.equal(now.value('fanwire_worker_restarts_total'), 1);
      assert.equal(now.value('fanwire_workers'), 2);
      assert.equal(now.value('fanwire_connections'), 2);
      assert.equal(now.value('fanwire_internal_faults_total'), how === 'fault' ? 1 : 0);
      assert.equal(crew.process.stderr.includes('a fault of the tests'), how === 'fault');
    });
  }

  it('leaves no counter lower than it was read before', async () => {
    await using crew = await Crew.start();
    const [lost, kept] = await crew.clients({ user: 'ann' });
    for (const client of [lost, kept]) await client.publish('news', 1);
    const before = await figures(crew);
    await lose(crew, 'fault');
    await lost.socket.closed;
    const growing = before.samples.filter(({ name }) => /^fanwire_.*_(total|count|sum|bucket)$/.test(name));
    for (const name of ['fanwire_messages_published_total', 'fanwire_publish_latency_seconds_count'])
      assert.equal(before.value(name), 2, name);
    const shrunk = async (): Promise<object[]> => {
      const now = await figures(crew);
      return growing.filter(({ name, labels, value }) => now.value(name, labels) < value);
    };
    assert.deepEqual(await shrunk(), []);
    await replaced(crew);
    assert.deepEqual(await shrunk(), []);
  });

  it('gives back places, users, presence and channels', async () => {
    await using crew = await Crew.start({ MAX_CONNECTIONS_TOTAL: '8', MAX_CONNECTIONS_PER_ROOM: '2' });
    const [one, two] = await crew.clients({ user: 'ann' });
    const own = await crew.on(1, (headers) => ChannelClient.open(crew, { user: 'bob', headers }));
    for (const client of [one, two, own]) await client.subscribe('news');
    await own.subscribe('mine');
    const watcher = await crew.on(2, (headers) => ChannelClient.open(crew, { headers }));
    await watcher.subscribe('news', { presence: true });
    const [relayOne, relayTwo] = await crew.pair((headers) => crew.socket(relay.path('lobby'), { headers }));
    const chatter = await crew.on(1, (headers) => crew.socket('/', { headers }));
    await chat.settle(chatter, 'east');
    await crew.on(1, (headers) => crew.stream('/sse/connect?channels=old', headers));
    assert.equal((await crew.call('GET', '/ws/stats')).body.total_connections, 8);
    await assert.rejects(crew.socket('/ws/connect'));

    await lose(crew, 'fault');
    await relayOne.closed;
    // The answers of a server that has one worker at the moment.
    const { body: stats } = await crew.askOn(2, 'GET', '/ws/stats');
    assert.deepEqual(
      [stats.websocket.total, stats.websocket.users, stats.sse.total, stats.total_connections],
      [3, 1, 0, 3],
    );
    const { body: presence } = await crew.askOn(2, 'GET', '/api/channels/news/presence');
    assert.deepEqual(
      presence.users.map(({ user_id, connections }: never) => [user_id, connections]),
      [['ann', 1]],
    );
    assert.equal((await crew.askOn(2, 'GET', '/api/channels/mine')).status, 404);
    assert.equal((await crew.askOn(2, 'GET', '/api/channels/old')).status, 404);
    const { body: listed } = await crew.askOn(2, 'GET', '/ws/connections');
    assert.equal(listed.total, 3);
    await watcher.socket.inbox.until(() =>
      watcher.frames.some((frame) => JSON.stringify(frame).includes('bob')),
    );
    await relay.settle(relayTwo, 'lobby');
    await replaced(crew);

    const lobby = await crew.on(1, (headers) => crew.socket(relay.path('lobby'), { headers }));
    await assert.rejects(crew.socket(relay.path('lobby')), /room_full/);
    const guest = await crew.on(2, (headers) => crew.socket('/', { headers }));
    assert.deepEqual((await guest.ask({ action: 'rooms' }, { action: 'rooms' })).rooms, []);
    const more = await Promise.all(range(1, 3).map(() => crew.socket('/ws/connect')));
    assert.equal(more.length, 3);
    await assert.rejects(crew.socket('/ws/connect'), /server_full/);
    lobby.close();
  });

  it('while messages are published: nothing acknowledged is lost, and clients resume without a gap', async () => {
    await using crew = await Crew.start({ RECOVERY_WINDOW_SIZE: '1000000' });
    const publisher = await crew.on(2, (headers) => ChannelClient.open(crew, { headers }));
    const doomed = await crew.on(1, (headers) => ChannelClient.open(crew, { headers }));
    const reader = await crew.on(1, (headers) => ChannelClient.open(crew, { headers }));
    const { epoch } = await reader.subscribe('news');
    const acknowledged: number[] = [];
    let on = true;
    const publish = async (client: ChannelClient): Promise<void> => {
      while (on) acknowledged.push((await client.publish('news', 'x')).offset);
    };
    const publishing = publish(publisher);
    const failing = publish(doomed).catch(() => {});
    await reader.reached('news', 50);
    await lose(crew, 'fault');
    await failing;
    await reader.socket.closed;
    const seen = reader.last('news');
    await replaced(crew);
    on = false;
    await publishing;

    const again = await crew.on(1, (headers) => ChannelClient.open(crew, { headers }));
    const { recovered } = await again.subscribe('news', { position: { epoch, offset: seen } });
    assert.equal(recovered, true);
    const last = Math.max(...acknowledged);
    await again.reached('news', last);
    assert.deepEqual([...reader.offsets('news'), ...again.offsets('news')].slice(0, last), range(1, last));
    assert.equal(new Set(acknowledged).size, acknowledged.length);
  });

  it('dies again and again, and is replaced every time', async () => {
    await using crew = await Crew.start();
    const kept = await crew.on(2, (headers) => ChannelClient.open(crew, { headers }));
    await kept.subscribe('news');
    for (const n of range(1, 3)) {
      await crew.on(1, (headers) => ChannelClient.open(crew, { headers }));
      await lose(crew, n % 2 ? 'fault' : 'silence');
      await replaced(crew);
      await kept.publish('news', n);
    }
    assert.deepEqual(kept.offsets('news'), [1, 2, 3]);
    assert.equal((await figures(crew)).value('fanwire_worker_restarts_total'), 3);
    assert.deepEqual(await crew.end(), { code: 0, signal: null });
  });

  it('knows what was revoked and which rooms are private', async () => {
    await using crew = await Crew.start();
    const token = await crew.token('ann');
    const owner = await crew.on(2, (headers) => crew.socket(`/?token=${token}`, { headers }));
    await owner.ask({ action: 'create', room: 'vip', private: true, members: [] }, { action: 'created' });
    const revoked = await crew.token('bob');
    await crew.call('POST', '/api/tokens/revoke', { user_id: 'bob' });
    await lose(crew, 'silence');
    await replaced(crew);
    const guest = await crew.on(1, (headers) => crew.socket('/', { headers }));
    const { code } = await guest.ask({ action: 'join', room: 'vip' }, { action: 'error' });
    assert.equal(code, 'forbidden');
    const answer = await crew.askOn(1, 'GET', '/ws/stats', undefined, { authorization: `Bearer ${revoked}` });
    assert.equal(answer.status, 401);
  });

  it('just before the end does not hold it up', async () => {
    await using crew = await Crew.start();
    const kept = await crew.on(2, (headers) => ChannelClient.open(crew, { headers }));
    await lose(crew, 'fault');
    assert.deepEqual(await crew.end(), { code: 0, signal: null });
    assert.equal((await kept.socket.closed).code, 1012);
  });

  it('while another one is asked of all connections is left out of the answer', async () => {
    await using crew = await Crew.start();
    await crew.clients();
    let on = true;
    const answers: number[] = [];
    const asking = (async () => {
      while (on) {
        const { status } = await crew.call('GET', '/ws/connections').catch(() => ({ status: 0 }));
        answers.push(status);
      }
    })();
    await lose(crew, 'fault');
    await replaced(crew);
    on = false;
    await asking;
    assert.deepEqual(new Set(answers.filter((status) => status !== 0)), new Set([200]));
    await eventually(async () => (await crew.call('GET', '/ws/connections')).body.total === 1, 'one is left');
  });
});
