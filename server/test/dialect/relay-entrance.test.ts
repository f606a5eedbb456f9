import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { oddNames } from '../support/canonical.ts';
import { relay, say } from '../support/doors.ts';
import { eventually } from '../support/eventually.ts';
import { closes, refused } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';

const address = (room: string, client: string): string =>
  `/ws?room=${encodeURIComponent(room)}&client_id=${encodeURIComponent(client)}`;

async function enter(fw: TestServer, room: string, client: string): Promise<SocketClient> {
  const socket = await fw.socket(address(room, client));
  await relay.settle(socket, room);
  return socket;
}

const subscribers = async (fw: TestServer, room: string): Promise<number> => {
  const { body } = await fw.call('GET', `/ws/connections?channel=${encodeURIComponent(room)}`);
  return body.total;
};

describe('relay: the address', () => {
  const bad: [string, string][] = [
    ['without parameters', '/ws'],
    ['without a room', '/ws?client_id=c1'],
    ['without a client id', '/ws?room=lobby'],
    ['with an empty room', '/ws?room=&client_id=c1'],
    ['with an empty client id', '/ws?room=lobby&client_id='],
    ['with a room over 255 bytes', address('ü'.repeat(128), 'c1')],
    ['with a room that has a control character', address('a\u0007b', 'c1')],
    ['with a client id over 128 characters', address('lobby', '💬'.repeat(129))],
    ['with a client id that has a control character', address('lobby', 'a\nb')],
  ];
  for (const [what, path] of bad) {
    it(`${what} is 400`, async () => {
      await using fw = await testServer();
      await refused(fw.socket(path), 400, 'bad_request');
    });
  }

  it('takes names up to their limits', async () => {
    await using fw = await testServer();
    await enter(fw, 'x'.repeat(255), '💬'.repeat(128));
  });

  it('takes any name for a room and a client', async () => {
    await using fw = await testServer();
    for (const name of oddNames) {
      const client = await enter(fw, name, name);
      const { from, room } = await say(relay, client, name, 'hi');
      assert.deepEqual([from, room], [name, name]);
      client.close();
    }
  });

  it('is /ws alone', async () => {
    await using fw = await testServer();
    await refused(fw.socket('/WS?room=lobby&client_id=c1'), 404, 'not_found');
  });
});

describe('relay: the same client id again', () => {
  it('in the same room replaces the earlier connection: 4409', async () => {
    await using fw = await testServer();
    const first = await enter(fw, 'lobby', 'c1');
    const second = await enter(fw, 'lobby', 'c1');
    await closes(first, 4409);
    await say(relay, second, 'lobby', 'it is me');
  });

  it('the replaced connection leaves no trace', async () => {
    await using fw = await testServer();
    let last = await enter(fw, 'lobby', 'c1');
    await last.ask({ type: 'join', payload: { room: 'r2' } }, { type: 'joined' });
    for (let tab = 0; tab < 3; tab++) {
      const replaced = last;
      last = await enter(fw, 'lobby', 'c1');
      await closes(replaced, 4409);
    }
    assert.equal(await subscribers(fw, 'lobby'), 1);
    assert.equal(await subscribers(fw, 'r2'), 0);
    assert.equal((await fw.call('GET', '/ws/stats')).body.websocket.total, 1);
    last.close();
    await eventually(async () => (await subscribers(fw, 'lobby')) === 0, 'the room is empty');
  });

  it('in another room, or another client in the same room, replaces nothing', async () => {
    await using fw = await testServer();
    const clients = [
      await enter(fw, 'lobby', 'c1'),
      await enter(fw, 'r2', 'c1'),
      await enter(fw, 'lobby', 'c2'),
      await enter(fw, 'lobby', 'C1'),
    ];
    for (const client of clients) assert.equal(client.ws.readyState, client.ws.OPEN);
  });

  it('in a room that the other one only joined replaces nothing', async () => {
    await using fw = await testServer();
    const guest = await enter(fw, 'lobby', 'c1');
    await guest.ask({ type: 'join', payload: { room: 'r2' } }, { type: 'joined' });
    await enter(fw, 'r2', 'c1');
    await say(relay, guest, 'r2', 'still here');
  });

  it('replaces after the first one has gone as well', async () => {
    await using fw = await testServer();
    const first = await enter(fw, 'lobby', 'c1');
    first.close();
    await eventually(async () => (await subscribers(fw, 'lobby')) === 0, 'the room is empty');
    const second = await enter(fw, 'lobby', 'c1');
    await enter(fw, 'lobby', 'c1');
    await closes(second, 4409);
  });
});

