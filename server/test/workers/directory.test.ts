import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { range } from '../../src/engine/conformance/kit.ts';
import { Figures, scrape } from '../ops/figures.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { Crew } from '../support/crew.ts';
import { chat } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { closes, refusedCall } from '../support/refusals.ts';
import { type HttpAnswer, testServer } from '../support/server.ts';

type Headers = Readonly<Record<string, string>>;

/** What both workers answer, which has to be the same. */
async function same(
  crew: Crew,
  method: string,
  path: string,
  ...more: [body?: unknown, headers?: Headers]
): Promise<HttpAnswer> {
  const [one, two] = await crew.askAll(method, path, ...more);
  assert.ok(one && two);
  assert.deepEqual([one.status, one.body], [two.status, two.body], path);
  return one;
}

/** Channel clients that came one after the other, four on each worker, mixed. */
async function mixed(crew: Crew): Promise<ChannelClient[]> {
  const clients: ChannelClient[] = [];
  for (const worker of [1, 2, 2, 1, 2, 1, 1, 2]) {
    const user = clients.length % 3 === 0 ? 'ann' : `user-${clients.length}`;
    const client = await crew.on(worker, (headers) => ChannelClient.open(crew, { user, headers }));
    await client.subscribe(clients.length % 2 === 0 ? 'even' : 'odd');
    clients.push(client);
  }
  return clients;
}

const ids = ({ body }: HttpAnswer): string[] => body.connections.map(({ id }: { id: string }) => id);

