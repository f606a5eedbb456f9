import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { command } from '../cli-remote/command.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { embedded } from '../support/embedded.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame, SocketClient } from '../support/socket-client.ts';

/** Half an emoji as JSON spells it. */
const half = String.raw`"x\ud83d"`;
const isHalf = /half of a character|valid Unicode, without lone surrogates/;

/** Sends a text as a frame and resolves to the next error. */
async function refused(
  client: SocketClient,
  text: string,
  isError: (frame: Frame) => boolean,
): Promise<Frame> {
  client.send(text);
  return client.inbox.next(isError);
}

describe('half an emoji', () => {
  it('is refused over the channel dialect, in the content, at any depth and in names', async () => {
    await using fw = await testServer();
    const { socket } = await ChannelClient.open(fw);
    for (const [data, place] of [
      [`"content":${half}`, 'data.content'],
      [`"content":{"a":[${half}]}`, 'data.content.a[0]'],
      [`"content":{${half}:1}`, 'data.content'],
      [`"content":1,"id":${half}`, 'data.id'],
      [`"content":1,"type":${half}`, 'data.type'],
    ] as const) {
      for (const to of ['"channel":"news",', '']) {
        const text = `{"action":"message","data":{${to}${data}},"request_id":"r"}`;
        const { content, request_id } = await refused(socket, text, ({ type }) => type === 'error');
        assert.deepEqual([content.type, request_id], ['bad_request', 'r']);
        assert.ok(content.error.startsWith(`${place}: `) && isHalf.test(content.error), content.error);
      }
    }
    for (const data of [`"channel":${half},"content":1`, `"user_id":${half},"content":1`]) {
      const action = data.startsWith('"channel') ? 'send_to_channel' : 'send_to_user';
      const answer = await refused(
        socket,
        `{"action":"${action}","data":{${data}}}`,
        ({ type }) => type === 'error',
      );
      assert.match(answer.content.error, isHalf);
    }
  });

  it('is refused in a request_id and a ref, which are left out of the answer', async () => {
    await using fw = await testServer();
    const { socket } = await ChannelClient.open(fw);
    const answer = await refused(
      socket,
      `{"action":"ping","request_id":${half}}`,
      ({ type }) => type === 'error',
    );
    assert.equal('request_id' in answer, false);
    assert.match(answer.content.error, /^request_id: half/);
    const member = await enter(fw, room, 'lobby');
    const error = await refused(member, `{"type":"chat.message","text":"hi","ref":${half}}`, room.isError);
    assert.equal('ref' in error, false);
    assert.match(error.message, /^ref: half/);
  });

  it('is refused over relay, room and chat', async () => {
    await using fw = await testServer();
    for (const [door, texts] of [
      [
        relay,
        [`{"type":"message","payload":{"a":{"b":${half}}}}`, `{"type":"message","payload":{${half}:1}}`],
      ],
      [relay, [`{"type":"join","payload":{"room":${half}}}`]],
      [room, [`{"type":"chat.message","text":${half}}`]],
      [chat, [`{"action":"message","room":"lobby","text":${half}}`]],
      [chat, [`{"action":"message","room":"lobby","text":"hi","id":${half}}`]],
      [chat, [`{"action":"join","room":${half}}`, `{"action":"create","room":${half}}`]],
    ] as const) {
      const client = await enter(fw, door, 'lobby');
      for (const text of texts) {
        const { code, message } = door.error(await refused(client, text, door.isError));
        assert.equal(code, 'bad_request');
        assert.match(message, isHalf, `${door.name} ${message}`);
      }
    }
  });

  it('is refused over HTTP by every route that publishes, naming the place', async () => {
    await using fw = await testServer();
    for (const [path, body, place] of [
      ['/api/publish', `{"channel":"news","data":{"a":${half}}}`, 'data.a'],
      ['/api/publish', `{"channels":["news"],"data":${half}}`, 'data'],
      ['/api/publish', `{"user_id":${half},"data":1}`, 'user_id'],
      ['/ws/broadcast', `{"message":{"content":[${half}]}}`, 'message.content[0]'],
      ['/ws/send-to-channel', `{"channel":"news","message":{"content":${half}}}`, 'message.content'],
      ['/ws/send-to-user', `{"user_id":"u1","message":{"content":{${half}:0}}}`, 'message.content'],
      ['/sse/send-to-channel', `{"channel":"news","event":"e","data":${half}}`, 'data'],
      ['/sse/send-to-channel', `{"channel":"news","event":${half},"data":1}`, 'event'],
      ['/sse/notification', `{"title":${half},"content":"c"}`, 'title'],
      ['/sse/notification', `{"title":"t","content":${half},"channel":"news"}`, 'content'],
    ] as const) {
      const { status, body: answer } = await fw.call('POST', path, body);
      assert.deepEqual([status, answer.error.code], [422, 'bad_request'], path);
      assert.ok(answer.error.message.startsWith(`${place}: `), answer.error.message);
      assert.match(answer.error.message, isHalf);
    }
    const batch = `{"messages":[{"channel":"news","data":1},{"channel":"news","data":{"a":${half}}}]}`;
    const { body } = await fw.call('POST', '/api/batch', batch);
    assert.equal(body.results[0].ok, true);
    assert.match(body.results[1].error.message, /^data\.a: half/);
    const page = await fw.call('GET', '/api/channels/news/messages');
    assert.deepEqual(
      page.body.messages.map(({ content }: Frame) => content),
      [1],
    );
  });

  it('is refused from programs, middleware and the command line', async () => {
    await using fw = await embedded();
    await assert.rejects(fw.fanwire.publish('news', { a: ['x\ud83d'] }), /^FanwireError: data\.a\[0\]: half/);
    await assert.rejects(fw.fanwire.broadcast({ content: { 'x\ud83d': 1 } }), /^FanwireError: data: half/);
    await assert.rejects(fw.fanwire.publish('x\ud83d', 1), isHalf);
    const outcome = await command(['publish', 'news', half], { env: { FANWIRE_URL: fw.url } });
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /data: half of a character/);
    fw.fanwire.use((context, next) => {
      if (context.kind === 'message') context.data = String(context.data).slice(0, 1);
      return next();
    });
    const { status } = await fw.call('POST', '/api/publish', { channel: 'news', data: '😀' });
    assert.equal(status, 422);
  });

  it('in bytes is no text at all', async () => {
    await using fw = await testServer();
    const response = await fetch(`${fw.url}/api/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{"channel":"news","data":"\xed\xa0\xbd"}', 'latin1'),
    });
    assert.equal(response.status, 400);
  });

  it('comes back in no error, whatever quotes it', async () => {
    await using fw = await testServer();
    const strict = new Map<string, SocketClient>([
      [`{"action":${half}}`, (await ChannelClient.open(fw)).socket],
      [`{"action":"unsubscribe","data":{"channel":${half}}}`, (await ChannelClient.open(fw)).socket],
      [`{"action":"subscribe","data":{"channel":"$\\ud83d"}}`, (await ChannelClient.open(fw)).socket],
      [`{"action":"nope","room":${half}}`, await enter(fw, chat, 'lobby')],
      [`{"type":${half}}`, await enter(fw, relay, 'lobby')],
      [`{"type":"${'a'.repeat(39)}😀"}`, await enter(fw, relay, 'lobby')],
      [`{"type":"x","ref":${half}}`, await enter(fw, room, 'lobby')],
    ]);
    for (const [text, client] of strict) {
      const raw = new Promise<string>((resolve) => {
        client.ws.once('message', (data) => resolve(String(data)));
      });
      client.send(text);
      assert.doesNotMatch(await raw, /\\ud[89a-f]/i, text);
    }
  });

  it('is one emoji when both halves are there, however they are spelt', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    client.socket.send(
      String.raw`{"action":"send_to_channel","data":{"channel":"news","content":"\ud83d\ude00"}}`,
    );
    client.socket.send('{"action":"send_to_channel","data":{"channel":"news","content":"😀"}}');
    await client.reached('news', 2);
    assert.deepEqual(client.contents('news'), ['😀', '😀']);
  });
});

describe('a request_id or ref', () => {
  const numbers = ['9007199254740993', '12345678901234567890123', '-0', '1.0', '1e3', '0.1000', '7'];

  /** The raw text of each frame that comes. */
  function texts({ ws }: SocketClient): string[] {
    const all: string[] = [];
    ws.on('message', (data) => all.push(String(data)));
    return all;
  }

  async function echoes(client: SocketClient, member: string, frames: readonly string[]): Promise<void> {
    const heard = texts(client);
    for (const number of numbers) {
      for (const frame of frames) {
        const before = heard.length;
        client.send(`{ "${member}" : ${number}, ${frame.slice(1)}`);
        await client.inbox.next((answer) => member in answer);
        const echo = new RegExp(`"${member}":${number.replace('.', '\\.')}[,}]`);
        assert.ok(
          heard.slice(before).some((text) => echo.test(text)),
          `${frame} ${number} ${heard.slice(before)}`,
        );
      }
    }
  }

  it('is echoed as it was written, in answers and errors of the channel dialect', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await echoes(client.socket, 'request_id', [
      '{"action":"ping"}',
      '{"action":"subscribe","data":{"channel":"news"}}',
      '{"action":"send_to_channel","data":{"channel":"news","content":{"request_id":1}}}',
      '{"action":"history","data":{"channel":"news"}}',
      '{"action":"presence","data":{"channel":"news"}}',
      '{"action":"nope"}',
      '{"action":"leave"}',
      '{"action":"history","data":{"channel":7}}',
      '{"action":"unsubscribe","data":{"channel":"elsewhere"}}',
      '{"action":"send_to_channel","data":{"channel":"$all","content":1}}',
    ]);
  });

  it('is echoed as it was written, in acks and errors of the room dialect', async () => {
    await using fw = await testServer();
    const client = await enter(fw, room, 'lobby');
    await echoes(client, 'ref', [
      '{"type":"chat.message","text":"hi"}',
      '{"type":"chat.message","text":""}',
      '{"type":"nope"}',
    ]);
  });

  it('of an action of the application’s own is, too', async () => {
    await using fw: TestServer & { fanwire: import('../../src/index.ts').Fanwire } = await embedded();
    fw.fanwire.action('channel', 'time', () => 1).action('room', 'time', () => 1);
    await echoes((await ChannelClient.open(fw)).socket, 'request_id', ['{"action":"time"}']);
    await echoes(await enter(fw, room, 'lobby'), 'ref', ['{"type":"time"}']);
  });

  it('has at most 128 characters, as a number too', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    for (const reference of [`"${'x'.repeat(129)}"`, `0.${'1'.repeat(127)}`, '1e999', '[]']) {
      client.socket.send(`{"action":"ping","request_id":${reference}}`);
      const { content, request_id } = await client.socket.next({ type: 'error' });
      assert.deepEqual([content.type, request_id], ['bad_request', undefined]);
    }
  });
});
