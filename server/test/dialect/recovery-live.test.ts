import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient, isMessage } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame } from '../support/socket-client.ts';

function publish(fw: TestServer, channel: string, data: unknown, persist = false) {
  return fw.call('POST', '/api/publish', { channel, data, persist });
}

/** p is kept, t is not. */
async function publishMixed(fw: TestServer, channel: string): Promise<void> {
  for (const data of ['p1', 't2', 'p3', 't4', 't5']) await publish(fw, channel, data, data.startsWith('p'));
}

interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** What this frame says of the position, by the one rule of docs/protocols/recovery.md. */
function saidBy(frame: Frame): Position | null {
  const { type, content } = frame;
  if (isMessage(frame)) return frame;
  const says = type === 'live' || type === 'ack' || (type === 'subscribed' && content.replayed === 0);
  return says ? content : null;
}

/** What a client has that follows the rule. */
function positionOf(frames: readonly Frame[], channel: string): Position | undefined {
  return frames
    .filter((frame) => frame.channel === channel)
    .map(saidBy)
    .reduce<Position | undefined>((known, said) => {
      if (!said || (known?.epoch === said.epoch && known.offset > said.offset)) return known;
      return { epoch: said.epoch, offset: said.offset };
    }, undefined);
}

function liveOf(client: ChannelClient): Frame {
  return client.frames.find(({ type }) => type === 'live')?.content;
}

/** The frames of the channel by type, messages by their content. */
function told(client: ChannelClient, channel: string): unknown[] {
  return client.frames
    .filter((frame) => frame.channel === channel)
    .map((frame) => (isMessage(frame) ? frame.content : frame.type));
}

describe('the frame `live`', () => {
  it('follows a default replay, with the position from which nothing is missing', async () => {
    await using fw = await testServer();
    await publishMixed(fw, 'news');
    const first = await ChannelClient.open(fw);
    const { epoch, replayed } = await first.subscribe('news');
    assert.equal(replayed, 2);
    const live = await first.socket.next({ type: 'live' });
    const { timestamp, ...rest } = live;
    assert.deepEqual(rest, { type: 'live', channel: 'news', content: { epoch, offset: 5 } });
    assert.ok(Number.isSafeInteger(timestamp));
    assert.deepEqual(told(first, 'news'), ['subscribed', 'p1', 'p3', 'live']);

    const second = await ChannelClient.open(fw);
    const answer = await second.subscribe('news', { position: positionOf(first.frames, 'news') });
    assert.deepEqual([answer.recovered, answer.replayed], [true, 0]);
    await second.settled();
    assert.deepEqual(told(second, 'news'), ['subscribed'], 'nothing older than the first subscription');
  });

  const replays: [what: string, more: (epoch: string) => object, frames: unknown[]][] = [
    ['a position', (epoch) => ({ position: { epoch, offset: 3 } }), ['subscribed', 't4', 't5', 'live']],
    ['a position at the end', (epoch) => ({ position: { epoch, offset: 5 } }), ['subscribed']],
    ['history', () => ({ history: 1 }), ['subscribed', 't5', 'live']],
    ['no history', () => ({ history: 0 }), ['subscribed']],
    [
      'another epoch',
      () => ({ position: { epoch: 'x', offset: 3 } }),
      ['subscribed', 'p1', 't2', 'p3', 't4', 't5', 'live'],
    ],
  ];
  for (const [what, more, frames] of replays) {
    it(`follows what was replayed, and only that: ${what}`, async () => {
      await using fw = await testServer();
      await publishMixed(fw, 'news');
      const { epoch } = (await fw.call('GET', '/api/channels/news')).body;
      const client = await ChannelClient.open(fw);
      await client.subscribe('news', more(epoch));
      await client.settled();
      assert.deepEqual(told(client, 'news'), frames);
      assert.deepEqual(positionOf(client.frames, 'news'), { epoch, offset: 5 });
    });
  }

  it('comes again for who asks again while it is in the channel', async () => {
    await using fw = await testServer();
    await publishMixed(fw, 'news');
    const client = await ChannelClient.open(fw);
    await client.subscribe('news', { history: 0 });
    await publish(fw, 'news', 't6');
    const { epoch } = await client.subscribe('news', { history: 2 });
    await client.settled();
    assert.deepEqual(told(client, 'news'), ['subscribed', 't6', 'subscribed', 't5', 't6', 'live']);
    assert.deepEqual(liveOf(client), { epoch, offset: 6 });
  });

  it('is behind everything that came meanwhile, while others publish', async () => {
    await using fw = await testServer();
    const publisher = await ChannelClient.open(fw);
    await publisher.publishMany('news', 400);
    const publishing = publisher.publishMany('news', 400);
    const client = await ChannelClient.open(fw);
    await client.subscribe('news', { history: 300 });
    const { content } = await client.socket.next({ type: 'live' });
    const offsets = client.offsets('news').filter((offset) => offset <= content.offset);
    assert.equal(offsets.at(-1), content.offset);
    await publishing;
    await client.reached('news', 800);
    const after = client.frames.slice(client.frames.findIndex(({ type }) => type === 'live'));
    assert.deepEqual(
      after.filter(isMessage).map(({ offset }) => offset),
      Array.from({ length: 800 - content.offset }, (_, n) => content.offset + 1 + n),
    );
  });

  it('comes for $all as well, where newer messages were delivered before', async () => {
    await using fw = await testServer();
    const broadcast = (content: string) => fw.call('POST', '/ws/broadcast', { message: { content } });
    const { epoch } = (await broadcast('one')).body;
    await broadcast('two');
    const client = await ChannelClient.open(fw);
    await broadcast('three');
    await client.subscribe('$all', { position: { epoch, offset: 0 } });
    await client.settled();
    const frames = told(client, '$all');
    assert.equal(frames.at(-1), 'live');
    assert.deepEqual(frames.filter((frame) => !['subscribed', 'live'].includes(String(frame))).sort(), [
      'one',
      'three',
      'two',
    ]);
    assert.deepEqual(liveOf(client), { epoch, offset: 3 });
  });
});

