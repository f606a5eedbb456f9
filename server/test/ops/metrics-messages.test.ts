import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, fails, relay, room, say } from '../support/doors.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { SocketClient } from '../support/socket-client.ts';
import { becomes, growth, scrape } from './figures.ts';

/** Bytes on the wire of the frames that a client gets from now on, the framing included. */
function weigh(client: SocketClient): () => number {
  let bytes = 0;
  client.ws.on('message', (data: Buffer) => {
    bytes += data.length + (data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10);
  });
  return () => bytes;
}

async function members(fw: TestServer, count: number): Promise<ChannelClient[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = await ChannelClient.open(fw);
      await client.subscribe('news');
      return client;
    }),
  );
}

describe('messages', () => {
  it('in, published and out, with their bytes', async () => {
    await using fw = await testServer();
    const [publisher, reader, other] = await members(fw, 3);
    assert.ok(publisher && reader && other);
    const live = weigh(reader.socket);
    const all = weigh(publisher.socket);
    const frames = [1, 'zwölf', 'x'.repeat(500)].map((content) =>
      JSON.stringify({ action: 'send_to_channel', data: { channel: 'news', content } }),
    );
    const grown = await growth(fw, async () => {
      for (const frame of frames) publisher.socket.send(frame);
      for (const client of [publisher, reader, other]) await client.reached('news', 3);
      await publisher.socket.inbox.until(
        () => publisher.frames.filter(({ type }) => type === 'ack').length === 3,
      );
    });
    assert.equal(grown('fanwire_messages_received_total', { dialect: 'channel' }), 3);
    assert.equal(grown('fanwire_messages_received_total'), 3);
    assert.equal(
      grown('fanwire_received_bytes_total', { dialect: 'channel' }),
      frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0),
    );
    assert.equal(grown('fanwire_messages_published_total', { outcome: 'committed' }), 3);
    assert.equal(grown('fanwire_messages_published_total', { outcome: 'failed' }), 0);
    assert.equal(grown('fanwire_messages_delivered_total', { kind: 'live' }), 9);
    assert.equal(grown('fanwire_messages_delivered_total', { kind: 'replay' }), 0);
    assert.equal(grown('fanwire_sent_bytes_total', { kind: 'live' }), 3 * live());
    assert.equal(grown('fanwire_sent_bytes_total', { kind: 'reply' }), all() - live());
  });

  for (const door of [relay, room, chat]) {
    it(`in, by dialect: ${door.name}`, async () => {
      await using fw = await testServer();
      const client = await enter(fw, door, 'lobby');
      const grown = await growth(fw, () => say(door, client, 'lobby', 'hello'));
      assert.equal(grown('fanwire_messages_received_total', { dialect: door.name }), 1);
      assert.equal(grown('fanwire_messages_received_total'), 1);
      assert.equal(
        grown('fanwire_received_bytes_total', { dialect: door.name }),
        JSON.stringify(door.message('lobby', 'hello')).length,
      );
      assert.equal(grown('fanwire_messages_published_total'), 1);
      assert.equal(grown('fanwire_messages_delivered_total', { kind: 'live' }), 1);
    });
  }

  it('are not delivered to a publisher without echo, nor counted for it', async () => {
    await using fw = await testServer();
    const silent = await ChannelClient.open(fw, { query: 'echo=false' });
    await silent.subscribe('news');
    const [reader] = await members(fw, 1);
    assert.ok(reader);
    const grown = await growth(fw, async () => {
      await silent.publish('news', 1);
      await reader.reached('news', 1);
    });
    const delivered = silent.contents('news').length + reader.contents('news').length;
    assert.equal(grown('fanwire_messages_delivered_total', { kind: 'live' }), delivered);
  });

  it('by HTTP are published, and reach an event stream', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect?channels=news');
    await stream.next('connected');
    const before = stream.text.length;
    const grown = await growth(fw, async () => {
      await fw.call('POST', '/ws/send-to-channel', { channel: 'news', message: { content: 1 } });
      await stream.next('message', { content: 1 });
    });
    assert.equal(grown('fanwire_messages_published_total', { outcome: 'committed' }), 1);
    assert.equal(grown('fanwire_messages_delivered_total', { kind: 'live' }), 1);
    assert.equal(grown('fanwire_messages_received_total'), 0);
    const event = stream.text.length - before;
    const framing = `${event.toString(16)}\r\n\r\n`.length;
    assert.equal(grown('fanwire_sent_bytes_total', { kind: 'live' }), event + framing, 'in a chunk');
  });

  it('that are replayed count as such', async () => {
    await using fw = await testServer();
    const [publisher] = await members(fw, 1);
    assert.ok(publisher);
    await publisher.publishMany('news', 5);
    const late = await ChannelClient.open(fw);
    const grown = await growth(fw, async () => {
      await late.subscribe('news', { history: 3 });
      await late.reached('news', 5);
    });
    assert.deepEqual(late.contents('news'), [3, 4, 5]);
    assert.equal(grown('fanwire_messages_delivered_total', { kind: 'replay' }), 3);
    assert.equal(grown('fanwire_messages_delivered_total', { kind: 'live' }), 0);
    assert.ok(grown('fanwire_sent_bytes_total', { kind: 'replay' }) > 0);
  });
});