describe('the HTTP API of two workers says the same', () => {
  it('of how many are connected', async () => {
    await using crew = await Crew.start();
    await mixed(crew);
    await crew.pair((headers) => crew.stream(`/sse/connect?channels=news`, headers));
    const { body } = await same(crew, 'GET', '/ws/stats');
    assert.deepEqual(
      { ...body, websocket: { ...body.websocket, max: 0 }, sse: { ...body.sse, max: 0 } },
      {
        websocket: { total: 8, max: 0, users: 6 },
        sse: { total: 2, max: 0, users: 0 },
        // $all, 6 of users, even, odd and news; eight are in three channels and two in two.
        channels: { total: 10, subscriptions: 28 },
        total_connections: 10,
      },
    );
  });

  it('of who is connected, in the order of their coming, by pages and filters', async () => {
    await using crew = await Crew.start();
    const clients = await mixed(crew);
    const all = clients.map(({ id }) => id);
    const whole = await same(crew, 'GET', '/ws/connections');
    assert.deepEqual([ids(whole), whole.body.total, 'next' in whole.body], [all, 8, false]);
    for (const limit of [1, 3, 4, 7]) {
      const paged: string[] = [];
      let cursor = '';
      do {
        const page = await same(crew, 'GET', `/ws/connections?limit=${limit}${cursor}`);
        assert.equal(page.body.total, 8);
        paged.push(...ids(page));
        cursor = page.body.next === undefined ? '' : `&cursor=${page.body.next}`;
      } while (cursor !== '');
      assert.deepEqual(paged, all);
    }
    const every = (step: number, first = 0): string[] => all.filter((_, n) => n % step === first);
    assert.deepEqual(ids(await same(crew, 'GET', '/ws/connections?user=ann')), every(3));
    assert.deepEqual(ids(await same(crew, 'GET', '/ws/connections?channel=odd')), every(2, 1));
    const both = await same(crew, 'GET', '/ws/connections?user=ann&channel=even&limit=1');
    assert.deepEqual([ids(both), both.body.total], [[all[0]], 2]);
    assert.deepEqual(ids(await same(crew, 'GET', '/ws/connections?user=nobody')), []);
  });

  it('of channels: live ones without a history, subscribers on both workers, pages', async () => {
    await using crew = await Crew.start();
    const [one, two] = await crew.clients();
    const names = range(1, 9).map((n) => `live-${n}`);
    for (const [n, name] of names.entries()) await [one, two][n % 2]?.subscribe(name);
    await one.subscribe('shared');
    await two.subscribe('shared');
    await one.publish('shared', 1);
    await crew.call('POST', '/api/publish', { channel: 'kept', data: 1 });
    const { body } = await same(crew, 'GET', '/api/channels');
    assert.deepEqual(
      body.channels.map(({ name, subscribers, offset }: never) => ({ name, subscribers, offset })),
      [
        { name: 'kept', subscribers: 0, offset: 1 },
        ...names.map((name) => ({ name, subscribers: 1, offset: 0 })),
        { name: 'shared', subscribers: 2, offset: 1 },
      ],
    );
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = await same(crew, 'GET', `/api/channels?limit=2&prefix=live-${cursor}`);
      paged.push(...page.body.channels.map(({ name }: { name: string }) => name));
      cursor = page.body.next === undefined ? '' : `&cursor=${page.body.next}`;
    } while (cursor !== '');
    assert.deepEqual(paged, names);
    assert.equal((await same(crew, 'GET', '/api/channels/live-1')).body.subscribers, 1);
    assert.equal((await same(crew, 'GET', '/api/channels/shared')).body.subscribers, 2);
    refusedCall(await same(crew, 'GET', '/api/channels/unknown'), 404, 'not_found');
    one.close();
    two.close();
    await eventually(
      async () => (await crew.call('GET', '/api/channels?prefix=live-')).body.channels.length === 0,
      'live channels are forgotten',
    );
    refusedCall(await same(crew, 'GET', '/api/channels/live-1'), 404, 'not_found');
  });

  it('of activity', async () => {
    await using crew = await Crew.start();
    const clients = [
      await crew.on(1, (headers) => ChannelClient.open(crew, { user: 'ann', headers })),
      await crew.on(2, (headers) => ChannelClient.open(crew, { user: 'ann', headers })),
      await crew.on(2, (headers) => ChannelClient.open(crew, { user: 'bob', headers })),
    ];
    for (const client of clients) {
      await client.subscribe('news');
      await client.publishMany('news', 4);
    }
    const { body } = await same(crew, 'GET', '/api/stats/activity?minutes=2&channel=news');
    assert.equal(body.messages, 12);
    assert.ok(Math.max(...body.minutes.map(({ users }: { users: number }) => users)) <= 2);
  });

  it('of history and of presence', async () => {
    await using crew = await Crew.start();
    const clients = await crew.clients({ user: 'ann' });
    for (const client of clients) {
      await client.subscribe('news');
      await client.publishMany('news', 3);
    }
    assert.equal((await same(crew, 'GET', '/api/channels/news/messages')).body.messages.length, 6);
    const { body } = await same(crew, 'GET', '/api/channels/news/presence');
    assert.deepEqual([body.total, body.users[0].user_id, body.users[0].connections], [1, 'ann', 2]);
  });

  it('of the chat rooms that somebody is in', async () => {
    await using crew = await Crew.start();
    const [one, two] = await crew.pair((headers) => crew.socket('/', { headers }));
    await chat.settle(one, 'east');
    await chat.settle(two, 'west');
    await chat.settle(one, 'both');
    await chat.settle(two, 'both');
    for (const client of [one, two]) {
      const { rooms } = await client.ask({ action: 'rooms' }, { action: 'rooms' });
      const names = rooms.map((room: string | { room: string }) =>
        typeof room === 'string' ? room : room.room,
      );
      assert.deepEqual(names.sort(), ['both', 'east', 'west']);
    }
    one.close();
    await eventually(async () => {
      const { rooms } = await two.ask({ action: 'rooms' }, { action: 'rooms' });
      return rooms.length === 2;
    }, 'east is empty');
  });

  it('of its figures, which are sums', async () => {
    await using crew = await Crew.start();
    const clients = await mixed(crew);
    for (const client of clients) await client.publishMany('even', 5).catch(() => {});
    const [one, two] = (await crew.askAll('GET', '/metrics')).map(({ body }) => new Figures(body));
    assert.ok(one && two);
    const equal = [
      ['fanwire_workers', 2],
      ['fanwire_worker_restarts_total', 0],
      ['fanwire_connections', 8],
      ['fanwire_channels', 9],
      ['fanwire_subscriptions', 24],
      ['fanwire_build_info', 1],
      ['fanwire_management_open', 1],
    ] as const;
    for (const [name, value] of equal) {
      assert.deepEqual([one.value(name), two.value(name)], [value, value], name);
    }
    const opened = await crew.call('GET', '/ws/stats');
    assert.equal(
      opened.body.websocket.max,
      one.value('fanwire_connections_limit', { transport: 'websocket' }),
    );
    assert.deepEqual(one.series.filter(isOurs), two.series.filter(isOurs));
    assert.deepEqual(one.series.toSorted(), [...new Set(one.series)].toSorted(), 'no series comes twice');
  });

  it('of figures with the same names as a server without workers has them', async () => {
    await using crew = await Crew.start();
    await using alone = await testServer({ env: { WORKERS: '1' } });
    const names = (figures: Figures): string[] =>
      [...new Set(figures.samples.map(({ name }) => name))].sort();
    const [one] = (await crew.askAll('GET', '/metrics')).map(({ body }) => new Figures(body));
    assert.ok(one);
    await alone.call('GET', '/health');
    const expected = await scrape(alone);
    assert.deepEqual(names(one), names(expected));
    for (const name of names(one).filter((name) => name.startsWith('process_'))) {
      assert.equal(one.samples.filter((sample) => sample.name === name).length, 1, name);
    }
  });
});

