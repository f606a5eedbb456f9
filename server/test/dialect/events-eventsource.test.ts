import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventSource } from 'eventsource';
import { ChannelClient } from '../support/channel-client.ts';
import { Inbox } from '../support/inbox.ts';
import { Lives } from '../support/lives.ts';
import { type TestServer, testServer } from '../support/server.ts';
import type { Frame } from '../support/socket-client.ts';

/** What a page sees with the `eventsource` package, which follows the HTML standard. */
class Page implements Disposable {
  readonly source: EventSource;
  readonly connected = new Inbox<Frame>('connected');
  readonly messages = new Inbox<Frame>('onmessage');
  readonly prices = new Inbox<Frame>('price');

  constructor(url: string) {
    this.source = new EventSource(url);
    this.source.addEventListener('connected', ({ data }) => this.connected.put(JSON.parse(data)));
    this.source.onmessage = ({ data }) => this.messages.put(JSON.parse(data));
    this.source.addEventListener('price', ({ data }) => this.prices.put(JSON.parse(data)));
  }

  [Symbol.dispose](): void {
    this.source.close();
  }
}

/** Ends the page's `nth` stream from the server's side, as soon as there is one; it comes back by itself. */
async function cut(fw: TestServer, page: Page, nth: number): Promise<void> {
  await page.connected.until(() => page.connected.all.length >= nth);
  const { content } = page.connected.all[nth - 1];
  const { status } = await fw.call('DELETE', `/ws/connections/${content.connection_id}`);
  assert.equal(status, 200);
}

const env = { SSE_RETRY_TIMEOUT: '0' };

describe('EventSource', () => {
  it('gets text in onmessage, and other types by addEventListener', async () => {
    await using fw = await testServer({ env });
    using page = new Page(`${fw.url}/sse/connect?channels=news`);
    await page.connected.next();
    await fw.call('POST', '/ws/send-to-channel', { channel: 'news', message: { content: 'hi' } });
    await fw.call('POST', '/sse/send-to-channel', { channel: 'news', event: 'price', data: 5 });
    assert.equal((await page.messages.next()).content, 'hi');
    assert.equal((await page.prices.next()).content, 5);
    assert.equal(page.messages.all.length, 1);
  });

  it('comes back after the server ended its stream, and misses nothing', async () => {
    await using fw = await testServer({ env });
    using page = new Page(`${fw.url}/sse/connect?channels=news,alerts`);
    await page.connected.next();
    const publisher = await ChannelClient.open(fw);
    const total = 300;
    let cuts = 0;
    for (let content = 1; content <= total; content++) {
      const channel = content % 3 === 0 ? 'alerts' : 'news';
      await publisher.publish(channel, content, content % 5 === 0 ? { type: 'price' } : {});
      if (content % 60 === 30) await cut(fw, page, ++cuts);
    }
    const all = (): Frame[] => [...page.messages.all, ...page.prices.all];
    await page.messages.until(() => all().length >= total);
    const contents = all()
      .map(({ content }) => content)
      .sort((a, b) => a - b);
    assert.deepEqual(
      contents,
      Array.from({ length: total }, (_, index) => index + 1),
    );
    await page.connected.until(() => page.connected.all.length === cuts + 1);
  });

  it('can be opened again elsewhere with the last id, and misses nothing', async () => {
    using lives = new Lives({ env });
    const cursor = await lives.one(async (fw) => {
      using page = new Page(`${fw.url}/sse/connect?channels=news`);
      const lastEventId = new Promise<string>((resolve) => {
        page.source.addEventListener('message', (event) => resolve(event.lastEventId));
      });
      await page.connected.next();
      await (await ChannelClient.open(fw)).publish('news', 1);
      return lastEventId;
    });
    await lives.one(async (fw) => {
      await (await ChannelClient.open(fw)).publish('news', 2);
      const query = `channels=news&last_event_id=${encodeURIComponent(cursor)}`;
      using page = new Page(`${fw.url}/sse/connect?${query}`);
      assert.equal((await page.messages.next()).content, 2);
    });
  });
});
