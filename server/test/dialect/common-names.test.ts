import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, open, relay, room } from '../support/doors.ts';
import { listenEverywhere } from '../support/listeners.ts';
import { refused, refusedCall } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';

const publish = (fw: TestServer, channel: string, content: unknown) =>
  fw.call('POST', '/ws/send-to-channel', { channel, message: { content } });

describe('a name that is ordinary in all dialects', () => {
  const names: [title: string, name: string][] = [
    ['of one byte', 'x'],
    ['of 255 bytes', 'x'.repeat(255)],
    ['of 255 bytes in fewer characters', `${'€'.repeat(84)}abc`],
    ['with characters beyond the first plane', '😀 room'],
    ['with a dollar inside', 'a$all'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['toString', 'toString'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['with characters that addresses escape', 'a/b?c=d&e#f%20g+h'],
    ['with quotes and backslashes', `a"b'c\\d`],
    ['with spaces around', ' room '],
    ['with line separators of Unicode', 'a\u2028b'],
    ['connect2', 'connect2'],
    ['null', 'null'],
  ];
  for (const [title, name] of names) {
    it(title, async () => {
      await using fw = await testServer();
      const listeners = await listenEverywhere(fw, name);
      const { status, body } = await publish(fw, name, 'hi');
      assert.deepEqual([status, body.channel], [200, name]);
      for (const listener of listeners) {
        const [message] = await listener.received(1);
        assert.equal(message.room ?? message.channel, name, listener.dialect);
        assert.equal(message.id, body.id);
      }
      const client = await ChannelClient.open(fw, { user: 'u1' });
      await client.subscribe(name, { history: 1 });
      const { content: presence } = await client.ask('presence', { channel: name });
      const present = presence.users.map(({ user_id }: { user_id: string }) => user_id);
      assert.ok(present.includes('u1') && present.includes('room-listener'));
      const { content: history } = await client.ask('history', { channel: name });
      assert.deepEqual(history.messages, client.messages(name));
      await client.ask('unsubscribe', { channel: name });
    });
  }
});

describe('a name that is none', () => {
  const names: [title: string, name: string][] = [
    ['empty', ''],
    ['of 256 bytes', 'x'.repeat(256)],
    ['of 256 bytes in fewer characters', `${'€'.repeat(85)}a`],
    ['with a null character', 'a\u0000b'],
    ['with a line end', 'a\nb'],
    ['with DEL', 'a\u007f'],
    ['with a C1 control character', 'a\u0085b'],
  ];
  for (const [title, name] of names) {
    it(`${title} is a bad request in all dialects`, async () => {
      await using fw = await testServer();
      const client = await ChannelClient.open(fw);
      for (const action of ['subscribe', 'send_to_channel', 'history', 'presence']) {
        assert.equal(await client.refusal(action, { channel: name, content: 1 }), 'bad_request');
      }
      await refused(open(fw, relay, name), 400, 'bad_request');
      if (name !== '') await refused(open(fw, room, name), 400, 'bad_request');
      const chatting = await open(fw, chat, name);
      const { code } = chat.error(await chatting.ask({ action: 'join', room: name }, { action: 'error' }));
      assert.equal(code, 'bad_request');
      // An empty list of channels names none.
      if (name !== '') {
        const path = `/sse/connect?channels=${encodeURIComponent(name)}`;
        await refused(fw.stream(path), 400, 'bad_request');
      }
      refusedCall(await publish(fw, name, 1), 422, 'bad_request');
    });
  }

  it('a lone surrogate is a bad request where JSON can carry one', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    client.socket.send('{"action":"subscribe","data":{"channel":"\\ud800"}}');
    assert.equal((await client.socket.next()).content.type, 'bad_request');
    refusedCall(
      await fw.call('POST', '/ws/send-to-channel', '{"channel":"\\ud800","message":{"content":1}}'),
      422,
      'bad_request',
    );
  });
});

describe('a name with $ in front', () => {
  for (const name of ['$', '$all', '$user:u1', '$control', '$news']) {
    it(`${name} is forbidden in all dialects`, async () => {
      await using fw = await testServer();
      const client = await ChannelClient.open(fw, { user: 'u1' });
      for (const action of ['send_to_channel', 'history', 'presence']) {
        assert.equal(await client.refusal(action, { channel: name, content: 1 }), 'forbidden');
      }
      await refused(open(fw, relay, name), 403, 'forbidden');
      await refused(open(fw, room, name), 403, 'forbidden');
      const chatting = await open(fw, chat, name);
      const relayed = await enter(fw, relay, 'elsewhere');
      assert.equal(
        chat.error(await chatting.ask({ action: 'join', room: name }, { action: 'error' })).code,
        'forbidden',
      );
      assert.equal(
        relay.error(await relayed.ask({ type: 'join', payload: { room: name } }, { type: 'error' })).code,
        'forbidden',
      );
      await refused(fw.stream(`/sse/connect?channels=${encodeURIComponent(name)}`), 403, 'forbidden');
      refusedCall(await publish(fw, name, 1), 403, 'forbidden');
    });
  }
});

describe('names', () => {
  it('are one space: the relay’s room, the chat’s room and the channel of one name are the same', async () => {
    await using fw = await testServer();
    const listeners = await listenEverywhere(fw, 'lobby');
    const senders = [
      async () => (await enter(fw, relay, 'lobby')).send(relay.message('lobby', '1')),
      async () => (await enter(fw, room, 'lobby', { user: 'u9' })).send(room.message('lobby', '2')),
      async () => (await ChannelClient.open(fw)).publish('lobby', '3'),
      async () => (await enter(fw, chat, 'lobby')).send(chat.message('lobby', '4')),
      () => publish(fw, 'lobby', '5'),
    ];
    let sent = 0;
    for (const send of senders) {
      await send();
      sent++;
      for (const listener of listeners) await listener.received(sent);
    }
  });

  it('are compared byte for byte: neither case nor Unicode forms are folded', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await client.subscribe('caf\u00e9');
    for (const name of ['Caf\u00e9', 'cafe\u0301']) await client.publish(name, 1);
    assert.deepEqual(
      client.frames.map(({ type }) => type),
      ['connected', 'subscribed', 'ack', 'ack'],
    );
  });
});
