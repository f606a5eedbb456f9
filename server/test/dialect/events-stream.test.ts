import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { refused, refusedCall } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { StreamClient } from '../support/stream-client.ts';

function publish(fw: TestServer, channel: string, content: unknown, more: object = {}) {
  return fw.call('POST', '/ws/send-to-channel', { channel, message: { content }, ...more });
}

describe('the stream', () => {
  it('has the headers of an event stream', async () => {
    await using fw = await testServer();
    const { headers } = await fw.stream('/sse/connect');
    assert.equal(headers['content-type'], 'text/event-stream');
    assert.equal(headers['cache-control'], 'no-store, no-transform');
    assert.equal(headers['x-accel-buffering'], 'no');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  it('starts with retry and the event connected', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { SSE_HEARTBEAT_INTERVAL: '15' } });
    const client = await fw.stream('/sse/connect?channels=news,alerts');
    const { event, data } = await client.inbox.next();
    assert.equal(event, 'connected');
    assert.match(data.content.connection_id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(data, {
      type: 'connected',
      content: {
        connection_id: data.content.connection_id,
        user_id: null,
        heartbeat_interval: 15,
        expires_at: null,
        protocol: 1,
        channels: ['news', 'alerts'],
      },
      timestamp: clock.now(),
    });
    assert.equal(client.retry, 3000);
    assert.ok(client.text.startsWith('retry: 3000\nevent: connected\ndata: {"type":"connected",'));
  });

  it('tells SSE_RETRY_TIMEOUT', async () => {
    await using fw = await testServer({ env: { SSE_RETRY_TIMEOUT: '250' } });
    const client = await fw.stream('/sse/connect');
    await client.next('connected');
    assert.equal(client.retry, 250);
  });

  it('names the user of the token', async () => {
    await using fw = await testServer();
    const client = await fw.stream(`/sse/connect?token=${await fw.token('u1')}`);
    assert.equal((await client.next('connected')).data.content.user_id, 'u1');
  });

  it('takes a channel named twice once, and channels in several parameters', async () => {
    await using fw = await testServer();
    const client = await fw.stream('/sse/connect?channels=a,b,,a&channels=c');
    assert.deepEqual((await client.next('connected')).data.content.channels, ['a', 'b', 'c']);
    for (const channel of ['a', 'b', 'c']) await publish(fw, channel, channel);
    for (const channel of ['a', 'b', 'c']) await client.next('message', { content: channel });
    assert.equal(client.inbox.all.length, 4);
  });

  it('ends with closed when an administrator closes it', async () => {
    await using fw = await testServer();
    const client = await fw.stream('/sse/connect');
    const { data } = await client.next('connected');
    await fw.call('DELETE', `/ws/connections/${data.content.connection_id}`);
    await client.ended;
    const last = client.inbox.all.at(-1);
    assert.equal(last?.event, 'closed');
    assert.deepEqual(last.data, { code: 4410, reason: 'closed by an administrator' });
  });

  it('ends with closed when the server ends', async () => {
    let client: StreamClient;
    {
      await using fw = await testServer();
      // Not one of the server's own clients, which are cut off before it ends.
      client = new StreamClient(`${fw.url}/sse/connect`, {});
      await client.next('connected');
    }
    await client.ended;
    assert.deepEqual(client.inbox.all.at(-1)?.data, { code: 1012, reason: 'the server restarts' });
  });

  it('sends a comment every SSE_HEARTBEAT_INTERVAL', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await fw.stream('/sse/connect');
    await client.next('connected');
    clock.advance(29_999);
    await publish(fw, 'news', 'no matter');
    assert.deepEqual(client.comments.all, []);
    for (let beat = 1; beat <= 3; beat++) {
      clock.advance(30_000);
      assert.equal(await client.comments.next(), 'heartbeat');
    }
    assert.equal(client.comments.all.length, 3);
    assert.equal(client.inbox.all.length, 1);
  });
});

