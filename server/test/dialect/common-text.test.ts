import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { type Listener, listenEverywhere } from '../support/listeners.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame } from '../support/socket-client.ts';

/** PROTOCOLS.md, "Text between dialects". `data` is JSON as a publisher writes it. */
const cases: { title: string; data: string; text: string; object: unknown }[] = [
  { title: 'a string', data: '"hello"', text: 'hello', object: { text: 'hello' } },
  { title: 'an empty string', data: '""', text: '', object: { text: '' } },
  {
    title: 'a string with escapes',
    data: '"\\u00e4 \\"\\\\\\n\\ud83d\\ude00 \\u0041"',
    text: 'ä "\\\n😀 A',
    object: { text: 'ä "\\\n😀 A' },
  },
  {
    title: 'an object with text',
    data: '{"text":"hello","more":[1]}',
    text: 'hello',
    object: { text: 'hello', more: [1] },
  },
  {
    title: 'an object with an empty text',
    data: '{"text":""}',
    text: '',
    object: { text: '' },
  },
  {
    title: 'an object with a text that is no string',
    data: '{"text":5}',
    text: '{"text":5}',
    object: { text: 5 },
  },
  { title: 'an object without text', data: '{"a": 1}', text: '{"a": 1}', object: { a: 1 } },
  { title: 'an empty object', data: '{}', text: '{}', object: {} },
  { title: 'an array', data: '[1,"two"]', text: '[1,"two"]', object: { text: '[1,"two"]' } },
  {
    title: 'a number beyond a double',
    data: '12345678901234567890',
    text: '12345678901234567890',
    object: { text: '12345678901234567890' },
  },
  { title: 'a boolean', data: 'false', text: 'false', object: { text: 'false' } },
  { title: 'null', data: 'null', text: 'null', object: { text: 'null' } },
  {
    title: 'an object with names like those of Object',
    data: '{"__proto__":{"text":"no"},"toString":1}',
    text: '{"__proto__":{"text":"no"},"toString":1}',
    object: JSON.parse('{"__proto__":{"text":"no"},"toString":1}'),
  },
];

/** What a listener shows of the data. */
function shown(listener: Listener, message: Frame): unknown {
  switch (listener.dialect) {
    case 'relay':
      return message.payload;
    case 'room':
    case 'chat':
      return message.text;
    default:
      return message.content;
  }
}

function expected(listener: Listener, { data, text, object }: (typeof cases)[number]): unknown {
  switch (listener.dialect) {
    case 'relay':
      return object;
    case 'room':
    case 'chat':
      return text;
    default:
      return JSON.parse(data);
  }
}

async function allSee(listeners: readonly Listener[], see: (listener: Listener) => unknown): Promise<void> {
  for (const listener of listeners) {
    const [message] = await listener.received(1);
    assert.deepEqual(shown(listener, message), see(listener), listener.dialect);
  }
}

describe('data that the channel dialect publishes, in each of the five dialects', () => {
  for (const row of cases) {
    it(row.title, async () => {
      await using fw = await testServer();
      const listeners = await listenEverywhere(fw, 'lobby');
      const publisher = await ChannelClient.open(fw);
      publisher.socket.send(`{"action":"send_to_channel","data":{"channel":"lobby","content":${row.data}}}`);
      await allSee(listeners, (listener) => expected(listener, row));
    });
  }
});

describe('data that came over HTTP', () => {
  for (const row of cases) {
    it(row.title, async () => {
      await using fw = await testServer();
      const listeners = await listenEverywhere(fw, 'lobby');
      await fw.call('POST', '/ws/send-to-channel', `{"channel":"lobby","message":{"content":${row.data}}}`);
      await allSee(listeners, (listener) => expected(listener, row));
    });
  }
});

describe('what the other dialects send', () => {
  const texts = ['hello', ' ', 'ä "\\\n😀', '{"text":"not an object"}'];
  const senders = {
    room: async (fw: TestServer, text: string) =>
      (await enter(fw, room, 'lobby', { user: 'u9' })).send(room.message('lobby', text)),
    chat: async (fw: TestServer, text: string) =>
      (await enter(fw, chat, 'lobby')).send(chat.message('lobby', text)),
  };
  for (const [dialect, send] of Object.entries(senders)) {
    for (const text of texts) {
      it(`${dialect}: the text ${JSON.stringify(text)}`, async () => {
        await using fw = await testServer();
        const listeners = await listenEverywhere(fw, 'lobby');
        await send(fw, text);
        await allSee(listeners, ({ dialect }) => (dialect === 'relay' ? { text } : text));
      });
    }
  }

  it('relay: an object stays an object, and its text is text', async () => {
    await using fw = await testServer();
    const listeners = await listenEverywhere(fw, 'lobby');
    (await enter(fw, relay, 'lobby')).send({
      type: 'message',
      payload: { text: 'hello', color: 'red' },
    });
    await allSee(listeners, ({ dialect }) =>
      dialect === 'room' || dialect === 'chat' ? 'hello' : { text: 'hello', color: 'red' },
    );
  });

  it('relay: an object without text is shown as its JSON where text is wanted', async () => {
    await using fw = await testServer();
    const listeners = await listenEverywhere(fw, 'lobby');
    (await enter(fw, relay, 'lobby')).send('{"type":"message","payload":{"x":12345678901234567890}}');
    await allSee(listeners, ({ dialect }) =>
      dialect === 'room' || dialect === 'chat'
        ? '{"x":12345678901234567890}'
        : { x: JSON.parse('12345678901234567890') },
    );
  });
});
