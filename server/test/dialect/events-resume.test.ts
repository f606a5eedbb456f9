import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../support/fake-clock.ts';
import { refused } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { StreamClient, StreamEvent } from '../support/stream-client.ts';

function publish(fw: TestServer, channel: string, content: unknown, more: object = {}) {
  return fw.call('POST', '/ws/send-to-channel', { channel, message: { content }, ...more });
}

function broadcast(fw: TestServer, content: unknown) {
  return fw.call('POST', '/ws/broadcast', { message: { content } });
}

function direct(fw: TestServer, user_id: string, content: unknown) {
  return fw.call('POST', '/ws/send-to-user', { user_id, message: { content } });
}

/** Both ways to say where one was. */
const ways = {
  'the header Last-Event-ID': (fw: TestServer, path: string, id: string): Promise<StreamClient> =>
    fw.stream(path, { 'last-event-id': id }),
  '?last_event_id=': (fw: TestServer, path: string, id: string): Promise<StreamClient> =>
    fw.stream(`${path}${path.includes('?') ? '&' : '?'}last_event_id=${encodeURIComponent(id)}`),
};

/** Events without the fences of `settled`. */
function eventsOf(stream: StreamClient): StreamEvent[] {
  return stream.inbox.all.filter(({ data }) => !String(data.content).startsWith('fence '));
}

/** What it got: channel and content of each message, by channel in the order of their coming. */
function heard(stream: StreamClient): Record<string, unknown[]> {
  const byChannel: Record<string, unknown[]> = {};
  for (const { data } of eventsOf(stream)) {
    if (data.offset === undefined) continue;
    byChannel[data.channel] ??= [];
    byChannel[data.channel]?.push(data.content);
  }
  return byChannel;
}

let fences = 0;

/** Everything that was published before is there: a fence comes last in each channel, among which there is no order. */
async function settled(fw: TestServer, stream: StreamClient): Promise<void> {
  const fence = `fence ${++fences}`;
  await stream.inbox.until(() => stream.inbox.all.length > 0);
  const { channels = [], user_id = null } = stream.inbox.all[0]?.data.content ?? {};
  const sent = [broadcast(fw, fence)];
  for (const channel of channels) sent.push(publish(fw, channel, fence));
  if (user_id !== null) sent.push(direct(fw, user_id, fence));
  await Promise.all(sent);
  const came = () => stream.inbox.all.filter(({ data }) => data.content === fence).length;
  await stream.inbox.until(() => came() === sent.length);
}

