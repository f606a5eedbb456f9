import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from '../../src/hub/registry.ts';
import { TestServer } from './kit.ts';
import { FakeRecipient } from './recipient.ts';

interface Listed {
  readonly id: string;
}

const idsOf = ({ connections }: { connections: Listed[] }) => connections.map(({ id }) => id);

describe('GET /ws/connections', () => {
  it('says of each what there is to know', async () => {
    await using server = await TestServer.start();
    const at = server.clock.now();
    const { connection } = await server.connect({
      user: 'u1',
      channels: ['news', '__proto__'],
      dialect: 'chat',
    });
    const stream = await server.connect({ transport: 'sse', dialect: 'events' });
    connection.outbox.push(Buffer.from('waiting'), 3);
    const { status, body } = await server.get('/ws/connections');
    assert.equal(status, 200);
    const common = { remote_address: '192.0.2.1', connected_at: at };
    assert.deepEqual(body, {
      connections: [
        {
          ...common,
          id: connection.id,
          user_id: 'u1',
          dialect: 'chat',
          transport: 'websocket',
          channels: ['news', '__proto__'],
          queued_messages: 3,
          queued_bytes: 7,
        },
        {
          ...common,
          id: stream.connection.id,
          user_id: null,
          dialect: 'events',
          transport: 'sse',
          channels: [],
          queued_messages: 0,
          queued_bytes: 0,
        },
      ],
      total: 2,
    });
  });

  it('is filtered by user, by channel, and by both', async () => {
    await using server = await TestServer.start();
    const ids: string[] = [];
    for (const [user, channel] of [
      ['u1', 'a'],
      ['u1', 'b'],
      ['u2', 'a'],
      ['__proto__', 'a'],
    ] as const) {
      ids.push((await server.connect({ user, channels: [channel] })).connection.id);
    }
    const cases: readonly (readonly [string, readonly number[]])[] = [
      ['user=u1', [0, 1]],
      ['user=u2', [2]],
      ['user=__proto__', [3]],
      ['user=nobody', []],
      ['user=toString', []],
      ['channel=a', [0, 2, 3]],
      ['channel=b', [1]],
      ['channel=c', []],
      ['user=u1&channel=a', [0]],
      ['user=u2&channel=b', []],
      ['user=nobody&channel=nowhere', []],
    ];
    for (const [query, expected] of cases) {
      const { body } = await server.get(`/ws/connections?${query}`);
      assert.deepEqual(
        idsOf(body),
        expected.map((at) => ids[at]),
        query,
      );
      assert.equal(body.total, expected.length);
      assert.equal('next' in body, false);
    }
  });

  for (const filter of ['', '&user=u1', '&channel=news', '&user=u1&channel=news']) {
    it(`pages${filter && ` with ${filter.slice(1)}`}, whoever comes and goes meanwhile`, async () => {
      await using server = await TestServer.start();
      const open = () => server.connect({ user: 'u1', channels: ['news'] });
      const clients = [await open(), await open(), await open(), await open(), await open()];
      const ids = clients.map(({ connection }) => connection.id);
      const first = await server.get(`/ws/connections?limit=2${filter}`);
      assert.deepEqual(idsOf(first.body), ids.slice(0, 2));
      assert.equal(first.body.total, 5);
      clients[1]?.connection.close('normal');
      clients[2]?.connection.close('normal');
      const second = await server.get(`/ws/connections?limit=2&cursor=${first.body.next}${filter}`);
      assert.deepEqual(idsOf(second.body), ids.slice(3));
      assert.deepEqual({ total: second.body.total, next: second.body.next }, { total: 3, next: undefined });
      const late = await open();
      const third = await server.get(`/ws/connections?limit=1000&cursor=${first.body.next}${filter}`);
      assert.deepEqual(idsOf(third.body), [...ids.slice(3), late.connection.id]);
    });
  }

  it('has a hundred on a page unless told', async () => {
    await using server = await TestServer.start();
    for (let i = 0; i < 101; i++) await server.connect();
    const { body } = await server.get('/ws/connections');
    assert.equal(body.connections.length, 100);
    assert.equal(body.total, 101);
    const rest = await server.get(`/ws/connections?cursor=${body.next}`);
    assert.equal(rest.body.connections.length, 1);
  });
});

