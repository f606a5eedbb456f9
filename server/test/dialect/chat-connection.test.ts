import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat, enter, open } from '../support/doors.ts';
import { testServer } from '../support/server.ts';
import { capacitySuite } from '../support/suites/capacity.ts';
import { closingSuite } from '../support/suites/closing.ts';
import { credentialsSuite } from '../support/suites/credentials.ts';
import { documentSuite } from '../support/suites/document.ts';
import { framesSuite, type Refusal } from '../support/suites/frames.ts';
import { originSuite } from '../support/suites/origin.ts';
import { reservedSuite } from '../support/suites/reserved.ts';

credentialsSuite(chat);
originSuite(chat);
capacitySuite(chat);
closingSuite(chat);
documentSuite(chat);

reservedSuite(chat, (channel, text, { id, offset }) => ({
  action: 'message',
  room: channel,
  user: null,
  text,
  id,
  ts: 1_700_000_000.123,
  offset,
}));

const message = { action: 'message', room: 'lobby', text: 'hi' };
const history = { action: 'history', room: 'lobby' };
const create = { action: 'create', room: 'vip' };

/** Every action that names a room, with a room that is none. */
const rooms = ['join', 'message', 'leave', 'history', 'members', 'create', 'invite', 'kick'].flatMap(
  (action): Refusal[] =>
    [undefined, null, 5, '', 'x'.repeat(256), 'a\nb', ['lobby'], { room: 'lobby' }].map((room) => [
      `${action} with the room ${JSON.stringify(room)?.slice(0, 20)}`,
      { action, user: 'u2', text: 'hi', room },
      'room',
    ]),
);

/** What an invitation or a kick says of the user. */
const users = ['invite', 'kick'].flatMap((action): Refusal[] =>
  [undefined, null, 5, '', 'x'.repeat(251), 'a\tb', {}].map((user) => [
    `${action} with the user ${JSON.stringify(user)?.slice(0, 20)}`,
    { action, room: 'vip', user },
    'user',
  ]),
);

framesSuite(chat, [
  ...rooms,
  ...users,
  ['a message without a text', { ...message, text: undefined }, 'text'],
  ['a message whose text is null', { ...message, text: null }, 'text'],
  ['a message whose text is a number', { ...message, text: 5 }, 'text'],
  ['a message whose text is an object', { ...message, text: {} }, 'text'],
  ['a message whose text is empty', { ...message, text: '' }, 'text'],
  ['a message whose id is a number', { ...message, id: 5 }, 'id'],
  ['a message whose id is empty', { ...message, id: '' }, 'id'],
  ['a message whose id is over 128 characters', { ...message, id: 'x'.repeat(129) }, 'id'],
  ['history whose limit is a string', { ...history, limit: '5' }, 'limit'],
  ['history whose limit is 0', { ...history, limit: 0 }, 'limit'],
  ['history whose limit is 1001', { ...history, limit: 1001 }, 'limit'],
  ['history whose before is a string', { ...history, before: '7' }, 'before'],
  ['history whose before is negative', { ...history, before: -1 }, 'before'],
  ['history whose before is not whole', { ...history, before: 0.5 }, 'before'],
  ['create whose private is a string', { ...create, private: 'true' }, 'private'],
  ['create whose private is a number', { ...create, private: 1 }, 'private'],
  ['create whose members are a string', { ...create, members: 'u2' }, 'members'],
  ['create whose members are an object', { ...create, members: { u2: true } }, 'members'],
  ['create with a member that is a number', { ...create, members: ['u2', 5] }, 'members[1]'],
  ['create with a member that is empty', { ...create, members: [''] }, 'members[0]'],
  ['create with too many members', { ...create, members: Array(1001).fill('u') }, 'members'],
]);

describe('chat: errors', () => {
  it('name the room where the frame named one', async () => {
    await using fw = await testServer();
    const client = await enter(fw, chat, 'lobby');
    client.send({ action: 'message', room: 'elsewhere', text: 'hi' });
    const { message: text, ...error } = await client.next();
    assert.deepEqual(error, { action: 'error', code: 'not_subscribed', room: 'elsewhere' });
    assert.ok(text);
    client.send({ action: 'join', room: 5 });
    assert.deepEqual(Object.keys(await client.next()), ['action', 'code', 'message']);
    client.send('{');
    assert.deepEqual(Object.keys(await client.next()), ['action', 'code', 'message']);
  });

  it('nothing can be done in a reserved room', async () => {
    await using fw = await testServer();
    const client = await open(fw, chat, '', { user: 'ann' });
    for (const action of ['join', 'leave', 'message', 'history', 'members', 'create', 'invite', 'kick']) {
      for (const room of ['$all', '$user:ann', '$user:bob']) {
        client.send({ action, room, text: 'hi', user: 'bob' });
        const { action: answer, code } = await client.next();
        assert.deepEqual([answer, code], ['error', 'forbidden'], `${action} ${room}`);
        client.send({ action: 'rooms' });
        await client.next({ action: 'rooms' });
      }
    }
  });
});