for (const [way, resume] of Object.entries(ways)) {
  describe(`a reconnect with ${way}`, () => {
    it('gets what it missed, of every channel, and nothing twice', async () => {
      await using fw = await testServer();
      const path = `/sse/connect?channels=news,alerts,quiet&token=${await fw.token('u1')}`;
      const before = await fw.stream(path);
      await before.next('connected');
      await publish(fw, 'news', 'n1');
      await publish(fw, 'alerts', 'a1');
      await publish(fw, 'news', 'n2');
      await broadcast(fw, 'all1');
      await direct(fw, 'u1', 'me1');
      await settled(fw, before);
      before.close();

      await publish(fw, 'news', 'n3');
      await publish(fw, 'news', 'n4');
      await broadcast(fw, 'all2');
      await direct(fw, 'u1', 'me2');
      await direct(fw, 'u2', 'not me');

      const after = await resume(fw, path, before.lastEventId);
      await publish(fw, 'alerts', 'a2');
      await publish(fw, 'quiet', 'q1');
      await settled(fw, after);
      assert.deepEqual(heard(after), {
        news: ['n3', 'n4'],
        alerts: ['a2'],
        quiet: ['q1'],
        $all: ['all2'],
        '$user:u1': ['me2'],
      });
      assert.equal(
        after.inbox.all.some(({ event }) => event === 'gap'),
        false,
      );
    });

    it('may name any event as its last: it gets what came after that one', async () => {
      await using fw = await testServer();
      const path = '/sse/connect?channels=a,b';
      const before = await fw.stream(path);
      await before.next('connected');
      for (const content of [1, 2, 3]) {
        await publish(fw, 'a', content);
        await publish(fw, 'b', content);
      }
      await before.next('message', { channel: 'b', content: 3 });
      before.close();
      const events = before.inbox.all;
      for (let last = 0; last < events.length; last++) {
        const after = await resume(fw, path, events[last]?.id ?? '');
        const missed = events.slice(last + 1).map(({ data }) => data);
        await after.inbox.until(() => after.inbox.all.length === missed.length + 1);
        const byChannel = (name: string) => missed.filter(({ channel }) => channel === name);
        const got = after.inbox.all.slice(1).map(({ data }) => data);
        assert.deepEqual(got, [...byChannel('a'), ...byChannel('b')]);
        after.close();
      }
    });

    it('also when nothing had been received but connected', async () => {
      await using fw = await testServer();
      await publish(fw, 'news', 'before');
      const path = '/sse/connect?channels=news';
      const before = await fw.stream(path);
      const { id } = await before.next('connected');
      before.close();
      await publish(fw, 'news', 'missed');
      await broadcast(fw, 'missed too');
      const after = await resume(fw, path, id);
      await settled(fw, after);
      assert.deepEqual(heard(after), { news: ['missed'], $all: ['missed too'] });
    });

    it('also when it broke off before the persisted messages were replayed', async () => {
      await using fw = await testServer();
      await publish(fw, 'news', 'kept', { persist: true });
      const path = '/sse/connect?channels=news';
      const before = await fw.stream(path);
      const { id } = await before.next('connected');
      before.close();
      const after = await resume(fw, path, id);
      await settled(fw, after);
      assert.deepEqual(heard(after).news, ['kept']);
    });

    it('again and again', async () => {
      await using fw = await testServer();
      const path = '/sse/connect?channels=a,b';
      const first = await fw.stream(path);
      let { id } = await first.next('connected');
      first.close();
      const got: unknown[] = [];
      for (let round = 1; round <= 10; round++) {
        await publish(fw, round % 2 === 0 ? 'a' : 'b', round);
        const stream = await resume(fw, path, id);
        // Every third time it breaks off before it has read anything.
        if (round % 3 === 0) continue;
        await stream.inbox.until(() => got.length + stream.inbox.all.length > round);
        const events = stream.inbox.all.slice(1);
        got.push(...events.map(({ data }) => data.content));
        id = events.at(-1)?.id ?? '';
        stream.close();
      }
      assert.deepEqual(
        got.sort((a, b) => Number(a) - Number(b)),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      );
    });

    it('resumes channels that its address does not name', async () => {
      await using fw = await testServer();
      const before = await fw.stream('/sse/connect?channels=news,alerts');
      await before.next('connected');
      await publish(fw, 'news', 1);
      const { id } = await before.next('message');
      before.close();
      await publish(fw, 'alerts', 2);
      const after = await resume(fw, '/sse/connect?channels=extra', id);
      const { channels } = (await after.next('connected')).data.content;
      assert.deepEqual([channels[0], ...channels.slice(1).sort()], ['extra', 'alerts', 'news']);
      await settled(fw, after);
      assert.deepEqual(heard(after), { alerts: [2] });
    });

    it('gets a channel that is new to its address as a new subscriber', async () => {
      await using fw = await testServer();
      const before = await fw.stream('/sse/connect?channels=news');
      const { id } = await before.next('connected');
      before.close();
      await publish(fw, 'extra', 'passing');
      await publish(fw, 'extra', 'kept', { persist: true });
      const after = await resume(fw, '/sse/connect?channels=news,extra', id);
      await settled(fw, after);
      assert.deepEqual(heard(after).extra, ['kept']);
    });
  });
}

describe('the header', () => {
  it('counts rather than the parameter', async () => {
    await using fw = await testServer();
    const before = await fw.stream('/sse/connect?channels=news');
    const { id: first } = await before.next('connected');
    await publish(fw, 'news', 1);
    const { id: second } = await before.next('message');
    const query = `last_event_id=${encodeURIComponent(first)}`;
    const after = await fw.stream(`/sse/connect?channels=news&${query}`, { 'last-event-id': second });
    await settled(fw, after);
    assert.deepEqual(heard(after), {});
  });

  it('that is empty counts as none', async () => {
    await using fw = await testServer();
    const stream = await fw.stream('/sse/connect?channels=news', { 'last-event-id': '' });
    await settled(fw, stream);
    assert.deepEqual(
      eventsOf(stream).map(({ event }) => event),
      ['connected'],
    );
  });
});