/** A closed list of series; others, of Node.js, come with what happened until now. */
function isOurs(series: string): boolean {
  return series.startsWith('fanwire_') && !series.includes('http');
}

describe('what one worker is told is done on both', () => {
  it('DELETE /ws/connections/{id} closes with 4410', async () => {
    await using crew = await Crew.start();
    for (const asked of [1, 2]) {
      for (const client of await crew.clients()) {
        const { status } = await crew.askOn(asked, 'DELETE', `/ws/connections/${client.id}`);
        assert.equal(status, 200);
        await closes(client.socket, 4410);
        await eventually(async () => {
          const { status } = await crew.askOn(asked, 'DELETE', `/ws/connections/${client.id}`);
          return status === 404;
        }, 'the connection is forgotten');
      }
    }
  });

  it('POST /api/users/{id}/disconnect closes all of the user’s, and counts them', async () => {
    await using crew = await Crew.start();
    for (const asked of [1, 2]) {
      const clients = await crew.clients({ user: 'ann' });
      const other = await crew.clients({ user: 'bob' });
      const { status, body } = await crew.askOn(asked, 'POST', '/api/users/ann/disconnect');
      assert.deepEqual([status, body], [200, { ok: true, closed: 2 }]);
      for (const { socket } of clients) await closes(socket, 4410);
      for (const client of other) await client.settled();
      assert.equal((await crew.call('GET', '/ws/connections?user=ann')).body.total, 0);
    }
  });

  it('POST /sse/connections/{id}/channels changes a stream', async () => {
    await using crew = await Crew.start();
    const streams = await crew.pair((headers) => crew.stream('/sse/connect?channels=old', headers));
    for (const [at, stream] of streams.entries()) {
      const { data } = await stream.next('connected');
      const { connection_id: id } = data.content ?? data;
      const path = `/sse/connections/${id}/channels`;
      for (const asked of [1, 2]) {
        const channel = `new-${at}-${asked}`;
        const { status, body } = await crew.askOn(asked, 'POST', path, { subscribe: [channel] });
        assert.equal(status, 200, JSON.stringify(body));
        assert.ok(body.channels.includes(channel));
        await crew.call('POST', '/api/publish', { channel, data: channel });
        await stream.inbox.next(({ data }) => JSON.stringify(data).includes(channel));
      }
      const refused = await same(crew, 'POST', path, { subscribe: range(1, 200).map((n) => `c${n}`) });
      assert.equal(refused.status >= 400 && refused.status < 500, true, JSON.stringify(refused.body));
    }
    for (const asked of [1, 2]) {
      const answer = await crew.askOn(asked, 'POST', '/sse/connections/unknown/channels', {
        subscribe: ['a'],
      });
      refusedCall(answer, 404, 'not_found');
    }
  });

  it('a revoked token is refused on both once the call is answered, and open connections end with 4401', async () => {
    await using crew = await Crew.start();
    for (const asked of [1, 2]) {
      const user = `user-${asked}`;
      const clients = await crew.clients({ user });
      const token = await crew.token(user);
      const { status } = await crew.askOn(asked, 'POST', '/api/tokens/revoke', { user_id: user });
      assert.equal(status, 200);
      const headers = { authorization: `Bearer ${token}` };
      for (const answer of await crew.askAll('GET', '/ws/stats', undefined, headers)) {
        refusedCall(answer, 401, 'unauthorized');
      }
      for (const { socket } of clients) await closes(socket, 4401);
    }
  });

  it('a deleted message is deleted for all, and told to all', async () => {
    await using crew = await Crew.start();
    const clients = await crew.clients();
    for (const client of clients) await client.subscribe('news');
    for (const asked of [1, 2]) {
      await crew.askOn(asked, 'POST', '/api/publish', { channel: 'news', data: 'x', id: `m${asked}` });
      const other = 3 - asked;
      const { status, body } = await crew.askOn(other, 'DELETE', `/api/channels/news/messages/m${asked}`);
      assert.equal(status, 200, JSON.stringify(body));
    }
    for (const client of clients) {
      await client.reached('news', 4);
      const types = client.messages('news').map(({ type }) => type);
      assert.equal(types.filter((type) => type === 'deleted').length, 2);
    }
  });
});