describe('a message', () => {
  it('is the frame of the channel dialect on one line', async () => {
    await using fw = await testServer();
    const socket = await ChannelClient.open(fw, { user: 'u1' });
    await socket.subscribe('news');
    const frames: string[] = [];
    socket.socket.ws.on('message', (data) => frames.push(String(data)));
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const written = '{"text":"ä \\u2028 \\n", "n":12345678901234567890}';
    socket.socket.send(`{"action":"send_to_channel","data":{"channel":"news","content":${written}}}`);
    const { data } = await stream.next('message');
    await socket.reached('news', 1);
    assert.deepEqual(data.sender, { user_id: 'u1', connection_id: socket.id });
    assert.ok(stream.text.includes(`\nevent: message\ndata: ${frames[0]}\nid: `));
    assert.ok(frames[0]?.includes(written));
  });

  it('is called message when it is text, and by its type otherwise', async () => {
    await using fw = await testServer();
    const stream = await fw.stream(`/sse/connect?channels=news&token=${await fw.token('u1')}`);
    await stream.next('connected');
    await publish(fw, 'news', 1);
    await fw.call('POST', '/sse/send-to-channel', { channel: 'news', event: 'price', data: 2 });
    await fw.call('POST', '/sse/notification', { title: 't', content: 'c', channel: 'news' });
    await fw.call('POST', '/ws/broadcast', { message: { content: 4 } });
    await fw.call('POST', '/ws/send-to-user', { user_id: 'u1', message: { content: 5 } });
    await stream.next('direct');
    assert.deepEqual(
      stream.inbox.all.slice(1).map(({ event, data }) => [event, data.type, data.channel, data.content]),
      [
        ['message', 'text', 'news', 1],
        ['price', 'price', 'news', 2],
        [
          'notification',
          'notification',
          'news',
          { title: 't', content: 'c', type: 'info', auto_hide: true, duration: 5000 },
        ],
        ['broadcast', 'broadcast', '$all', 4],
        ['direct', 'direct', '$user:u1', 5],
      ],
    );
  });

  it('with line ends between its tokens stays on one line', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    await fw.call(
      'POST',
      '/ws/send-to-channel',
      '{"channel":"news","message":{"content":{\n"a":\r\n\r\n[1,\n2]}}}',
    );
    assert.deepEqual((await stream.next('message')).data.content, { a: [1, 2] });
  });

  it('to everyone arrives where no channels were named', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect');
    await stream.next('connected');
    await publish(fw, 'news', 'unheard');
    await fw.call('POST', '/ws/broadcast', { message: { content: 'heard' } });
    await stream.next('broadcast', { content: 'heard' });
    assert.equal(stream.inbox.all.length, 2);
  });

  it('over SSE_MAX_MESSAGE_SIZE is refused at publish with 413', async () => {
    await using fw = await testServer({ env: { SSE_MAX_MESSAGE_SIZE: '1000' } });
    assert.equal((await publish(fw, 'news', 'x'.repeat(998))).status, 200);
    refusedCall(await publish(fw, 'news', 'x'.repeat(999)), 413, 'too_large');
    const event = { channel: 'news', event: 'e', data: 'ä'.repeat(500) };
    refusedCall(await fw.call('POST', '/sse/send-to-channel', event), 413, 'too_large');
  });

  it('of a megabyte arrives whole', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const content = 'x'.repeat(1_048_574);
    assert.equal((await publish(fw, 'news', content)).status, 200);
    assert.equal((await stream.next('message')).data.content, content);
  });
});