describe('when that is no longer possible', () => {
  it('event gap says for which channel, from where and to where, and the kept ones follow', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { RECOVERY_WINDOW_SIZE: '3' } });
    const path = '/sse/connect?channels=news,alerts';
    const before = await fw.stream(path);
    await publish(fw, 'news', 1);
    const { id } = await before.next('message');
    before.close();
    for (let content = 2; content <= 10; content++) await publish(fw, 'news', content);
    await publish(fw, 'alerts', 'a1');
    const after = await fw.stream(path, { 'last-event-id': id });
    await settled(fw, after);
    assert.deepEqual(heard(after), { news: [8, 9, 10], alerts: ['a1'] });
    const gaps = after.inbox.all.filter(({ event }) => event === 'gap');
    assert.deepEqual(
      gaps.map(({ data }) => data),
      [
        {
          type: 'gap',
          channel: 'news',
          content: { channel: 'news', from: 2, to: 7 },
          timestamp: clock.now(),
        },
      ],
    );
    assert.equal(after.inbox.all[1]?.event, 'gap', 'before the messages of the channel');
  });

  it('is said once: the gap’s own id goes on behind it', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { RECOVERY_WINDOW_TTL: '10' } });
    const path = '/sse/connect?channels=news';
    const before = await fw.stream(path);
    const { id } = await before.next('connected');
    before.close();
    await publish(fw, 'news', 'lost');
    clock.advance(11_000);
    const told = await fw.stream(path, { 'last-event-id': id });
    const gap = await told.next('gap');
    assert.deepEqual(gap.data.content, { channel: 'news', from: 1, to: 1 });
    told.close();
    await publish(fw, 'news', 'later');
    const after = await fw.stream(path, { 'last-event-id': gap.id });
    await settled(fw, after);
    assert.deepEqual(
      eventsOf(after).map(({ event }) => event),
      ['connected', 'message'],
    );
    assert.deepEqual(heard(after).news, ['later']);
  });

  it('of the reserved channels it is said as well', async () => {
    await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '1' } });
    const path = `/sse/connect?token=${await fw.token('u1')}`;
    const before = await fw.stream(path);
    const { id } = await before.next('connected');
    before.close();
    for (const content of [1, 2, 3]) {
      await broadcast(fw, content);
      await direct(fw, 'u1', content);
    }
    const after = await fw.stream(path, { 'last-event-id': id });
    await after.next('direct');
    assert.deepEqual(
      after.inbox.all.filter(({ event }) => event === 'gap').map(({ data }) => data.content),
      [
        { channel: '$all', from: 1, to: 2 },
        { channel: '$user:u1', from: 1, to: 2 },
      ],
    );
    assert.deepEqual(heard(after), { $all: [3], '$user:u1': [3] });
  });
});

describe('a cursor that is none of this server’s', () => {
  for (const cursor of ['42', 'hello', 'e;news', ';;;', 'e;news:1:2:3']) {
    it(`(${cursor}) says nothing about where the client was: a gap in every channel, the kept ones follow`, async () => {
      await using fw = await testServer();
      await publish(fw, 'news', 1);
      await publish(fw, 'news', 2);
      await broadcast(fw, 'kept');
      await direct(fw, 'u1', 'mine');
      const path = `/sse/connect?channels=news,empty&token=${await fw.token('u1')}`;
      const stream = await fw.stream(path, { 'last-event-id': cursor });
      await settled(fw, stream);
      assert.deepEqual(heard(stream), { $all: ['kept'], '$user:u1': ['mine'], news: [1, 2] });
      assert.deepEqual(
        stream.inbox.all.filter(({ event }) => event === 'gap').map(({ data }) => data.content),
        ['$all', '$user:u1', 'news', 'empty'].map((channel) => ({ channel, from: 1, to: null })),
      );
      const { id } = stream.inbox.all.at(-1) ?? { id: '' };
      const after = await fw.stream(path, { 'last-event-id': id });
      await publish(fw, 'empty', 'first');
      await after.next('message');
      assert.deepEqual(heard(after), { empty: ['first'] });
      assert.equal(after.inbox.all.length, 2);
    });
  }

  it('of another epoch is a gap as well', async () => {
    await using fw = await testServer();
    await publish(fw, 'news', 1);
    const stream = await fw.stream('/sse/connect?channels=news', { 'last-event-id': 'elsewhere;news:1' });
    assert.deepEqual((await stream.next('gap')).data.content, { channel: 'news', from: 1, to: null });
    await stream.next('message', { content: 1 });
  });
});

