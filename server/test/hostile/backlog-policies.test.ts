import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { bodyOf } from '../support/chunks.ts';
import { eventually } from '../support/eventually.ts';
import { clientFrame, opcodes, RawSocket, requestText } from '../support/raw-socket.ts';
import type { TestServer } from '../support/server.ts';
import { watchedServer } from '../support/watched-server.ts';

/** Together far more than the system's buffers of one connection hold (about 10 MB on Linux). */
const messages = 400;
const content = 'x'.repeat(60_000);

const env = { BACKLOG_LATEST: 'price.*', BACKLOG_DROP: 'log-*, telemetry' };

/** A subscriber that takes nothing once it is in the channel. */
async function frozenSocket(fw: TestServer, channel: string): Promise<RawSocket> {
  const raw = await RawSocket.webSocket(fw.url, '/ws/connect');
  raw.write(clientFrame(opcodes.text, JSON.stringify({ action: 'subscribe', data: { channel } })));
  await raw.frames.next(({ payload }) => payload.includes('"subscribed"'));
  raw.socket.pause();
  return raw;
}

async function publishAll(fw: TestServer, channel: string): Promise<void> {
  const publisher = await ChannelClient.open(fw);
  for (let n = 1; n <= messages; n++) {
    const { type } = await publisher.ask('send_to_channel', { channel, content });
    assert.equal(type, 'ack');
  }
}

interface Seen {
  readonly type: string;
  readonly offset?: number;
  readonly content: { readonly from?: number; readonly to?: number };
}

/** Everything of the channel that the reader gets once it reads again, up to the last message. */
async function thaw(raw: RawSocket): Promise<Seen[]> {
  raw.socket.resume();
  await raw.frames.next(({ payload }) => payload.includes(`"offset":${messages},`));
  const frames = raw.frames.all.filter(({ opcode }) => opcode === opcodes.text);
  return frames
    .map(({ payload }) => JSON.parse(payload.toString()) as Seen)
    .filter(({ type }) => type === 'text' || type === 'gap');
}

async function queuedMessages(fw: TestServer, channel: string): Promise<number> {
  const { body } = await fw.call('GET', `/ws/connections?channel=${channel}`);
  return body.connections[0].queued_messages;
}

describe('a reader that takes nothing for a while', () => {
  it('in a `latest` channel gets what the system had taken, and then the newest message', async () => {
    await using fw = await watchedServer(env);
    const raw = await frozenSocket(fw, 'price.gold');
    await publishAll(fw, 'price.gold');
    assert.equal(await queuedMessages(fw, 'price.gold'), 1);
    const offsets = (await thaw(raw)).map(({ offset }) => offset ?? 0);
    assert.ok(offsets.length < messages, 'it was spared some');
    const taken = offsets.length - 1;
    assert.deepEqual(offsets, [...Array.from({ length: taken }, (_, n) => n + 1), messages]);
    raw.close();
    await fw.unharmed();
  });

  it('in a `drop` channel loses the oldest, and is told which in their place', async () => {
    await using fw = await watchedServer(env);
    const raw = await frozenSocket(fw, 'telemetry');
    await publishAll(fw, 'telemetry');
    assert.ok((await queuedMessages(fw, 'telemetry')) < 100);
    const seen = await thaw(raw);
    let next = 1;
    let gaps = 0;
    for (const { type, offset, content: gap } of seen) {
      if (type === 'gap') {
        assert.equal(gap.from, next, 'from where it stands');
        next = (gap.to ?? 0) + 1;
        gaps++;
      } else assert.equal(offset, next++);
    }
    assert.deepEqual([gaps, next], [1, messages + 1]);
    raw.close();
    await fw.unharmed();
  });

  it('as an event stream of a `drop` channel resumes behind the gap from the last cursor', async () => {
    await using fw = await watchedServer(env);
    const raw = new RawSocket(fw.url);
    raw.write(requestText('GET /sse/connect?channels=log-a HTTP/1.1', [['Host', 'localhost']]));
    await raw.until((text) => text.includes('event: connected'));
    raw.socket.pause();
    await publishAll(fw, 'log-a');
    raw.socket.resume();
    await raw.until((text) => text.includes(`"offset":${messages},`) && text.endsWith('\n\n\r\n'));
    // Whatever was left out, what came are whole chunks.
    const body = bodyOf(raw.text);
    const gaps = body.match(/event: gap\n/g) ?? [];
    assert.equal(gaps.length, 1);
    const cursor = body
      .match(/^id: (.*)$/gm)
      ?.at(-1)
      ?.slice('id: '.length);
    assert.match(cursor ?? '', new RegExp(`,log-a:${messages}$`));
    raw.close();
    await fw.unharmed();
  });

  it('in any other channel is cut', async () => {
    await using fw = await watchedServer(env);
    const raw = await frozenSocket(fw, 'prices');
    await publishAll(fw, 'prices');
    await eventually(async () => {
      const { body } = await fw.call('GET', '/ws/connections?channel=prices');
      return body.total === 0;
    }, 'it is cut');
    raw.socket.resume();
    assert.equal(await raw.closeCode(), 4413);
    raw.close();
  });
});