describe('ticks', () => {
  it('one for each batch: its size, duration, commit and latency', async () => {
    await using fw = await testServer();
    const [publisher] = await members(fw, 1);
    assert.ok(publisher);
    const began = performance.now();
    const grown = await growth(fw, async () => {
      for (let content = 0; content < 3; content++) await publisher.publish('news', content);
    });
    const most = (performance.now() - began) / 1000;
    assert.equal(grown('fanwire_tick_messages_count'), 3);
    assert.equal(grown('fanwire_tick_messages_sum'), 3);
    assert.equal(grown('fanwire_tick_messages_bucket', { le: '1' }), 3);
    for (const name of ['tick_duration', 'engine_commit', 'publish_latency']) {
      assert.equal(grown(`fanwire_${name}_seconds_count`), 3, name);
      const sum = grown(`fanwire_${name}_seconds_sum`);
      assert.ok(sum > 0 && sum < most, `${name}: ${sum} s`);
    }
    const [commit, duration, latency] = ['engine_commit', 'tick_duration', 'publish_latency'].map((name) =>
      grown(`fanwire_${name}_seconds_sum`),
    );
    assert.ok(Number(commit) < Number(duration) && Number(duration) <= Number(latency));
  });
});

describe('recoveries, by outcome', () => {
  const name = 'fanwire_recoveries_total';

  it('of the channel dialect', async () => {
    await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '5' } });
    const [publisher] = await members(fw, 1);
    assert.ok(publisher);
    await publisher.publishMany('news', 20);
    const { epoch } = await publisher.publish('news', 'last');
    const asked: [string, object][] = [
      ['recovered', { epoch, offset: 19 }],
      ['gap', { epoch, offset: 3 }],
      ['other-epoch', { epoch: 'another', offset: 3 }],
      ['other-epoch', { epoch, offset: 1000 }],
    ];
    for (const [outcome, position] of asked) {
      const client = await ChannelClient.open(fw);
      const grown = await growth(fw, () => client.subscribe('news', { position }));
      assert.equal(grown(name, { outcome }), 1);
      assert.equal(grown(name), 1);
    }
    const fresh = await ChannelClient.open(fw);
    assert.equal((await growth(fw, () => fresh.subscribe('news')))(name), 0);
  });

  it('of event streams, one for each channel; a stream that is new resumes nothing', async () => {
    await using fw = await testServer();
    const path = '/sse/connect?channels=news,sport';
    let id = '';
    const opened = await growth(fw, async () => {
      const stream = await fw.stream(path);
      ({ id } = await stream.next('connected'));
      stream.close();
    });
    assert.equal(opened(name), 0);
    const resumed = await growth(fw, async () => {
      const stream = await fw.stream(path, { 'last-event-id': id });
      await stream.next('connected');
      await becomes(fw, 3, name);
    });
    // news, sport and $all.
    assert.equal(resumed(name, { outcome: 'recovered' }), 3);
    assert.equal(resumed(name), 3);
  });
});

