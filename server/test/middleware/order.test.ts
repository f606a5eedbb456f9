import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { type Embedded, embedded } from '../support/embedded.ts';
import { onMessage } from '../support/layers.ts';
import { Random } from '../support/random.ts';
import type { Frame } from '../support/socket-client.ts';
import { WaitingRoom } from '../support/waiting-room.ts';

/** Holds every message back, by its text, before it is let through. */
function holdBack({ fanwire }: Embedded): WaitingRoom<string> {
  const hall = new WaitingRoom<string>('messages');
  fanwire.use(
    onMessage(async ({ data }, next) => {
      await hall.wait(textOf(data));
      await next();
    }),
  );
  return hall;
}

function textOf(data: unknown): string {
  return typeof data === 'string' ? data : String((data as Frame).text);
}

describe('middleware that takes time', () => {
  it('keeps the order of each connection, however long each message takes', () => {
    const random = new Random();
    return random.run(async () => {
      await using fw = await embedded();
      const hall = holdBack(fw);
      const witness = await ChannelClient.open(fw);
      await witness.subscribe('lobby');
      const count = 20;
      const senders = [
        ['a', await enter(fw, relay, 'lobby'), (text: string) => relay.message('lobby', text)],
        ['b', await enter(fw, room, 'lobby'), (text: string) => room.message('lobby', text)],
        ['c', await enter(fw, chat, 'lobby'), (text: string) => chat.message('lobby', text)],
        [
          'd',
          (await ChannelClient.open(fw)).socket,
          (content: string) => ({ action: 'send_to_channel', data: { channel: 'lobby', content } }),
        ],
      ] as const;
      for (let at = 1; at <= count; at++) {
        for (const [name, client, message] of senders) client.send(message(`${name} ${at}`));
      }
      for (let left = count * senders.length; left > 0; left--) {
        await hall.came.until(() => hall.waiting.length > 0);
        for (let turns = random.integer(0, 3); turns > 0; turns--) await setImmediate();
        hall.release(random.pick(hall.waiting));
      }
      await witness.reached('lobby', count * senders.length);
      const texts = witness.contents('lobby').map(textOf);
      for (const [name] of senders) {
        assert.deepEqual(
          texts.filter((text) => text.startsWith(name)),
          Array.from({ length: count }, (_, at) => `${name} ${at + 1}`),
        );
      }
    });
  });

  it('sees one message of a connection at a time, while others go on', async () => {
    await using fw = await embedded();
    const hall = holdBack(fw);
    const slow = await ChannelClient.open(fw);
    const quick = await ChannelClient.open(fw);
    await quick.subscribe('news');
    slow.send('send_to_channel', { channel: 'news', content: 'slow 1' });
    slow.send('send_to_channel', { channel: 'news', content: 'slow 2' });
    await hall.arrival('slow 1');
    for (const content of ['quick 1', 'quick 2']) {
      const published = quick.publish('news', content);
      await hall.arrival(content);
      assert.deepEqual(hall.waiting, ['slow 1', content]);
      hall.release(content);
      await published;
    }
    hall.release('slow 1');
    await hall.arrival('slow 2');
    hall.release('slow 2');
    await quick.reached('news', 4);
    assert.deepEqual(quick.contents('news'), ['quick 1', 'quick 2', 'slow 1', 'slow 2']);
  });

  it('holds back whatever else the connection asks for', async () => {
    await using fw = await embedded();
    const hall = holdBack(fw);
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    client.send('send_to_channel', { channel: 'news', content: 'first' });
    client.send('ping', {}, 'p');
    client.send('unsubscribe', { channel: 'news' }, 'u');
    await hall.arrival('first');
    hall.release('first');
    await client.socket.next({ request_id: 'u' });
    const order = client.frames.map(({ type, offset }) => (offset === undefined ? type : 'message'));
    assert.deepEqual(order.slice(-4), ['message', 'ack', 'pong', 'unsubscribed']);
  });

  it('goes on with the next message after one that was refused', async () => {
    await using fw = await embedded();
    const hall = new WaitingRoom<string>('messages');
    fw.fanwire.use(
      onMessage(async ({ data }, next) => {
        await hall.wait(String(data));
        if (data !== 'bad') await next();
      }),
    );
    const client = await ChannelClient.open(fw);
    await client.subscribe('news');
    for (const content of ['one', 'bad', 'two'])
      client.send('send_to_channel', { channel: 'news', content }, content);
    for (const content of ['one', 'bad', 'two']) {
      await hall.arrival(content);
      hall.release(content);
    }
    await client.settled();
    const answers = client.frames.filter(({ request_id }) => ['one', 'bad', 'two'].includes(request_id));
    assert.deepEqual(
      new Map(answers.map(({ request_id, type }) => [request_id, type])),
      new Map([
        ['bad', 'error'],
        ['one', 'ack'],
        ['two', 'ack'],
      ]),
    );
    assert.equal(answers.length, 3);
    assert.deepEqual(client.contents('news'), ['one', 'two']);
  });

  it('does not wait for the commit of one message before the next one', async () => {
    await using fw = await embedded();
    const steps: string[] = [];
    fw.fanwire.use(
      onMessage(async ({ data }, next) => {
        steps.push(`in ${data}`);
        await next();
        steps.push(`out ${data}`);
      }),
    );
    const client = await ChannelClient.open(fw);
    await client.publishMany('news', 10);
    await client.settled();
    assert.equal(steps.length, 20);
    assert.ok(steps.indexOf('in 2') < steps.indexOf('out 1'), steps.join());
  });

  it('lets requests over HTTP go on side by side', async () => {
    await using fw = await embedded();
    const hall = holdBack(fw);
    const slow = fw.call('POST', '/api/publish', { channel: 'news', data: 'slow' });
    await hall.arrival('slow');
    const quick = fw.call('POST', '/api/publish', { channel: 'news', data: 'quick' });
    await hall.arrival('quick');
    hall.release('quick');
    assert.equal((await quick).body.offset, 1);
    hall.release('slow');
    assert.equal((await slow).body.offset, 2);
  });
});
