import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Door, enter, heard, open, say } from '../doors.ts';
import { FakeClock } from '../fake-clock.ts';
import { refused } from '../refusals.ts';
import { testServer } from '../server.ts';
import type { Frame } from '../socket-client.ts';

const lobby = 'lobby';

/** A message from the HTTP API to `channel`, as this dialect shows it at 1700000000.123. */
type Shown = (channel: string, text: string, receipt: { id: string; offset: number }) => Frame;

/** PROTOCOLS.md, "Common rules": `$all` and `$user:<id>`, names that begin with `$`, and `echo`. */
export function reservedSuite(door: Door, shown: Shown): void {
  describe(`${door.name}: messages to everyone and to a user`, () => {
    const clock = () => new FakeClock(1_700_000_000_123);

    it('POST /ws/broadcast arrives as an ordinary message of the room $all', async () => {
      await using fw = await testServer({ clock: clock() });
      const clients = [await enter(fw, door, lobby), await enter(fw, door, 'elsewhere', { user: 'u2' })];
      const { body } = await fw.call('POST', '/ws/broadcast', { message: { content: 'to all' } });
      for (const client of clients) assert.deepEqual(await client.next(), shown('$all', 'to all', body));
    });

    it('POST /ws/send-to-user arrives on every connection of that user, as of the room $user:<id>', async () => {
      await using fw = await testServer({ clock: clock() });
      const mine = [
        await enter(fw, door, lobby, { user: 'ann' }),
        await enter(fw, door, 'elsewhere', { user: 'ann' }),
      ];
      const other = await enter(fw, door, 'a third one', { user: 'bob' });
      const { body } = await fw.call('POST', '/ws/send-to-user', {
        user_id: 'ann',
        message: { content: { text: 'to you' } },
      });
      for (const client of mine) assert.deepEqual(await client.next(), shown('$user:ann', 'to you', body));
      assert.deepEqual(await heard(door, other), []);
    });

    it('names that begin with $ are no rooms', async () => {
      await using fw = await testServer();
      for (const name of ['$all', '$user:ann', '$', '$other']) {
        if (door.roomInAddress) await refused(open(fw, door, name, { user: 'ann' }), 403, 'forbidden');
      }
      const client = await enter(fw, door, lobby, { user: 'ann' });
      client.send(door.message('$all', 'hi'));
      const { code } = door.error(await client.next());
      assert.equal(code, door.name === 'room' ? 'bad_request' : 'forbidden');
    });
  });

  describe(`${door.name}: the own message`, () => {
    it('comes back to the sender, once', async () => {
      await using fw = await testServer();
      const client = await enter(fw, door, lobby);
      await say(door, client, lobby, 'hi');
      assert.deepEqual(await heard(door, client), []);
    });

    it('does not with ?echo=false, while everything else does', async () => {
      await using fw = await testServer();
      const silent = await enter(fw, door, lobby, { user: 'ann', query: '&echo=false' });
      const tab = await enter(fw, door, lobby, { user: 'ann' });
      silent.send(door.message(lobby, 'mine'));
      await tab.next(door.delivery(lobby, 'mine'));
      await say(door, tab, lobby, 'of the other tab');
      const heardBySilent = await heard(door, silent);
      assert.equal(heardBySilent.length, 1);
      await say(door, tab, lobby, 'again');
      assert.equal((await heard(door, silent)).length, 1);
    });

    it('?echo=0 and ?echo=FALSE mean the same, ?echo=true and 1 the default, anything else is 400', async () => {
      await using fw = await testServer();
      for (const value of ['0', 'FALSE', 'true', '1']) {
        const client = await enter(fw, door, lobby, { user: 'ann', query: `&echo=${value}` });
        client.send(door.message(lobby, 'mine'));
        const echoes = await heard(door, client);
        assert.equal(echoes.length, ['true', '1'].includes(value) ? 1 : 0, value);
        client.close();
      }
      for (const value of ['', 'no', '2']) {
        await refused(open(fw, door, lobby, { user: 'ann', query: `&echo=${value}` }), 400, 'bad_request');
      }
    });
  });
}
