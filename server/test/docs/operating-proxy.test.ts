import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { loadSettings } from '../../src/config/load.ts';
import { eventually } from '../support/eventually.ts';
import { Inbox } from '../support/inbox.ts';
import { lacks } from '../support/needs.ts';
import type { TestServer } from '../support/server.ts';
import type { Frame } from '../support/socket-client.ts';
import { Installation, page } from './installation.ts';
import { Nginx } from './nginx.ts';

interface Socket {
  readonly ws: WebSocket;
  readonly frames: Inbox<Frame>;
  /** The close code, or the status of the refusal. */
  readonly ended: Promise<number>;
}

/** A WebSocket by TLS. */
function open(nginx: Nginx, target: string, headers: Readonly<Record<string, string>> = {}): Socket {
  const ws = new WebSocket(`${nginx.url.replace('https', 'wss')}${target}`, {
    rejectUnauthorized: false,
    headers,
  });
  const frames = new Inbox<Frame>(target);
  ws.on('message', (data) => frames.put(JSON.parse(String(data))));
  ws.on('error', () => {});
  const ended = new Promise<number>((resolve) => {
    ws.on('close', (code) => {
      frames.end(`closed with ${code}`);
      resolve(code);
    });
    ws.on('unexpected-response', (sent, { statusCode = 0 }) => {
      resolve(statusCode);
      sent.destroy();
    });
  });
  return { ws, frames, ended };
}

/** The text of an event stream as it comes, by HTTP/1.1 or HTTP/2. */
function stream(nginx: Nginx, target: string, version: 1 | 2): Inbox<string> {
  const printed = new Inbox<string>(target);
  const put = (text: string): void => printed.put(text);
  if (version === 1) {
    const sent = request(`${nginx.url}${target}`, { rejectUnauthorized: false, agent: false });
    sent.on('response', (response) => {
      response.setEncoding('utf8').on('data', put);
      response.on('close', () => printed.end('closed'));
    });
    sent.on('error', ({ message }) => printed.end(message));
    sent.end();
    return printed;
  }
  const session = connect(nginx.url, { rejectUnauthorized: false });
  session.on('error', ({ message }) => printed.end(message));
  const answer = session.request({ ':path': target }).setEncoding('utf8');
  answer.on('data', put);
  answer.on('close', () => {
    printed.end('closed');
    session.destroy();
  });
  return printed;
}

function shows(printed: Inbox<string>, text: string): Promise<void> {
  return printed.until(
    () => printed.all.join('').includes(text),
    () => text,
  );
}

function publish(place: Installation, fw: TestServer, data: string): Promise<unknown> {
  const headers = { 'x-api-key': place.pasted('PASTE_A_KEY') };
  return fw.call('POST', '/api/publish', { channel: 'news', data }, headers);
}

