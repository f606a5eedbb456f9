import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { refusedCall } from '../support/refusals.ts';
import { type HttpAnswer, type TestServer, testServer } from '../support/server.ts';
import type { StreamClient } from '../support/stream-client.ts';

function publish(fw: TestServer, channel: string, content: unknown, more: object = {}) {
  return fw.call('POST', '/ws/send-to-channel', { channel, message: { content }, ...more });
}

async function open(
  fw: TestServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<[StreamClient, string]> {
  const stream = await fw.stream(path, headers);
  const { data } = await stream.next('connected');
  return [stream, data.content.connection_id];
}

function change(
  fw: TestServer,
  id: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  return fw.call('POST', `/sse/connections/${id}/channels`, body, headers);
}

function heard(stream: StreamClient): [string, unknown][] {
  return stream.inbox.all
    .filter(({ data }) => data.offset !== undefined)
    .map(({ data }) => [data.channel, data.content]);
}

describe('POST /sse/connections/{id}/channels', () => {
  it('adds and removes channels of a live stream', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect?channels=a,b');
    const { status, body } = await change(fw, id, { subscribe: ['c'], unsubscribe: ['a'] });
    assert.deepEqual([status, body], [200, { channels: ['b', 'c'] }]);
    for (const channel of ['a', 'b', 'c']) await publish(fw, channel, channel);
    await stream.next('message', { channel: 'c' });
    assert.deepEqual(heard(stream), [
      ['b', 'b'],
      ['c', 'c'],
    ]);
  });

  it('is told on the stream by the event channels, with a cursor', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const [stream, id] = await open(fw, '/sse/connect?channels=a,b');
    await change(fw, id, { subscribe: ['c'], unsubscribe: ['a'] });
    const event = await stream.next('channels');
    assert.deepEqual(event.data, {
      type: 'channels',
      content: { channels: ['b', 'c'] },
      timestamp: clock.now(),
    });
    assert.match(event.id, /^[^;]+;%24all:0,b:0,c:0$/);
  });

  it('replays the persisted messages of a channel that is added', async () => {
    await using fw = await testServer();
    await publish(fw, 'c', 'kept', { persist: true });
    await publish(fw, 'c', 'passing');
    const [stream, id] = await open(fw, '/sse/connect');
    await change(fw, id, { subscribe: ['c'] });
    await publish(fw, 'c', 'live');
    await stream.next('message', { content: 'live' });
    assert.deepEqual(heard(stream), [
      ['c', 'kept'],
      ['c', 'live'],
    ]);
  });

  it('does nothing to channels that it is in, or not in, already', async () => {
    await using fw = await testServer();
    await publish(fw, 'a', 'kept', { persist: true });
    const [stream, id] = await open(fw, '/sse/connect?channels=a');
    const { body } = await change(fw, id, { subscribe: ['a', 'a'], unsubscribe: ['never'] });
    assert.deepEqual(body, { channels: ['a'] });
    await publish(fw, 'a', 'live');
    await stream.next('message', { content: 'live' });
    assert.deepEqual(heard(stream), [
      ['a', 'kept'],
      ['a', 'live'],
    ]);
  });

  it('takes null and nothing for no names', async () => {
    await using fw = await testServer();
    const [, id] = await open(fw, '/sse/connect?channels=a');
    for (const body of [{}, { subscribe: null, unsubscribe: null }, { subscribe: [] }]) {
      assert.deepEqual((await change(fw, id, body)).body, { channels: ['a'] });
    }
  });

  it('may name channels with a comma, which an address cannot', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect');
    await change(fw, id, { subscribe: ['a,b', '__proto__', 'ä:;'] });
    await publish(fw, 'a,b', 1);
    await publish(fw, '__proto__', 2);
    const { id: cursor } = await stream.next('message', { content: 2 });
    stream.close();
    await publish(fw, 'ä:;', 3);
    await publish(fw, 'a,b', 4);
    const [resumed] = await open(fw, '/sse/connect', { 'last-event-id': cursor });
    await resumed.inbox.until(() => heard(resumed).length === 2);
    assert.deepEqual(heard(resumed).sort(), [
      ['a,b', 4],
      ['ä:;', 3],
    ]);
  });

  it('is one change after the other', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect');
    const changes = Array.from({ length: 10 }, (_, number) =>
      change(fw, id, { subscribe: [`c${number}`], unsubscribe: number === 0 ? [] : [`c${number - 1}`] }),
    );
    await Promise.all(changes);
    const { body } = await change(fw, id, {});
    for (let number = 0; number < 10; number++) await publish(fw, `c${number}`, number);
    await publish(fw, body.channels[0], 'last');
    await stream.next('message', { content: 'last' });
    assert.deepEqual(
      [...new Set(heard(stream).map(([channel]) => channel))].sort(),
      [...body.channels].sort(),
    );
  });

  it('counts the user as present, and no longer when it leaves', async () => {
    await using fw = await testServer();
    const [, id] = await open(fw, `/sse/connect?token=${await fw.token('u1')}`);
    const headers = { authorization: `Bearer ${await fw.token('u1')}` };
    const present = async (): Promise<number> =>
      (await fw.call('GET', '/api/channels/a/presence')).body.total;
    await change(fw, id, { subscribe: ['a'] }, headers);
    assert.equal(await present(), 1);
    await change(fw, id, { unsubscribe: ['a'] }, headers);
    assert.equal(await present(), 0);
  });
});

