import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { refused } from '../support/refusals.ts';
import { testServer } from '../support/server.ts';
import { SocketClient } from '../support/socket-client.ts';

describe('MAX_CHANNELS_PER_CONNECTION', () => {
  const env = { MAX_CHANNELS_PER_CONNECTION: '3' };

  for (const user of [undefined, 'u1']) {
    const who = user === undefined ? 'an anonymous connection' : 'a signed-in connection';
    it(`is how many channels ${who} may be in, the automatic ones not counted`, async () => {
      await using fw = await testServer({ env });
      const client = await ChannelClient.open(fw, user === undefined ? {} : { user });
      for (const channel of ['a', 'b', 'c']) await client.subscribe(channel);
      assert.equal(await client.refusal('subscribe', { channel: 'd' }), 'limit_reached');
      await client.subscribe('a');
      await client.subscribe('$all');
      await client.ask('unsubscribe', { channel: 'a' });
      await client.subscribe('d');
    });
  }
});

describe('WEBSOCKET_MAX_CONNECTIONS', () => {
  it('refuses one more with 503 server_full and Retry-After, and lets in again after one has left', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MAX_CONNECTIONS: '2' } });
    const client = await ChannelClient.open(fw);
    await ChannelClient.open(fw);
    const { headers } = await refused(fw.socket('/ws/connect'), 503, 'server_full');
    assert.match(String(headers['retry-after']), /^\d+$/);
    await fw.stream('/sse/connect');
    client.close();
    await eventually(
      async () => (await fw.call('GET', '/ws/stats')).body.websocket.total === 1,
      'one has left',
    );
    await ChannelClient.open(fw);
  });
});

describe('MESSAGE_RATE_LIMIT', () => {
  const env = { MESSAGE_RATE_LIMIT: '10' };

  it('refuses what is over it as rate_limited, which may be tried again', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env });
    const client = await ChannelClient.open(fw);
    for (let frame = 0; frame < 10; frame++) await client.settled();
    client.send('ping');
    const { type, content } = await client.socket.next();
    assert.equal(type, 'error');
    assert.deepEqual(content, {
      type: 'rate_limited',
      error: 'at most 10 messages a second',
      retryable: true,
    });
    clock.advance(100);
    await client.settled();
    client.send('ping');
    assert.equal((await client.socket.next()).content.type, 'rate_limited');
    clock.advance(1000);
    for (let frame = 0; frame < 10; frame++) await client.settled();
  });

  it('answers with the request_id', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env });
    const client = await ChannelClient.open(fw);
    for (let frame = 0; frame < 10; frame++) await client.settled();
    client.send('ping', {}, 'mine');
    assert.equal((await client.socket.next()).request_id, 'mine');
  });

  it('closes with 4429 whoever keeps exceeding it', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env });
    const { socket } = await ChannelClient.open(fw);
    for (let frame = 0; frame < 70; frame++) socket.send({ action: 'ping' });
    assert.deepEqual(await socket.closed, { code: 4429, reason: 'keeps exceeding its rate limit' });
    const refusals = socket.inbox.all.filter(({ content }) => content.type === 'rate_limited');
    assert.equal(refusals.length, 50);
  });

  it('is a limit of each connection by itself', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env });
    const [one, two] = [await ChannelClient.open(fw), await ChannelClient.open(fw)];
    for (let frame = 0; frame < 10; frame++) {
      await one.settled();
      await two.settled();
    }
  });
});

describe('a reader that is too slow', () => {
  it('is closed with 4413, while the others get everything', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MESSAGE_QUEUE_SIZE: '20' } });
    const publisher = await ChannelClient.open(fw);
    const quick = await ChannelClient.open(fw);
    const frozen = await ChannelClient.open(fw);
    for (const client of [quick, frozen]) await client.subscribe('news');
    frozen.socket.ws.pause();
    const open = async (): Promise<number> => (await fw.call('GET', '/ws/stats')).body.websocket.total;
    let published = 0;
    while ((await open()) === 3) {
      await publisher.publish('news', 'x'.repeat(60_000));
      published++;
    }
    assert.equal(await open(), 2);
    await quick.reached('news', published);
    assert.deepEqual(
      quick.offsets('news'),
      Array.from({ length: published }, (_, index) => index + 1),
    );
    frozen.socket.ws.resume();
    assert.deepEqual(await frozen.socket.closed, {
      code: 4413,
      reason: 'reads too slowly: its backlog passed the limit',
    });
    // What it got is a beginning without a hole, so that it can recover the rest.
    const got = frozen.offsets('news');
    assert.deepEqual(
      got,
      got.map((_, index) => index + 1),
    );
    assert.ok(got.length < published);
    const { epoch } = quick.messages('news')[0];
    const returned = await ChannelClient.open(fw);
    const position = { epoch, offset: got.length };
    assert.equal((await returned.subscribe('news', { position })).recovered, true);
    await returned.reached('news', published);
    assert.equal(returned.offsets('news').length, published - got.length);
  });
});

describe('a server that closes', () => {
  it('says so with 1012, after everything accepted was delivered', async () => {
    let client: SocketClient;
    {
      await using fw = await testServer();
      // Not one of the server's own clients, which would be cut off before it closes.
      client = new SocketClient(`${fw.url.replace('http', 'ws')}/ws/connect`, {});
      await client.opened;
      await client.ask({ action: 'subscribe', data: { channel: 'news' } }, { type: 'subscribed' });
      for (let content = 1; content <= 10; content++) {
        client.send({ action: 'send_to_channel', data: { channel: 'news', content } });
      }
      await client.next({ content: 1 });
    }
    assert.deepEqual(await client.closed, { code: 1012, reason: 'the server restarts' });
    const contents = client.inbox.all.filter(({ type }) => type === 'text').map(({ content }) => content);
    const acks = client.inbox.all.filter(({ type }) => type === 'ack').length;
    assert.ok(contents.length > 0);
    assert.equal(acks, contents.length);
    assert.deepEqual(
      contents,
      contents.map((_, index) => index + 1),
    );
  });
});