describe('errors that clients were told, by dialect and code', () => {
  const name = 'fanwire_errors_sent_total';

  it('of the channel dialect', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    const grown = await growth(fw, async () => {
      assert.equal(await client.refusal('nonsense'), 'unknown_action');
      assert.equal(await client.refusal('unsubscribe', { channel: 'nowhere' }), 'not_subscribed');
      client.socket.send('[');
      await client.socket.next({ type: 'error' });
    });
    for (const code of ['unknown_action', 'not_subscribed']) {
      assert.equal(grown(name, { dialect: 'channel', code }), 1);
    }
    assert.equal(grown(name), 3);
  });

  for (const door of [relay, room, chat]) {
    it(`of ${door.name}`, async () => {
      await using fw = await testServer();
      const client = await enter(fw, door, 'lobby');
      const grown = await growth(fw, async () => {
        client.send('{');
        await fails(door, client, 'bad_json');
      });
      assert.equal(grown(name, { dialect: door.name, code: 'bad_json' }), 1);
      assert.equal(grown(name), 1);
    });
  }

  it('of the rate limit', async () => {
    await using fw = await testServer({ env: { MESSAGE_RATE_LIMIT: '1' } });
    const client = await fw.socket('/ws/connect');
    await client.next({ type: 'connected' });
    const grown = await growth(fw, async () => {
      client.send({ action: 'ping' });
      client.send({ action: 'ping' });
      await client.next({ type: 'error' });
    });
    assert.equal(grown(name, { dialect: 'channel', code: 'rate_limited' }), 1);
    assert.equal(grown('fanwire_messages_received_total'), 2);
  });

  it('of HTTP', async () => {
    await using fw = await testServer();
    const grown = await growth(fw, async () => {
      await fw.call('GET', '/nowhere');
      await fw.call('POST', '/ws/send-to-channel', '{');
      await fw.call('POST', '/ws/send-to-channel', { channel: 1 });
    });
    for (const code of ['not_found', 'bad_json', 'bad_request']) {
      assert.equal(grown(name, { dialect: 'http', code }), 1);
    }
    assert.equal(grown(name), 3);
  });
});

describe('the backlog', () => {
  it('is what waits for readers that do not read, and is gone when they do', async () => {
    await using fw = await testServer({
      env: { WEBSOCKET_MESSAGE_QUEUE_SIZE: '100000', MAX_BACKLOG_BYTES: '1000000000' },
    });
    const [publisher, frozen] = await members(fw, 2);
    assert.ok(publisher && frozen);
    frozen.socket.ws.pause();
    const content = 'x'.repeat(50_000);
    let sent = 0;
    do {
      for (let i = 0; i < 20; i++, sent++) await publisher.publish('news', content);
    } while ((await scrape(fw)).value('fanwire_backlog_messages') === 0);
    const waiting = await scrape(fw);
    assert.equal(waiting.value('fanwire_backlog_connections'), 1);
    assert.ok(waiting.value('fanwire_backlog_bytes') >= waiting.value('fanwire_backlog_messages') * 50_000);
    const grown = await growth(fw, () => publisher.publish('news', content));
    assert.equal(grown('fanwire_backlog_messages'), 1);
    frozen.socket.ws.resume();
    await frozen.reached('news', sent + 1);
    for (const what of ['connections', 'messages', 'bytes']) await becomes(fw, 0, `fanwire_backlog_${what}`);
  });

  it('of a reader that is cut off is gone with it', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_MESSAGE_QUEUE_SIZE: '3' } });
    const [publisher, frozen] = await members(fw, 2);
    assert.ok(publisher && frozen);
    frozen.socket.ws.pause();
    const gone = async (): Promise<boolean> =>
      (await scrape(fw)).value('fanwire_connections_closed_total', { code: '4413', by: 'server' }) === 1;
    while (!(await gone())) {
      for (let i = 0; i < 20; i++) await publisher.publish('news', 'x'.repeat(50_000));
    }
    for (const what of ['connections', 'messages', 'bytes']) await becomes(fw, 0, `fanwire_backlog_${what}`);
  });
});