describe('with echo=false', () => {
  it('the acks move the position: after a break none of the own messages come', async () => {
    await using fw = await testServer();
    const quiet = await ChannelClient.open(fw, { query: 'echo=false' });
    const other = await ChannelClient.open(fw);
    await quiet.subscribe('news');
    for (let n = 1; n <= 20; n++) await (n % 2 ? quiet : other).publish('news', n);
    await quiet.publish('news', 21);
    await quiet.settled();
    assert.deepEqual(quiet.contents('news'), [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    const position = positionOf(quiet.frames, 'news');
    assert.equal(position?.offset, 21);
    await other.publish('news', 22);
    const again = await ChannelClient.open(fw, { query: 'echo=false' });
    const { recovered } = await again.subscribe('news', { position });
    assert.equal(recovered, true);
    await again.socket.next({ type: 'live' });
    assert.deepEqual(again.contents('news'), [22]);
  });

  it('an ack comes behind everything of its channel that was before it, whoever published', async () => {
    await using fw = await testServer();
    const quiet = await ChannelClient.open(fw, { query: 'echo=false' });
    const others = await Promise.all([1, 2, 3, 4].map(() => ChannelClient.open(fw)));
    await quiet.subscribe('news');
    await Promise.all([...others, quiet].map((client) => client.publishMany('news', 200)));
    await quiet.settled();
    let acknowledged = 0;
    let messages = 0;
    for (const frame of quiet.frames) {
      if (frame.type === 'ack') acknowledged = Math.max(acknowledged, frame.content.offset);
      if (!isMessage(frame)) continue;
      messages++;
      assert.ok(frame.offset > acknowledged, `message ${frame.offset} behind ack ${acknowledged}`);
    }
    assert.equal(messages, 800);
  });
});

describe('an event stream', () => {
  it('has a bare id behind a replay, with which nothing comes that was before its time', async () => {
    await using fw = await testServer();
    await publishMixed(fw, 'news');
    const first = await fw.stream('/sse/connect?channels=news');
    await first.next('message', { content: 'p3' });
    await eventually(async () => /\n\nid: [^\n]*,news:5\n\n$/.test(first.text), 'the bare id');
    const second = await fw.stream('/sse/connect?channels=news', { 'last-event-id': first.lastEventId });
    await publish(fw, 'news', 'next');
    await second.next('message', { content: 'next' });
    assert.equal(second.inbox.all.length, 2);
    assert.doesNotMatch(second.text, /\n\nid: /, 'none where nothing was replayed');
  });

  it('has one when channels with a past are added to it', async () => {
    await using fw = await testServer();
    await publishMixed(fw, 'late');
    const stream = await fw.stream('/sse/connect');
    const { data } = await stream.next('connected');
    const change = { subscribe: ['late'] };
    await fw.call('POST', `/sse/connections/${data.content.connection_id}/channels`, change);
    await stream.next('message', { content: 'p3' });
    await publish(fw, 'late', 'next');
    await stream.next('message', { content: 'next' });
    assert.match(stream.text, /\n\nid: [^\n]*late:5\n\n/);
  });
});