describe('private rooms of a server with two workers', () => {
  const visit = async (crew: Crew, worker: number, user: string) => {
    const token = await crew.token(user);
    return crew.on(worker, (headers) => crew.socket(`/?token=${token}`, { headers }));
  };

  it('refuse, admit and kick on both, as soon as the owner is answered', async () => {
    await using crew = await Crew.start();
    for (const worker of [1, 2]) {
      const room = `vip-${worker}`;
      const owner = await visit(crew, worker, 'ann');
      const guests = [await visit(crew, 1, 'bob'), await visit(crew, 2, 'bob')];
      await owner.ask({ action: 'create', room, private: true, members: [] }, { action: 'created' });
      for (const guest of guests) {
        const { code } = await guest.ask({ action: 'join', room }, { action: 'error' });
        assert.equal(code, 'forbidden');
      }
      await owner.ask({ action: 'invite', room, user: 'bob' }, { action: 'invited' });
      for (const guest of guests) await chat.settle(guest, room);
      await owner.ask({ action: 'kick', room, user: 'bob' }, { action: 'kicked' });
      for (const guest of guests) {
        await guest.next({ action: 'kicked', room });
        const { code } = await guest.ask({ action: 'join', room }, { action: 'error' });
        assert.equal(code, 'forbidden');
      }
      for (const client of [owner, ...guests]) client.close();
    }
  });

  it('cannot be made of a channel that somebody is in on the other worker', async () => {
    await using crew = await Crew.start();
    const listener = await crew.on(2, (headers) => ChannelClient.open(crew, { headers }));
    await listener.subscribe('open');
    const owner = await visit(crew, 1, 'ann');
    const { code } = await owner.ask({ action: 'create', room: 'open', private: true }, { action: 'error' });
    assert.equal(code, 'bad_request');
  });
});
