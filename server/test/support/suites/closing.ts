import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { type Door, enter, heard, say } from '../doors.ts';
import { FakeClock } from '../fake-clock.ts';
import { closes } from '../refusals.ts';
import { testServer } from '../server.ts';
import type { SocketClient } from '../socket-client.ts';

const lobby = 'lobby';

/** PROTOCOLS.md, "Common rules": close codes that one client brings upon itself, whatever the dialect. */
export function closingSuite(door: Door): void {
  describe(`${door.name}: close codes`, () => {
    frames(door);
    badFrames(door);
    rate(door);

    it('an administrator closes the connection with 4410', async () => {
      await using fw = await testServer();
      const client = await enter(fw, door, lobby);
      const { body } = await fw.call('GET', '/ws/connections');
      await fw.call('DELETE', `/ws/connections/${body.connections[0].id}`);
      await closes(client, 4410);
    });
  });
}

/** Bytes past the library, which would not send them. */
function raw(client: SocketClient, ...bytes: number[]): void {
  const { _socket: socket } = client.ws as unknown as { readonly _socket: Socket };
  socket.write(Buffer.from(bytes));
}

/** Each with the bytes of one frame; a mask of zeros leaves the payload as it is. */
const broken: [string, number[]][] = [
  ['an unmasked frame', [0x81, 0x02, 0x7b, 0x7d]],
  ['a reserved bit', [0xc1, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]],
  ['an unknown opcode', [0x83, 0x80, 0, 0, 0, 0]],
  ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0]],
  ['a ping in fragments', [0x09, 0x80, 0, 0, 0, 0]],
  ['a new message within another one', [0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0]],
];

function frames(door: Door): void {
  it('a binary frame is 1003', async () => {
    await using fw = await testServer();
    const client = await enter(fw, door, lobby);
    client.ws.send(Buffer.from(JSON.stringify(door.message(lobby, 'hi'))), { binary: true });
    await closes(client, 1003);
  });

  it('bad UTF-8 is 1007', async () => {
    await using fw = await testServer();
    const client = await enter(fw, door, lobby);
    client.ws.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    await closes(client, 1007);
  });

  for (const [what, bytes] of broken) {
    it(`${what} is 1002`, async () => {
      await using fw = await testServer();
      const client = await enter(fw, door, lobby);
      raw(client, ...bytes);
      await closes(client, 1002);
    });
  }

  it('a message over WEBSOCKET_MAX_MESSAGE_SIZE is 1009, in one frame or in several', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MAX_MESSAGE_SIZE: '1000' } });
    const whole = await enter(fw, door, lobby);
    whole.send(' '.repeat(1001));
    await closes(whole, 1009);
    const parts = await enter(fw, door, lobby);
    parts.ws.send(' '.repeat(600), { fin: false });
    parts.ws.send(' '.repeat(600), { fin: true });
    await closes(parts, 1009);
  });

  it('a message of just WEBSOCKET_MAX_MESSAGE_SIZE is read, in one frame or in several', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MAX_MESSAGE_SIZE: '1000' } });
    const client = await enter(fw, door, lobby);
    const text = JSON.stringify(door.message(lobby, 'hi')).padEnd(1000);
    client.send(text);
    client.ws.send(text.slice(0, 10), { fin: false });
    client.ws.send(text.slice(10), { fin: true });
    for (let count = 0; count < 2; count++) await client.next(door.delivery(lobby, 'hi'));
  });

  it('the others in the room go on', async () => {
    await using fw = await testServer();
    const [bad, good] = [await enter(fw, door, lobby), await enter(fw, door, lobby, { user: 'u2' })];
    raw(bad, 0xc1, 0x80, 0, 0, 0, 0);
    await closes(bad, 1002);
    await say(door, good, lobby, 'still here');
  });
}

function badFrames(door: Door): void {
  const bad = (client: SocketClient, count: number): void => {
    for (let sent = 0; sent < count; sent++)
      client.send(['{', '[]', '{}', '{"type":"no","action":"no"}'][sent % 4]);
  };
  const errors = async (client: SocketClient, count: number): Promise<void> => {
    const codes = ['bad_json', 'bad_request', 'bad_request', 'unknown_action'];
    for (let got = 0; got < count; got++) assert.equal(door.error(await client.next()).code, codes[got % 4]);
  };

  it('20 bad frames in a row are 4400, each answered first', async () => {
    await using fw = await testServer();
    const client = await enter(fw, door, lobby);
    bad(client, 20);
    await errors(client, 20);
    await closes(client, 4400);
  });

  it('19 bad frames, a good one and 19 bad ones close nothing; one more does', async () => {
    await using fw = await testServer();
    const client = await enter(fw, door, lobby);
    bad(client, 19);
    await errors(client, 19);
    await say(door, client, lobby, 'hi');
    bad(client, 19);
    await errors(client, 19);
    assert.equal(client.ws.readyState, client.ws.OPEN);
    client.send('{');
    await closes(client, 4400);
  });

  it('frames that were understood and failed are not bad ones', async () => {
    await using fw = await testServer();
    const token = { channels: { subscribe: [lobby], presence: [lobby] } };
    const client = await enter(fw, door, lobby, { user: 'ann', token });
    for (let sent = 0; sent < 40; sent++) client.send(door.message(lobby, 'hi'));
    const answers = await heard(door, client);
    assert.deepEqual(
      answers.map((frame) => door.error(frame).code),
      Array.from({ length: 40 }, () => 'forbidden'),
    );
  });
}

function rate(door: Door): void {
  it('a frame over MESSAGE_RATE_LIMIT is refused as rate_limited, and the next second is a new one', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { MESSAGE_RATE_LIMIT: '5' } });
    const client = await enter(fw, door, lobby);
    clock.advance(1000);
    for (let sent = 1; sent <= 6; sent++) client.send(door.message(lobby, `text ${sent}`));
    await client.inbox.until(() => client.inbox.unread.length === 6);
    const errors = client.inbox.unread
      .filter((frame) => door.isError(frame))
      .map((frame) => door.error(frame));
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['rate_limited'],
    );
    clock.advance(1000);
    await say(door, client, lobby, 'again');
  });

  it('who keeps exceeding it is closed with 4429', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { MESSAGE_RATE_LIMIT: '1' } });
    const client = await enter(fw, door, lobby);
    for (let sent = 0; sent < 21; sent++) client.send(door.message(lobby, 'hi'));
    await closes(client, 4429);
  });
}
