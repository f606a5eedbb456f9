import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Figures, scrape } from '../ops/figures.ts';
import { hosted } from '../support/embedded.ts';
import { eventually } from '../support/eventually.ts';
import { residentMemory } from '../support/memory.ts';
import { RawSocket, requestText } from '../support/raw-socket.ts';
import { testServer } from '../support/server.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { watchedServer } from '../support/watched-server.ts';

const get = (path: string): string => requestText(`GET ${path} HTTP/1.1`, [['Host', 'localhost']]);
const page = '/api/channels/long/messages?limit=1000';
const mebibyte = 1_048_576;

/** So much that a page of it is as large as a page may be. */
async function fill(url: string): Promise<void> {
  const messages = Array.from({ length: 16 }, () => ({
    channel: 'long',
    data: 'x'.repeat(60_000),
    persist: true,
  }));
  const response = await fetch(`${url}/api/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
  });
  assert.equal(response.status, 200);
}

/** Clients that ask for these, one behind the other, and read nothing. */
class Deaf implements Disposable {
  readonly all: RawSocket[] = [];

  async ask(url: string, clients: number, requests: string): Promise<void> {
    for (let n = 0; n < clients; n++) {
      const raw = new RawSocket(url);
      this.all.push(raw);
      raw.socket.pause();
      await raw.connected();
      raw.write(requests);
    }
  }

  [Symbol.dispose](): void {
    for (const raw of this.all) raw.close();
  }
}

/** Asks again and again for as long as the work lasts; the median of its waits, and the most memory. */
async function watch({ url, pid }: ServerProcess, work: Promise<unknown>) {
  const waits: number[] = [];
  let memory = 0;
  let working = true;
  const done = work.finally(() => {
    working = false;
  });
  while (working) {
    const began = performance.now();
    assert.equal((await fetch(`${url}/health`)).status, 200);
    waits.push(performance.now() - began);
    memory = Math.max(memory, residentMemory(pid));
  }
  await done;
  waits.sort((one, other) => one - other);
  return { wait: waits[Math.floor(waits.length / 2)] ?? 0, memory };
}

/** All that comes back for these requests and one more, which is the last. */
async function everything(url: string, requests: string, pause?: () => Promise<void>): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(requests + get('/health').replace('Host', 'Connection: close\r\nHost'));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk);
    await pause?.();
  }
  return Buffer.concat(chunks).toString('latin1');
}

async function unread({ url }: ServerProcess): Promise<number> {
  const figures = new Figures(await (await fetch(`${url}/metrics`)).text());
  return figures.value('fanwire_http_unread_bytes');
}

describe('clients that ask for much and read nothing', () => {
  const floods: readonly (readonly [string, number, string])[] = [
    ['100 clients, each for 60 pages of history', 100, get(page).repeat(60)],
    ['500 clients, each 60 times for the description of the API', 500, get('/openapi.json').repeat(60)],
  ];
  for (const [title, clients, requests] of floods) {
    it(`${title}: memory is bounded, others are served, and they are cut`, async (t) => {
      using directory = new Directory();
      await using server = await ServerProcess.start({
        env: {
          DATABASE_PATH: directory.join('chat.db'),
          MAX_HTTP_UNREAD_BYTES: String(16 * mebibyte),
          HTTP_SEND_TIMEOUT: '1',
        },
      });
      await fill(server.url);
      for (let n = 0; n < 20; n++) await fetch(`${server.url}${page}`).then((answer) => answer.text());
      const before = residentMemory(server.pid);
      using deaf = new Deaf();
      const attack = async (): Promise<void> => {
        await deaf.ask(server.url, clients, requests);
        await eventually(async () => (await unread(server)) === 0, 'nothing is held for them');
      };
      const { wait, memory } = await watch(server, attack());
      const growth = memory - before;
      t.diagnostic(
        `grew by ${Math.round(growth)} MiB, every other answer took less than ${Math.round(wait)} ms`,
      );
      assert.ok(growth < 250, `grew by ${Math.round(growth)} MiB`);
      assert.ok(wait < 300, `${wait} ms`);
    });
  }

  it('hold no more bytes than the limit, and whoever has taken nothing for longest goes', async () => {
    await using fw = await watchedServer({ MAX_HTTP_UNREAD_BYTES: String(mebibyte) });
    await fill(fw.url);
    using deaf = new Deaf();
    // More than the kernel takes for one of them.
    await deaf.ask(fw.url, 8, get(page).repeat(60));
    const cuts = async () => (await scrape(fw)).value('fanwire_http_cuts_total', { reason: 'unread' });
    await eventually(async () => (await cuts()) >= 5, 'some are cut');
    assert.ok((await scrape(fw)).value('fanwire_http_unread_bytes') <= 2 * mebibyte);
    const lines = fw.faults.map((fault) => (fault as { setting?: string }).setting);
    assert.deepEqual(lines, ['MAX_HTTP_UNREAD_BYTES']);
  });

  it('on the server of another program are bounded as well', async () => {
    const apiKeys = { keys: 'shop:manage:a-key-of-the-tests' };
    await using fw = await hosted({ apiKeys, http: { sendTimeout: 0.4, unreadBytes: mebibyte } });
    for (let n = 0; n < 16; n++) await fw.fanwire.publish('long', 'x'.repeat(60_000));
    let connections = 0;
    const ended = Promise.withResolvers<void>();
    fw.http.on('connection', (socket: Socket) => {
      connections++;
      socket.on('close', () => --connections === 0 && ended.resolve());
    });
    using deaf = new Deaf();
    await deaf.ask(fw.url, 6, get(`${page}&api_key=a-key-of-the-tests`).repeat(60));
    await ended.promise;
    const theirs = await fetch(`${fw.url}/theirs`);
    assert.equal(await theirs.text(), 'theirs');
  });
});

describe('the deadline of an answer', () => {
  it('is for who takes nothing: who takes a little from time to time gets everything', async () => {
    await using fw = await testServer({ env: { HTTP_SEND_TIMEOUT: '1.5' } });
    await fill(fw.url);
    const asked = 60;
    const began = performance.now();
    const text = await everything(fw.url, get(page).repeat(asked), async () => {
      if (performance.now() - began < 2_500) await delay(10);
    });
    assert.equal(text.split('HTTP/1.1 200 ').length, asked + 2);
  });

  it('ends who took a part of it and then nothing', async () => {
    await using fw = await testServer({ env: { HTTP_SEND_TIMEOUT: '0.5' } });
    await fill(fw.url);
    using deaf = new Deaf();
    await deaf.ask(fw.url, 1, get(page).repeat(60));
    const cut = async () => (await scrape(fw)).value('fanwire_http_cuts_total', { reason: 'deadline' });
    await eventually(async () => (await cut()) === 1, 'it is cut');
  });
});

describe('requests that do not wait for answers', () => {
  it('are not read any further while their answers are not taken', async () => {
    await using fw = await testServer();
    await fill(fw.url);
    const raw = new RawSocket(fw.url);
    raw.socket.pause();
    const many = get(page).repeat(1_000);
    let sent = 0;
    const pour = (): void => {
      while (raw.socket.writable && raw.socket.write(many)) sent += many.length;
      sent += many.length;
    };
    raw.socket.on('drain', pour);
    await raw.connected();
    pour();
    let before = -1;
    const stuck = async (): Promise<boolean> => {
      const now = (await scrape(fw)).value('fanwire_http_requests_unanswered');
      const same = now === before && now > 64;
      before = now;
      return same;
    };
    await eventually(stuck, 'no more of them are read');
    // One packet of 64 KiB, and what had begun.
    assert.ok(before < 2_000, `${before} requests`);
    assert.ok(sent < 60 * mebibyte);
    raw.close();
    const left = async () => (await scrape(fw)).value('fanwire_http_requests_unanswered');
    await eventually(async () => (await left()) === 1, 'they are forgotten');
  });

  it('go on once the answers are read, all of them and in order', async () => {
    await using fw = await testServer();
    const asked = 3_000;
    const requests = Array.from({ length: asked }, (_, n) =>
      get(`/nothing/${n}`).replace('Host: localhost', `Host: localhost\r\nX-Request-Id: n${n}`),
    );
    const text = await everything(fw.url, requests.join(''));
    const ids = [...text.matchAll(/x-request-id: n(\d+)\r\n/g)].map(([, id]) => Number(id));
    assert.deepEqual(
      ids,
      Array.from({ length: asked }, (_, n) => n),
    );
  });

  it('of all together over the limit cut those that bring more, and nobody who asks once', async () => {
    await using fw = await watchedServer({ MAX_HTTP_REQUESTS: '100' });
    await fill(fw.url);
    using deaf = new Deaf();
    await deaf.ask(fw.url, 4, get(page).repeat(60));
    const cuts = async () => (await scrape(fw)).value('fanwire_http_cuts_total', { reason: 'requests' });
    await eventually(async () => (await cuts()) > 0, 'they are cut');
    assert.deepEqual(fw.faults, [
      { reason: 'requests', setting: 'MAX_HTTP_REQUESTS', text: 'a limit cuts HTTP connections' },
    ]);
  });

  it('publish together: a tick holds many of one connection', async () => {
    await using fw = await testServer();
    const body = '{"channel":"news","data":1}';
    const head = `POST /api/publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const raw = new RawSocket(fw.url);
    raw.write((head + body).repeat(300));
    await raw.until((text) => text.split('"ok":true').length === 301);
    const offsets = [...raw.text.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset));
    assert.deepEqual(
      offsets,
      Array.from({ length: 300 }, (_, n) => n + 1),
    );
    const figures = await scrape(fw);
    assert.ok(figures.value('fanwire_tick_messages_count') < 100);
    raw.close();
  });
});