describe('a reconnect', () => {
  it('is in the channels that were added, though its address does not name them', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect?channels=a');
    await change(fw, id, { subscribe: ['b'] });
    await publish(fw, 'b', 1);
    const { id: cursor } = await stream.next('message');
    stream.close();
    await publish(fw, 'b', 2);
    const [resumed] = await open(fw, '/sse/connect?channels=a', { 'last-event-id': cursor });
    await publish(fw, 'b', 3);
    await resumed.next('message', { content: 3 });
    assert.deepEqual(heard(resumed), [
      ['b', 2],
      ['b', 3],
    ]);
  });

  it('also when nothing came after they were added', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect?channels=a');
    await change(fw, id, { subscribe: ['b'] });
    const { id: cursor } = await stream.next('channels');
    stream.close();
    await publish(fw, 'b', 'missed');
    const [resumed] = await open(fw, '/sse/connect?channels=a', { 'last-event-id': cursor });
    await resumed.next('message', { content: 'missed' });
  });

  it('is not in channels that were added and left', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect?channels=a');
    await change(fw, id, { subscribe: ['b'] });
    await change(fw, id, { unsubscribe: ['b'] });
    await stream.next('channels');
    const { id: cursor } = await stream.next('channels');
    stream.close();
    await publish(fw, 'b', 'unheard');
    const [resumed] = await open(fw, '/sse/connect?channels=a', { 'last-event-id': cursor });
    await publish(fw, 'a', 'heard');
    await resumed.next('message');
    assert.deepEqual(heard(resumed), [['a', 'heard']]);
  });

  it('goes on from the present in a channel that was left and joined again: it is resumed once', async () => {
    await using fw = await testServer();
    const [stream] = await open(fw, '/sse/connect?channels=a');
    await publish(fw, 'a', 1);
    const { id: cursor } = await stream.next('message');
    stream.close();
    await publish(fw, 'a', 2);
    const [resumed, id] = await open(fw, '/sse/connect?channels=a', { 'last-event-id': cursor });
    await resumed.next('message', { content: 2 });
    await change(fw, id, { unsubscribe: ['a'] });
    await change(fw, id, { subscribe: ['a'] });
    await publish(fw, 'a', 3);
    await resumed.next('message', { content: 3 });
    assert.deepEqual(heard(resumed), [
      ['a', 2],
      ['a', 3],
    ]);
  });
});