describe('a new subscriber', () => {
  it('gets the last 100 persisted messages of each channel', async () => {
    await using fw = await testServer();
    const publisher = await ChannelClient.open(fw);
    await publisher.publishMany('news', 120, { persist: true });
    await publisher.publish('news', 'passing');
    await publisher.publish('alerts', 'kept', { persist: true });
    const stream = await fw.stream('/sse/connect?channels=news,alerts');
    await stream.next('message', { channel: 'alerts' });
    const offsets = stream.inbox.all
      .filter(({ data }) => data.channel === 'news')
      .map(({ data }) => data.offset);
    assert.deepEqual(
      offsets,
      Array.from({ length: 100 }, (_, index) => 21 + index),
    );
  });

  it('gets them only with permission to read the history', async () => {
    await using fw = await testServer({ env: { SSE_AUTH_REQUIRED: 'true' } });
    await publish(fw, 'news', 'kept', { persist: true });
    const token = await fw.token('u1', { channels: { subscribe: ['news'] } });
    const stream = await fw.stream(`/sse/connect?channels=news&token=${token}`);
    await stream.next('connected');
    await publish(fw, 'news', 'live');
    await stream.next('message', { content: 'live' });
    assert.equal(stream.inbox.all.length, 2);
  });

  it('then gets what follows, in order and once', async () => {
    await using fw = await testServer();
    const publisher = await ChannelClient.open(fw);
    await publisher.publishMany('news', 50, { persist: true });
    const publishing = publisher.publishMany('news', 200, { persist: true });
    const stream = await fw.stream('/sse/connect?channels=news');
    await publishing;
    await stream.next('message', { offset: 250 });
    const offsets = stream.inbox.all.slice(1).map(({ data }) => data.offset);
    assert.deepEqual(
      offsets,
      offsets.map((_, index) => offsets[0] + index),
    );
  });
});

describe('SSE_MAX_CONNECTIONS', () => {
  it('refuses one more with 503 server_full and Retry-After', async () => {
    await using fw = await testServer({ env: { SSE_MAX_CONNECTIONS: '2' } });
    const stream = await fw.stream('/sse/connect');
    await fw.stream('/sse/connect');
    const { headers } = await refused(fw.stream('/sse/connect'), 503, 'server_full');
    assert.match(String(headers['retry-after']), /^\d+$/);
    await fw.socket('/ws/connect');
    stream.close();
    await eventually(
      async () => (await fw.call('GET', '/ws/stats')).body.sse.total === 1,
      'the place is free again',
    );
    await fw.stream('/sse/connect');
  });

  it('is counted within MAX_CONNECTIONS_TOTAL', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '2' } });
    await fw.socket('/ws/connect');
    await fw.stream('/sse/connect');
    await refused(fw.stream('/sse/connect'), 503, 'server_full');
    await refused(fw.socket('/ws/connect'), 503, 'server_full');
  });
});

describe('MAX_CHANNELS_PER_CONNECTION', () => {
  it('is how many channels the address may name', async () => {
    await using fw = await testServer({ env: { MAX_CHANNELS_PER_CONNECTION: '3' } });
    await refused(fw.stream('/sse/connect?channels=a,b,c,d'), 400, 'bad_request');
  });

  it('does not count the automatic channels', async () => {
    await using fw = await testServer({ env: { MAX_CHANNELS_PER_CONNECTION: '3' } });
    const stream = await fw.stream(`/sse/connect?channels=a,b,c&token=${await fw.token('u1')}`);
    await stream.next('connected');
    await publish(fw, 'c', 1);
    await stream.next('message', { channel: 'c' });
  });
});

describe('a slow reader', () => {
  it('is cut off, while the others get everything', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MESSAGE_QUEUE_SIZE: '20' } });
    const publisher = await ChannelClient.open(fw);
    const quick = await fw.stream('/sse/connect?channels=news');
    const slow = await fetch(`${fw.url}/sse/connect?channels=news`);
    assert.equal(slow.status, 200);
    const open = async (): Promise<number> => (await fw.call('GET', '/ws/stats')).body.sse.total;
    await eventually(async () => (await open()) === 2, 'both are there');
    let published = 0;
    while ((await open()) === 2) {
      await publisher.publish('news', 'x'.repeat(60_000));
      published++;
    }
    await quick.next('message', { offset: published });
    assert.deepEqual(
      quick.inbox.all.slice(1).map(({ data }) => data.offset),
      Array.from({ length: published }, (_, index) => index + 1),
    );
    await slow.body?.cancel();
  });
});

describe('SSE_ENABLED=false', () => {
  it('serves no streams', async () => {
    await using fw = await testServer({ env: { SSE_ENABLED: 'false' } });
    await refused(fw.stream('/sse/connect'), 404, 'not_found');
  });
});