describe('a cursor', () => {
  it('with another user’s channel reveals nothing of it, and is not refused', async () => {
    await using fw = await testServer();
    await direct(fw, 'u1', 'secret');
    const own = await fw.stream(`/sse/connect?channels=news&token=${await fw.token('u1')}`);
    await own.next('connected');
    await publish(fw, 'news', 1);
    const { id } = await own.next('message');
    assert.match(id, /user%3Au1/);
    await publish(fw, 'news', 2);
    for (const token of ['', `&token=${await fw.token('u2')}`]) {
      const other = await fw.stream(`/sse/connect?channels=news${token}`, { 'last-event-id': id });
      await direct(fw, 'u1', 'secret too');
      await settled(fw, other);
      assert.deepEqual(heard(other).news, [2]);
      assert.doesNotMatch(other.text, /secret|user%3Au1|user:u1/);
    }
  });

  it('with reserved names of nobody is not refused', async () => {
    await using fw = await testServer();
    const cursor = 'e;%24control:0,%24:1,%24all:0,%24user%3A:3';
    const stream = await fw.stream('/sse/connect', { 'last-event-id': cursor });
    await settled(fw, stream);
    assert.doesNotMatch(stream.text, /control/);
  });

  it('never names what its reader may not read', async () => {
    await using fw = await testServer();
    const owner = await fw.socket(`/?token=${await fw.token('owner')}`);
    await owner.ask({ action: 'create', room: 'vip', private: true }, { action: 'created' });
    const outsider = await fw.stream('/sse/connect?channels=news');
    await outsider.next('connected');
    await publish(fw, 'news', 1);
    const { id: before } = await outsider.next('message');
    await owner.ask({ action: 'join', room: 'vip' }, { action: 'joined' });
    await owner.ask({ action: 'message', room: 'vip', text: 'private' }, { action: 'message' });
    await publish(fw, 'news', 2);
    const { id: after } = await outsider.next('message');
    assert.equal(after, before.replace('news:1', 'news:2'));
  });
});

describe('permission is asked again', () => {
  it('for the channels of the address: the stream is refused', async () => {
    await using fw = await testServer({ env: { SSE_AUTH_REQUIRED: 'true' } });
    const path = '/sse/connect?channels=news,alerts';
    const before = await fw.stream(`${path}&token=${await fw.token('u1')}`);
    const { id } = await before.next('connected');
    before.close();
    const narrow = await fw.token('u1', { channels: ['news'] });
    await refused(fw.stream(`${path}&token=${narrow}`, { 'last-event-id': id }), 403, 'forbidden');
  });

  it('for the token: the stream is refused', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const path = `/sse/connect?token=${await fw.token('u1', { ttlSeconds: 10 })}`;
    const before = await fw.stream(path);
    const { id } = await before.next('connected');
    before.close();
    clock.advance(10_000);
    await refused(fw.stream(path, { 'last-event-id': id }), 401, 'unauthorized');
  });

  it('for channels of the cursor alone: they are left out, and the event unsubscribed says so', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { SSE_AUTH_REQUIRED: 'true' } });
    const before = await fw.stream(`/sse/connect?channels=news,alerts&token=${await fw.token('u1')}`);
    const { id } = await before.next('connected');
    before.close();
    await publish(fw, 'alerts', 'not for them any more', { persist: true });
    await publish(fw, 'news', 'missed');
    const narrow = await fw.token('u1', { channels: ['news'] });
    const after = await fw.stream(`/sse/connect?channels=news&token=${narrow}`, { 'last-event-id': id });
    const unsubscribed = await after.next('unsubscribed');
    assert.deepEqual(unsubscribed.data, {
      type: 'unsubscribed',
      channel: 'alerts',
      content: { reason: 'permission lost' },
      timestamp: clock.now(),
    });
    await settled(fw, after);
    assert.deepEqual(heard(after), { news: ['missed'] });
    for (const event of after.inbox.all) assert.doesNotMatch(event.id, /alerts/);
  });
});