describe('relay: MAX_CONNECTIONS_PER_ROOM', () => {
  const env = { MAX_CONNECTIONS_PER_ROOM: '2' };
  const isFull = async (fw: TestServer, room: string, client: string): Promise<void> => {
    const { headers } = await refused(fw.socket(address(room, client)), 503, 'room_full');
    assert.match(String(headers['retry-after']), /^[1-9]\d*$/);
  };

  it('one over it is 503 room_full at connect, with Retry-After; other rooms have places', async () => {
    await using fw = await testServer({ env });
    await enter(fw, 'lobby', 'c1');
    await enter(fw, 'lobby', 'c2');
    await isFull(fw, 'lobby', 'c3');
    await enter(fw, 'r2', 'c3');
  });

  it('one over it is limit_reached at join', async () => {
    await using fw = await testServer({ env });
    const [one] = [await enter(fw, 'lobby', 'c1'), await enter(fw, 'lobby', 'c2')];
    const other = await enter(fw, 'r2', 'c3');
    const error = await other.ask({ type: 'join', payload: { room: 'lobby' } }, { type: 'error' });
    assert.equal(error.payload.code, 'limit_reached');
    await one.ask({ type: 'leave', payload: { room: 'lobby' } }, { type: 'left' });
    await other.ask({ type: 'join', payload: { room: 'lobby' } }, { type: 'joined' });
  });

  it('those who joined count at connect', async () => {
    await using fw = await testServer({ env });
    for (const client of ['c1', 'c2']) {
      const socket = await enter(fw, client, client);
      for (let again = 0; again < 2; again++) {
        await socket.ask({ type: 'join', payload: { room: 'lobby' } }, { type: 'joined' });
      }
    }
    await isFull(fw, 'lobby', 'c3');
  });

  it('a connection that closes gives its places in all rooms back', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ROOM: '1' } });
    const first = await enter(fw, 'lobby', 'c1');
    await first.ask({ type: 'join', payload: { room: 'r2' } }, { type: 'joined' });
    first.close();
    await eventually(async () => (await subscribers(fw, 'r2')) === 0, 'the rooms are empty');
    await enter(fw, 'lobby', 'c2');
    await enter(fw, 'r2', 'c2');
  });

  it('a client that replaces itself in a full room takes its own place', async () => {
    await using fw = await testServer({ env });
    const first = await enter(fw, 'lobby', 'c1');
    await enter(fw, 'lobby', 'c2');
    const again = await enter(fw, 'lobby', 'c1');
    await closes(first, 4409);
    await isFull(fw, 'lobby', 'c3');
    again.close();
    await eventually(async () => (await subscribers(fw, 'lobby')) === 1, 'one is left');
    await enter(fw, 'lobby', 'c3');
  });

  it('a client that left the room has no place there to take', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ROOM: '1' } });
    const first = await enter(fw, 'lobby', 'c1');
    await first.ask({ type: 'leave', payload: { room: 'lobby' } }, { type: 'left' });
    await enter(fw, 'lobby', 'c2');
    await isFull(fw, 'lobby', 'c1');
    assert.equal(first.ws.readyState, first.ws.OPEN);
  });

  it('a join that was refused takes no place', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ROOM: '1' } });
    const token = await fw.token('ann', { channels: ['home'] });
    const client = await fw.socket(`${address('home', 'c1')}&token=${token}`);
    const error = await client.ask({ type: 'join', payload: { room: 'lobby' } }, { type: 'error' });
    assert.equal(error.payload.code, 'forbidden');
    await enter(fw, 'lobby', 'c2');
  });
});
