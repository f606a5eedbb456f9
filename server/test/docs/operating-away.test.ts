import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { EventSource, type FetchLike } from 'eventsource';
import { ChannelClient } from '../support/channel-client.ts';
import { Inbox } from '../support/inbox.ts';
import { Lives } from '../support/lives.ts';
import { lacks } from '../support/needs.ts';
import { Caddy } from './caddy.ts';
import { freePort, Nginx } from './nginx.ts';

interface Proxy extends AsyncDisposable {
  readonly url: string;
}

/** As `fetch` does, by TLS with a certificate that nobody signed. */
const fetchByTls: FetchLike = async (url, { headers, signal }) => {
  const sent = request(url, { headers, signal, rejectUnauthorized: false, agent: false });
  sent.end();
  const [response] = await once(sent, 'response');
  const { statusCode, headers: answered } = response;
  return {
    body: Readable.toWeb(response),
    url: String(url),
    status: statusCode,
    redirected: false,
    headers: new Headers(answered),
  };
};

/** What the page says, but for the time to wait: the test has none. */
const soon = (text: string): string => text.replaceAll('retry: 3000', 'retry: 50');

const proxies = {
  nginx: (upstream: string): Promise<Proxy> => Nginx.start(upstream, soon, { away: true }),
  caddy: (upstream: string): Promise<Proxy> => Caddy.start(upstream, soon),
};

for (const name of ['nginx', 'caddy'] as const) {
  describe(`docs/operating.md: ${name} in front of a server that is away`, { skip: lacks(name) }, () => {
    it('tells an EventSource when to come back, others that it is away', async () => {
      await using proxy = await proxies[name](`http://127.0.0.1:${await freePort()}`);
      const ask = async (path: string, accepts: string, more: Record<string, string> = {}) => {
        const headers = { Accept: accepts as 'text/event-stream', ...more };
        const signal = AbortSignal.timeout(10_000);
        const init = { headers, signal, mode: 'cors', cache: 'no-store', redirect: 'follow' } as const;
        const { status, headers: answered, body } = await fetchByProxy(proxy)(`${proxy.url}${path}`, init);
        return { status, headers: answered, text: await new Response(body as ReadableStream).text() };
      };
      const stream = 'text/event-stream';
      const origin = 'https://app.example.com';
      const told = await ask('/sse/connect?channels=news', stream, { origin });
      assert.deepEqual([told.status, told.text], [200, 'retry: 50\n\n']);
      assert.equal(told.headers.get('content-type'), 'text/event-stream');
      assert.match(told.headers.get('cache-control') ?? '', /no-store/);
      assert.equal(told.headers.get('access-control-allow-origin'), origin);
      for (const path of ['/health', '/ws/connect']) {
        assert.ok((await ask(path, stream)).status >= 502, path);
      }
      assert.ok((await ask('/sse/connect', '*/*')).status >= 502);
    });

    it('an EventSource comes back by itself, and misses nothing', async () => {
      const port = await freePort();
      using lives = new Lives({ env: { PORT: `${port}`, SSE_RETRY_TIMEOUT: '50' } });
      await using proxy = await proxies[name](`http://127.0.0.1:${port}`);
      const messages = new Inbox<unknown>('messages');
      const tries = new Inbox<number>('tries');
      const source = new EventSource(`${proxy.url}/sse/connect?channels=news`, {
        fetch: (url, init) => {
          tries.put(Date.now());
          return fetchByProxy(proxy)(url, init);
        },
      });
      source.onmessage = ({ data }) => messages.put(JSON.parse(data).content);
      try {
        await lives.one(async (fw) => {
          const connected = once(source, 'connected');
          await connected;
          await (await ChannelClient.open(fw)).publish('news', 1);
          await messages.next();
        });
        const before = tries.all.length;
        await tries.until(() => tries.all.length >= before + 3);
        await lives.one(async (fw) => {
          const publisher = await ChannelClient.open(fw);
          await publisher.publish('news', 2);
          await messages.next((content) => content === 2);
        });
        assert.deepEqual(messages.all, [1, 2]);
      } finally {
        source.close();
      }
    });
  });
}

function fetchByProxy({ url }: Proxy): FetchLike {
  return url.startsWith('https') ? fetchByTls : fetch;
}
