import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type TestServer, testServer } from '../support/server.ts';

const engines = ['sqlite', 'memory'];
const start = new FakeClock().now();

/** Ten messages, a second apart: offset 1 at `start`, offset 10 nine seconds later. */
async function tenMessages(engine: string): Promise<[TestServer, ChannelClient]> {
  const clock = new FakeClock(start);
  const fw = await testServer({ clock, env: { ENGINE: engine } });
  const client = await ChannelClient.open(fw);
  for (let offset = 1; offset <= 10; offset++) {
    await client.publish('news', `n${offset}`);
    clock.advance(1000);
  }
  return [fw, client];
}

interface Page {
  readonly offsets: number[];
  readonly more: boolean;
}

async function page(client: ChannelClient, query: object): Promise<Page> {
  const { content } = await client.ask('history', { channel: 'news', ...query });
  assert.equal(content.offset, 10);
  return { offsets: content.messages.map(({ offset }: { offset: number }) => offset), more: content.more };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const cases: { query: object; is: Page }[] = [
  { query: {}, is: { offsets: range(1, 10), more: false } },
  { query: { limit: 10 }, is: { offsets: range(1, 10), more: false } },
  { query: { limit: 3 }, is: { offsets: [8, 9, 10], more: true } },
  { query: { limit: 3, before: 8 }, is: { offsets: [5, 6, 7], more: true } },
  { query: { limit: 3, before: 4 }, is: { offsets: [1, 2, 3], more: false } },
  { query: { before: 1 }, is: { offsets: [], more: false } },
  { query: { before: 0 }, is: { offsets: [], more: false } },
  { query: { before: 1000 }, is: { offsets: range(1, 10), more: false } },
  { query: { limit: 3, after: 2 }, is: { offsets: [3, 4, 5], more: true } },
  { query: { limit: 3, after: 7 }, is: { offsets: [8, 9, 10], more: false } },
  { query: { limit: 3, after: 0 }, is: { offsets: [1, 2, 3], more: true } },
  { query: { after: 10 }, is: { offsets: [], more: false } },
  { query: { after: 99 }, is: { offsets: [], more: false } },
  { query: { after: 2, before: 6 }, is: { offsets: [3, 4, 5], more: false } },
  { query: { limit: 2, after: 2, before: 6 }, is: { offsets: [4, 5], more: true } },
  { query: { limit: 2, from: start + 2000 }, is: { offsets: [3, 4], more: true } },
  { query: { from: start + 2001 }, is: { offsets: range(4, 10), more: false } },
  { query: { limit: 2, to: start + 2000 }, is: { offsets: [2, 3], more: true } },
  { query: { to: start + 1999 }, is: { offsets: [1, 2], more: false } },
  { query: { to: start - 1 }, is: { offsets: [], more: false } },
  { query: { from: start + 3000, to: start + 5000 }, is: { offsets: [4, 5, 6], more: false } },
  { query: { limit: 2, from: start + 3000, to: start + 5000 }, is: { offsets: [4, 5], more: true } },
  { query: { from: start + 5000, to: start + 3000 }, is: { offsets: [], more: false } },
  { query: { after: 5, from: start + 3000, limit: 2 }, is: { offsets: [6, 7], more: true } },
  { query: { before: 5, from: start + 1000, limit: 2 }, is: { offsets: [3, 4], more: true } },
  { query: { limit: null, before: null, after: null }, is: { offsets: range(1, 10), more: false } },
];

for (const engine of engines) {
  describe(`history of ten messages (${engine})`, () => {
    for (const { query, is } of cases) {
      it(JSON.stringify(query).replaceAll(String(start).slice(0, -4), ''), async () => {
        const [fw, client] = await tenMessages(engine);
        await using _ = fw;
        assert.deepEqual(await page(client, query), is);
      });
    }

    it('is read back to front, page by page, to its beginning', async () => {
      const [fw, client] = await tenMessages(engine);
      await using _ = fw;
      const read: number[] = [];
      let { offsets, more } = await page(client, { limit: 4 });
      read.unshift(...offsets);
      while (more) {
        ({ offsets, more } = await page(client, { limit: 4, before: read[0] }));
        read.unshift(...offsets);
      }
      assert.deepEqual(read, range(1, 10));
    });

    it('is read front to back, page by page, to its end', async () => {
      const [fw, client] = await tenMessages(engine);
      await using _ = fw;
      const read: number[] = [];
      for (let more = true; more; ) {
        const next = await page(client, { limit: 4, after: read.at(-1) ?? 0 });
        read.push(...next.offsets);
        more = next.more;
      }
      assert.deepEqual(read, range(1, 10));
    });
  });
}

describe('history', () => {
  it('has 50 messages where no limit is given, and 1000 at most', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    await client.publishMany('news', 1001, { persist: true });
    const sizes = [];
    for (const limit of [undefined, 1000]) {
      const { content } = await client.ask('history', { channel: 'news', limit });
      sizes.push([content.messages.length, content.more]);
    }
    assert.deepEqual(sizes, [
      [50, true],
      [1000, true],
    ]);
    assert.equal(await client.refusal('history', { channel: 'news', limit: 1001 }), 'bad_request');
  });

  it('is of ordinary channels: the reserved ones are forbidden', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw, { user: 'u1' });
    for (const channel of ['$all', '$user:u1', '$user:u2', '$control']) {
      assert.equal(await client.refusal('history', { channel }), 'forbidden');
    }
  });

  it('waits for the own messages that are under way', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    client.send('send_to_channel', { channel: 'news', content: 'mine' });
    const { content } = await client.ask('history', { channel: 'news' });
    assert.deepEqual(content.messages[0].content, 'mine');
  });
});