describe('DELETE /ws/connections/{id}', () => {
  it('closes it as an administrator', async () => {
    await using server = await TestServer.start();
    const { connection, closedWith } = await server.connect({ user: 'u1', channels: ['news'] });
    const other = await server.connect();
    const { status, body } = await server.request('DELETE', `/ws/connections/${connection.id}`);
    assert.equal(status, 200);
    assert.deepEqual(body, { ok: true });
    assert.deepEqual(
      closedWith.map(({ code }) => code),
      [4410],
    );
    assert.deepEqual(other.closedWith, []);
    const again = await server.request('DELETE', `/ws/connections/${connection.id}`);
    assert.equal(again.status, 404);
    assert.equal(again.body.error.code, 'not_found');
  });

  it('is 404 for ids that look like something else', async () => {
    await using server = await TestServer.start();
    for (const id of ['__proto__', 'toString', 'a%2Fb', '%F0%9F%98%80', 'x'.repeat(5000)]) {
      const { status, body } = await server.request('DELETE', `/ws/connections/${id}`);
      assert.equal(status, 404, id);
      assert.equal(body.error.code, 'not_found');
    }
  });

  it('takes a Content-Type without a body', async () => {
    await using server = await TestServer.start();
    const { connection } = await server.connect();
    const headers = { 'content-type': 'application/json' };
    const { status } = await server.request('DELETE', `/ws/connections/${connection.id}`, { headers });
    assert.equal(status, 200);
  });
});

describe('GET /ws/stats', () => {
  it('counts connections, users, channels and subscriptions', async () => {
    await using server = await TestServer.start();
    const empty = { websocket: { total: 0, max: 600, users: 0 }, sse: { total: 0, max: 500, users: 0 } };
    const before = await server.get('/ws/stats');
    assert.deepEqual(before.body, {
      ...empty,
      channels: { total: 0, subscriptions: 0 },
      total_connections: 0,
    });
    const clients = [
      await server.connect({ user: 'u1', channels: ['news'] }),
      await server.connect({ user: 'u1' }),
      await server.connect({ user: 'u2' }),
      await server.connect(),
      await server.connect({ user: 'u1', transport: 'sse' }),
    ];
    const during = await server.get('/ws/stats');
    assert.deepEqual(during.body, {
      websocket: { total: 4, max: 600, users: 2 },
      sse: { total: 1, max: 500, users: 1 },
      channels: { total: 4, subscriptions: 10 },
      total_connections: 5,
    });
    for (const { connection } of clients) connection.close('normal');
    const after = await server.get('/ws/stats');
    assert.deepEqual(after.body, before.body);
  });
});

describe('the registry', () => {
  it('counts a user once for each transport', () => {
    const registry = new Registry();
    const make = (id: string, user: string | null, transport?: string) =>
      Object.assign(new FakeRecipient(id, user), transport === undefined ? {} : { transport });
    const a = make('a', '__proto__', 'sse');
    const b = make('b', '__proto__', 'sse');
    for (const recipient of [a, b, make('c', 'u1', 'websocket'), make('d', null, 'sse'), make('e', 'u2')]) {
      registry.add(recipient);
    }
    assert.equal(registry.users('sse'), 1);
    assert.equal(registry.users('websocket'), 1);
    assert.equal(registry.users('none'), 0);
    registry.remove(a);
    registry.remove(a);
    assert.equal(registry.users('sse'), 1);
    registry.remove(b);
    assert.equal(registry.users('sse'), 0);
  });
});
