import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { range } from '../../src/engine/conformance/kit.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { Crew } from '../support/crew.ts';

describe('messages on two workers', () => {
  it('come in one order to everybody, with no gap and no duplicate', async () => {
    await using crew = await Crew.start();
    const publishers = [...(await crew.clients()), ...(await crew.clients())];
    const readers = [...(await crew.clients()), ...(await crew.clients())];
    for (const client of [...readers, ...publishers]) await client.subscribe('news');
    const count = 250;
    await Promise.all(publishers.map((publisher) => publisher.publishMany('news', count)));
    const total = publishers.length * count;
    const orders = [];
    for (const reader of [...readers, ...publishers]) {
      await reader.reached('news', total);
      assert.deepEqual(reader.offsets('news'), range(1, total));
      orders.push(reader.messages('news').map(({ id }) => id));
    }
    for (const order of orders) assert.deepEqual(order, orders[0]);
  });

  it('come to their publisher no later than the acknowledgement', async () => {
    await using crew = await Crew.start();
    const clients = await crew.clients();
    for (const client of clients) await client.subscribe('news');
    const publish = async (client: ChannelClient): Promise<void> => {
      for (let n = 0; n < 100; n++) {
        const { offset } = await client.publish('news', n);
        assert.ok(client.last('news') >= offset, `${client.last('news')} of ${offset}`);
      }
    };
    await Promise.all(clients.map(publish));
  });

  it('are missed by nobody who subscribes while others publish', async () => {
    await using crew = await Crew.start();
    const publishers = await crew.clients();
    const publishing = publishers.map((publisher) => publisher.publishMany('news', 500));
    const readers = await Promise.all(
      range(1, 20).map(async () => {
        const reader = await ChannelClient.open(crew);
        const { offset } = await reader.subscribe('news');
        return { reader, offset };
      }),
    );
    await Promise.all(publishing);
    for (const { reader, offset } of readers) {
      await reader.reached('news', offset === 1000 ? 0 : 1000);
      assert.deepEqual(reader.offsets('news'), range(offset + 1, 1000));
    }
  });

  it('to a user and to everyone come to connections on both', async () => {
    await using crew = await Crew.start();
    const clients = await crew.clients({ user: 'ann' });
    for (const worker of [1, 2]) {
      const direct = await crew.askOn(worker, 'POST', '/api/publish', { user_id: 'ann', data: worker });
      assert.equal(direct.status, 200, JSON.stringify(direct.body));
      await crew.askOn(worker, 'POST', '/ws/broadcast', { message: { content: `to all ${worker}` } });
    }
    for (const client of clients) {
      await client.socket.inbox.until(() => client.contents('$all').length === 2);
      assert.deepEqual(client.contents('$user:ann'), [1, 2]);
      assert.deepEqual(client.contents('$all'), ['to all 1', 'to all 2']);
    }
  });

  it('with an id are published once, whichever worker is asked again', async () => {
    await using crew = await Crew.start();
    const body = { channel: 'news', data: 1, id: 'once' };
    const [first, second] = await crew.askAll('POST', '/api/publish', body);
    assert.equal(first?.status, 200, JSON.stringify(first?.body));
    assert.equal(second?.status, 200);
    const { duplicate, ...receipt } = second?.body ?? {};
    assert.equal(duplicate, true, JSON.stringify(second?.body));
    assert.deepEqual({ ...first?.body, duplicate: undefined }, { ...receipt, duplicate: undefined });
    for (const { body } of await crew.askAll('GET', '/api/channels/news/messages')) {
      assert.equal(body.messages.length, 1);
    }
  });

  it('to a stream are resumed on whichever worker it comes back to', async () => {
    await using crew = await Crew.start();
    const open = (headers: Readonly<Record<string, string>>) =>
      crew.stream('/sse/connect?channels=news', headers);
    const first = await crew.on(1, open);
    await first.next('connected');
    const publisher = await ChannelClient.open(crew);
    await publisher.publishMany('news', 5);
    await first.inbox.until(() => first.inbox.all.filter(({ event }) => event !== 'connected').length === 5);
    first.close();
    await publisher.publishMany('news', 5);
    for (const worker of [1, 2]) {
      const next = await crew.on(worker, (headers) =>
        open({ ...headers, 'last-event-id': first.lastEventId }),
      );
      await next.inbox.until(() => next.inbox.all.filter(({ event }) => event !== 'connected').length === 5);
      next.close();
    }
  });
});

describe('presence on two workers', () => {
  it('is one list, and its changes are told on both', async () => {
    await using crew = await Crew.start();
    const [one, two] = await crew.clients({ user: 'ann' });
    await one.subscribe('news', { presence: true });
    await two.subscribe('news', { presence: true });
    const bob = await crew.on(2, (headers) => ChannelClient.open(crew, { user: 'bob', headers }));
    await bob.subscribe('news');
    for (const { body } of await crew.askAll('GET', '/api/channels/news/presence')) {
      assert.equal(body.total, 2);
      assert.deepEqual(
        body.users.map(({ user_id, connections }: { user_id: string; connections: number }) => [
          user_id,
          connections,
        ]),
        [
          ['ann', 2],
          ['bob', 1],
        ],
      );
    }
    bob.close();
    for (const client of [one, two]) {
      await client.socket.inbox.until(
        () => client.frames.filter((frame) => JSON.stringify(frame).includes('bob')).length >= 2,
      );
    }
    for (const { body } of await crew.askAll('GET', '/api/channels/news/presence'))
      assert.equal(body.total, 1);
  });
});
