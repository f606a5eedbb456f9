import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { range } from '../../src/engine/conformance/kit.ts';
import { Crew } from '../support/crew.ts';
import { relay } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { closes, refused } from '../support/refusals.ts';
import { Refused, type SocketClient } from '../support/socket-client.ts';

interface Closable {
  close(): void;
}

/** Opens many at the same time; those that were let in, and the codes of the refusals. */
async function storm<C extends Closable>(
  count: number,
  open: (n: number) => Promise<C>,
): Promise<{ opened: C[]; codes: string[] }> {
  const results = await Promise.allSettled(range(1, count).map(open));
  const opened = results.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  const codes = results
    .filter((one) => one.status === 'rejected')
    .map(({ reason }) => {
      assert.ok(reason instanceof Refused, String(reason));
      assert.equal(reason.status, 503);
      return reason.body.error.code;
    });
  return { opened, codes };
}

const socket = (crew: Crew) => (): Promise<SocketClient> => crew.socket('/ws/connect');
const stream = (crew: Crew) => () => crew.stream('/sse/connect');

async function total(crew: Crew): Promise<number> {
  return (await crew.call('GET', '/ws/stats')).body.total_connections;
}

describe('limits of a server with two workers are exact', () => {
  const kinds = [
    ['of WebSockets', { WEBSOCKET_MAX_CONNECTIONS: '7' }, socket],
    ['of streams', { SSE_MAX_CONNECTIONS: '7' }, stream],
    ['of all connections', { MAX_CONNECTIONS_TOTAL: '7' }, socket],
  ] as const;
  for (const [what, env, kind] of kinds) {
    it(`${what}, and places are free again after a close`, async () => {
      await using crew = await Crew.start(env);
      const open: (n: number) => Promise<Closable> = kind(crew);
      for (let round = 0; round < 3; round++) {
        const { opened, codes } = await storm(30, open);
        assert.equal(opened.length, 7);
        assert.deepEqual(codes, Array(23).fill('server_full'));
        assert.equal(await total(crew), 7);
        const [first, ...others] = opened;
        first?.close();
        await eventually(async () => (await total(crew)) === 6, 'one has gone');
        const again = await storm(10, open);
        assert.equal(again.opened.length, 1);
        for (const client of [...others, ...again.opened]) client.close();
        await eventually(async () => (await total(crew)) === 0, 'all have gone');
      }
    });
  }

  it('of all connections, whatever their transport', async () => {
    await using crew = await Crew.start({ MAX_CONNECTIONS_TOTAL: '8' });
    const { opened } = await storm<Closable>(40, (n) => (n % 2 ? socket(crew)() : stream(crew)()));
    assert.equal(opened.length, 8);
    for (const { body } of await crew.askAll('GET', '/ws/stats')) {
      assert.equal(body.websocket.total + body.sse.total, 8);
      assert.equal(body.total_connections, 8);
    }
  });

  it('of a relay room, with the code room_full before the upgrade and limit_reached behind it', async () => {
    await using crew = await Crew.start({ MAX_CONNECTIONS_PER_ROOM: '5' });
    const open = (): Promise<SocketClient> => crew.socket(relay.path('lobby'));
    const { opened, codes } = await storm(20, open);
    assert.equal(opened.length, 5);
    assert.deepEqual(codes, Array(15).fill('room_full'));

    const [one, two] = await crew.pair((headers) => crew.socket(relay.path('elsewhere'), { headers }));
    for (const client of [one, two]) {
      client.send({ type: 'join', payload: { room: 'lobby' } });
      const { payload } = await client.next({ type: 'error' });
      assert.equal(payload.code, 'limit_reached');
    }
    opened[0]?.close();
    await eventually(async () => {
      one.send({ type: 'join', payload: { room: 'lobby' } });
      const { type } = await one.inbox.next(({ type }) => type === 'joined' || type === 'error');
      return type === 'joined';
    }, 'a place is free');
    two.send({ type: 'join', payload: { room: 'lobby' } });
    assert.equal((await two.next({ type: 'error' })).payload.code, 'limit_reached');
    await one.ask({ type: 'leave', payload: { room: 'lobby' } }, { type: 'left' });
    await two.ask({ type: 'join', payload: { room: 'lobby' } }, { type: 'joined' });
  });

  it('no place is lost or won when clients come and go in a hurry', async () => {
    await using crew = await Crew.start({ MAX_CONNECTIONS_TOTAL: '20' });
    for (let round = 0; round < 5; round++) {
      const { opened } = await storm<Closable>(40, (n) => (n % 2 ? socket(crew)() : stream(crew)()));
      assert.equal(opened.length, 20);
      for (const client of opened) client.close();
      await eventually(async () => (await total(crew)) === 0, 'all have gone');
    }
  });
});