describe('the cursor', () => {
  it('is exact while channels come and go and messages flow', async () => {
    await using fw = await testServer();
    const publisher = await ChannelClient.open(fw);
    const [stream, id] = await open(fw, '/sse/connect?channels=a');
    const publishing = Promise.all(['a', 'b', 'c'].map((channel) => publisher.publishMany(channel, 200)));
    for (let round = 0; round < 5; round++) {
      await change(fw, id, { subscribe: ['b'], unsubscribe: ['c'] });
      await change(fw, id, { subscribe: ['c'], unsubscribe: ['b'] });
    }
    await publishing;
    await stream.next('message', { channel: 'a', offset: 200 });
    for (const { id: cursor, data } of stream.inbox.all) {
      if (data.offset === undefined) continue;
      const entries = new Map(
        cursor
          .slice(cursor.indexOf(';') + 1)
          .split(',')
          .map((entry) => entry.split(':') as [string, string]),
      );
      assert.equal(entries.get(data.channel), String(data.offset));
    }
    const offsets = stream.inbox.all
      .filter(({ data }) => data.channel === 'a')
      .map(({ data }) => data.offset);
    assert.deepEqual(
      offsets,
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
  });
});

describe('whoever may change a stream', () => {
  it('is who opened it, or may manage connections', async () => {
    const env = { SSE_AUTH_REQUIRED: 'true', WS_API_KEYS: 'ops:manage:a-key-of-the-tests-1' };
    await using fw = await testServer({ env });
    const [, id] = await open(fw, `/sse/connect?token=${await fw.token('u1')}`);
    const body = { subscribe: ['a'] };
    const bearer = async (user: string) => ({ authorization: `Bearer ${await fw.token(user)}` });
    refusedCall(await change(fw, id, body), 401, 'unauthorized');
    refusedCall(await change(fw, id, body, await bearer('u2')), 403, 'forbidden');
    assert.equal((await change(fw, id, body, await bearer('u1'))).status, 200);
    assert.equal((await change(fw, id, body, { 'x-api-key': 'a-key-of-the-tests-1' })).status, 200);
  });

  it('may not do with it what the stream’s own credentials do not allow', async () => {
    await using fw = await testServer({ env: { SSE_AUTH_REQUIRED: 'true' } });
    const token = await fw.token('u1', { channels: ['a'] });
    const [stream, id] = await open(fw, `/sse/connect?token=${token}`);
    const wide = { authorization: `Bearer ${await fw.token('u1')}` };
    refusedCall(await change(fw, id, { subscribe: ['a', 'b'] }, wide), 403, 'forbidden');
    await publish(fw, 'a', 'unheard: all or nothing');
    assert.deepEqual((await change(fw, id, { subscribe: ['a'] }, wide)).body, { channels: ['a'] });
    await publish(fw, 'a', 'heard');
    await stream.next('message');
    assert.deepEqual(heard(stream), [['a', 'heard']]);
  });
});

describe('a change that cannot be', () => {
  it('of no stream is not_found', async () => {
    await using fw = await testServer();
    const socket = await ChannelClient.open(fw);
    for (const id of ['nobody', socket.id]) {
      refusedCall(await change(fw, id, { subscribe: ['a'] }), 404, 'not_found');
    }
    const [stream, id] = await open(fw, '/sse/connect');
    stream.close();
    await eventually(async () => (await change(fw, id, {})).status === 404, 'the stream is gone');
  });

  it('names the field that is wrong', async () => {
    await using fw = await testServer();
    const [, id] = await open(fw, '/sse/connect');
    for (const [body, field] of [
      [{ subscribe: 'a' }, 'subscribe'],
      [{ subscribe: ['a', ''] }, 'subscribe[1]'],
      [{ unsubscribe: [7] }, 'unsubscribe[0]'],
      [{ subscribe: ['x'.repeat(256)] }, 'subscribe[0]'],
    ] as const) {
      const answer = await change(fw, id, body);
      refusedCall(answer, 422, 'bad_request');
      assert.ok(answer.body.error.message.startsWith(`${field}:`), answer.body.error.message);
    }
    refusedCall(await change(fw, id, { subscribe: ['$all'] }), 403, 'forbidden');
  });

  it('to more channels than MAX_CHANNELS_PER_CONNECTION is limit_reached, and changes nothing', async () => {
    await using fw = await testServer({ env: { MAX_CHANNELS_PER_CONNECTION: '3' } });
    const [, id] = await open(fw, '/sse/connect?channels=a');
    const more = { subscribe: ['b', 'c', 'd'] };
    refusedCall(await change(fw, id, more), 429, 'limit_reached');
    assert.deepEqual((await change(fw, id, {})).body, { channels: ['a'] });
  });

  it('to names too long for a Last-Event-ID header is limit_reached', async () => {
    await using fw = await testServer();
    const [stream, id] = await open(fw, '/sse/connect');
    const names = (count: number): string[] =>
      Array.from({ length: count }, (_, number) => `${number}`.padEnd(250, 'x'));
    refusedCall(await change(fw, id, { subscribe: names(25) }), 429, 'limit_reached');
    assert.equal((await change(fw, id, { subscribe: names(24) })).status, 200);
    const { id: cursor } = await stream.next('channels');
    await open(fw, '/sse/connect', { 'last-event-id': cursor });
  });
});

describe('a user who is kicked from a private room', () => {
  it('hears so by the event unsubscribed, with a cursor that no longer names it', async () => {
    await using fw = await testServer();
    const owner = await fw.socket(`/?token=${await fw.token('owner')}`);
    await owner.ask({ action: 'create', room: 'vip', private: true, members: ['u1'] }, { action: 'created' });
    const path = `/sse/connect?channels=news&token=${await fw.token('u1')}`;
    const [stream, id] = await open(fw, path);
    const headers = { authorization: `Bearer ${await fw.token('u1')}` };
    assert.equal((await change(fw, id, { subscribe: ['vip'] }, headers)).status, 200);
    await owner.ask({ action: 'kick', room: 'vip', user: 'u1' }, { action: 'kicked' });
    const { data, id: cursor } = await stream.next('unsubscribed');
    assert.deepEqual([data.channel, data.content], ['vip', { reason: 'permission lost' }]);
    assert.doesNotMatch(cursor, /vip/);
    await publish(fw, 'vip', 'unheard');
    await publish(fw, 'news', 'heard');
    await stream.next('message');
    stream.close();
    const [resumed] = await open(fw, path, { 'last-event-id': cursor });
    await resumed.next('message');
    assert.deepEqual(heard(resumed), [['news', 'heard']]);
  });
});