describe('docs/operating.md: nginx with TLS in front', { skip: lacks('nginx') }, () => {
  it('passes WebSockets, and tells clients of a restart', async () => {
    await using place = new Installation();
    const fw = await place.start();
    await using nginx = await Nginx.start(fw.url);
    const { ws, frames, ended } = open(nginx, `/ws/connect?token=${await fw.token('ann')}`);
    await frames.next(({ type }) => type === 'connected');
    ws.send('{"action":"subscribe","data":{"channel":"news"}}');
    await frames.next(({ type }) => type === 'subscribed');
    await publish(place, fw, 'hello');
    assert.equal((await frames.next(({ type }) => type === 'text')).content, 'hello');
    await place.stop();
    assert.equal(await ended, 1012);
  });

  for (const version of [1, 2] as const) {
    it(`passes event streams as they come, by HTTP/${version}`, async () => {
      await using place = new Installation();
      const fw = await place.start();
      await using nginx = await Nginx.start(fw.url);
      const printed = stream(nginx, `/sse/connect?channels=news&token=${await fw.token('ann')}`, version);
      await shows(printed, 'event: connected');
      await publish(place, fw, 'hello');
      await shows(printed, '"content":"hello"');
      await place.stop();
      await shows(printed, '"code":1012');
    });
  }

  it('keeps a silent client: heartbeats come before the timeout', async () => {
    await using place = new Installation();
    const beats = { WEBSOCKET_HEARTBEAT_INTERVAL: '0.3', SSE_HEARTBEAT_INTERVAL: '0.3' };
    const fw = await place.start(beats);
    await using nginx = await Nginx.start(fw.url, (text) =>
      text.replace('proxy_read_timeout 90s', 'proxy_read_timeout 1s'),
    );
    const token = await fw.token('ann');
    const { frames } = open(nginx, `/ws/connect?token=${token}`);
    const printed = stream(nginx, `/sse/connect?token=${token}`, 1);
    // Together longer than the timeout.
    for (let beat = 0; beat < 5; beat++) await frames.next(({ type }) => type === 'heartbeat');
    await printed.until(() => (printed.all.join('').match(/: heartbeat/g) ?? []).length >= 5);
  });

  it('has a timeout above every heartbeat', () => {
    const { websocket, sse, relay, room } = loadSettings({ JWT_SECRET: 'x'.repeat(40) });
    const [, seconds] = /proxy_read_timeout (\d+)s/.exec(page.file('fanwire.conf')) ?? [];
    const beats = [
      websocket.heartbeatInterval,
      sse.heartbeatInterval,
      relay.pingInterval,
      room.heartbeatInterval,
    ];
    for (const beat of beats) assert.ok(Number(seconds) * 1000 >= 2 * beat);
  });

  it('lets pages of PUBLIC_URL and of ALLOWED_ORIGINS in, and no others', async () => {
    await using place = new Installation();
    const fw = await place.start();
    await using nginx = await Nginx.start(fw.url);
    const target = `/ws/connect?token=${await fw.token('ann')}`;
    for (const origin of ['https://fan.example.com', 'https://app.example.com']) {
      await open(nginx, target, { origin }).frames.next(({ type }) => type === 'connected');
    }
    for (const origin of [nginx.url, 'https://evil.example.com'])
      assert.equal(await open(nginx, target, { origin }).ended, 403);
  });

  it('needs the lines that the page says it needs', async () => {
    await using place = new Installation();
    const fw = await place.start();
    const target = `/ws/connect?token=${await fw.token('ann')}`;
    await using withoutUpgrade = await Nginx.start(fw.url, (text) =>
      text.replace(/^.*(Upgrade|Connection) \$.*$/gm, ''),
    );
    assert.equal(await open(withoutUpgrade, target).ended, 426);
  });

  it('passes the longest cursors, addresses and batches', async () => {
    await using place = new Installation();
    const fw = await place.start();
    await using nginx = await Nginx.start(fw.url);
    const channels = Array.from({ length: 100 }, (_, n) => `${n}-${'c'.repeat(50)}`).join(',');
    const cursor = { 'last-event-id': 'x'.repeat(10_000) };
    // Refused by Fanwire for its channel, not by nginx for its length.
    const token = await fw.token('ann', { channels: ['news'] });
    const refused = await nginx.get(`/sse/connect?channels=${channels}&token=${token}`, cursor);
    assert.equal(refused.status, 403);
    assert.match(refused.text, /"code":"forbidden"/);
    const headers = { 'x-api-key': place.pasted('PASTE_A_KEY'), 'content-type': 'application/json' };
    const messages = Array.from({ length: 5 }, () => ({ channel: 'news', data: 'x'.repeat(1_000_000) }));
    const batch = await nginx.call('POST', '/api/batch', headers, JSON.stringify({ messages }));
    assert.equal(batch.status, 200);
  });

  it('tells the server where the client is, whatever that says itself, and joins the logs by the id of the request', async () => {
    await using place = new Installation();
    const fw = await place.start({ LOG_LEVEL: 'debug' });
    await using nginx = await Nginx.start(fw.url);
    const token = await fw.token('ann');
    const { frames } = open(nginx, `/ws/connect?token=${token}`, { 'x-forwarded-for': '203.0.113.7' });
    await frames.next(({ type }) => type === 'connected');
    // What the server writes to its log takes its own way here.
    const opened = (): string | undefined => place.log.match(/^.*"connection opened".*\n/m)?.[0];
    await eventually(async () => opened() !== undefined, 'the line of the log');
    const line = opened() ?? '';
    const { address, request: id } = JSON.parse(line);
    assert.equal(address, '127.0.0.1');
    const headers = { 'x-api-key': place.pasted('PASTE_ANOTHER_KEY') };
    const { body } = await fw.call('GET', '/ws/connections', undefined, headers);
    assert.equal(body.connections[0].remote_address, '127.0.0.1');
    await place.stop();
    // The line is written when the connection has ended.
    await frames.until(() => nginx.accessLog.includes(id)).catch(() => {});
    assert.ok(nginx.accessLog.includes(`"GET /ws/connect" 101`));
    assert.ok(nginx.accessLog.includes(id));
    assert.ok(!nginx.accessLog.includes(token));
  });

  it('keeps the metrics to this machine', async () => {
    await using place = new Installation();
    const fw = await place.start();
    await using nginx = await Nginx.start(fw.url);
    const headers = { 'x-api-key': place.pasted('PASTE_ANOTHER_KEY') };
    assert.equal((await nginx.get('/metrics', headers)).status, 404);
    assert.equal((await fetch(`${fw.url}/metrics`, { headers })).status, 200);
  });
});