describe('a relay client that comes again on the other worker', () => {
  const path = '/ws?room=lobby&client_id=ann';

  /** Clients of one id that have each replaced the one before, the last two on different workers. */
  async function replaced(crew: Crew): Promise<[SocketClient, SocketClient]> {
    const visit = async (): Promise<{ client: SocketClient; worker: number }> => {
      const request = crew.tag();
      const client = await crew.socket(path, { headers: { 'x-request-id': request } });
      return { client, worker: await crew.workerOf(request) };
    };
    let earlier = await visit();
    for (;;) {
      const later = await visit();
      if (later.worker !== earlier.worker) return [earlier.client, later.client];
      await closes(earlier.client, 4409);
      earlier = later;
    }
  }

  it('closes the first with 4409', async () => {
    await using crew = await Crew.start();
    const [first, second] = await replaced(crew);
    await closes(first, 4409);
    await relay.settle(second, 'lobby');
    const { body } = await crew.call('GET', '/ws/connections?channel=lobby');
    assert.equal(body.total, 1);
  });

  it('enters a room that is full, and takes the place of the first', async () => {
    await using crew = await Crew.start({ MAX_CONNECTIONS_PER_ROOM: '2' });
    await crew.socket('/ws?room=lobby&client_id=bob');
    const [first, second] = await replaced(crew);
    await closes(first, 4409);
    await relay.settle(second, 'lobby');
    const { opened } = await storm(6, () => crew.socket(relay.path('lobby')));
    assert.equal(opened.length, 0);
    second.close();
    await eventually(async () => {
      const { opened } = await storm(2, () => crew.socket(relay.path('lobby')));
      for (const client of opened) client.close();
      return opened.length === 1;
    }, 'one place is free');
  });

  it('is one client in the end, however often it came at once', async () => {
    await using crew = await Crew.start();
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(range(1, 12).map(() => crew.socket(path)));
      await eventually(async () => {
        const { body } = await crew.call('GET', '/ws/connections?channel=lobby');
        return body.total === 1;
      }, 'one is left');
      const open = clients.filter(({ ws }) => ws.readyState === ws.OPEN);
      assert.ok(open.length >= 1);
      const codes = await Promise.all(
        clients.filter((client) => !open.includes(client)).map(async ({ closed }) => (await closed).code),
      );
      assert.deepEqual(new Set(codes), new Set([4409]));
    }
  });
});

describe('a ticket for an event stream', () => {
  it('of one worker opens one stream on any, once, with the rights of its owner', async () => {
    await using crew = await Crew.start({ SSE_AUTH_REQUIRED: 'true' });
    const token = await crew.token('ann', { channels: ['news', 'room-*'] });
    const issue = async (worker: number): Promise<string> => {
      const headers = { authorization: `Bearer ${token}` };
      const { status, body } = await crew.askOn(worker, 'POST', '/sse/ticket', undefined, headers);
      assert.equal(status, 200, JSON.stringify(body));
      return body.ticket;
    };
    const redeemers = new Set<number>();
    for (let issued = 0; redeemers.size < 2 || issued < 6; issued++) {
      const ticket = await issue(1 + (issued % 2));
      const results = await Promise.allSettled(
        range(1, 5).map(async () => {
          const request = crew.tag();
          const path = `/sse/connect?ticket=${ticket}&channels=news,room-1`;
          const client = await crew.stream(path, { 'x-request-id': request });
          redeemers.add(await crew.workerOf(request));
          return client;
        }),
      );
      const codes = results.map((one) => (one.status === 'rejected' ? one.reason.body.error.code : 'open'));
      assert.deepEqual(codes.sort(), ['open', ...Array(4).fill('unauthorized')]);
    }
    const { body } = await crew.call('GET', '/ws/connections');
    assert.ok(body.connections.every((one: { user_id: string }) => one.user_id === 'ann'));
    const refusal = crew.stream(`/sse/connect?ticket=${await issue(1)}&channels=secret`);
    await refused(refusal, 403, 'forbidden');
  });
});
