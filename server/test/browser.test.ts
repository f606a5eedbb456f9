import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromium as chromiumPath, lacks } from './support/needs.ts';
import { type TestServer, testServer } from './support/server.ts';

interface Answers {
  readonly protocol: string;
  readonly types: string[];
  readonly user: string;
  readonly text: string;
}

// Scripts of the page are text: the types of a browser's globals are not those of the server.

const speakChannel = `async (token) => {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws/connect', ['bearer', token]);
  const frames = [];
  return await new Promise((resolve) => {
    socket.onopen = () => {
      socket.send(JSON.stringify({ action: 'subscribe', data: { channel: 'lobby' } }));
      socket.send(JSON.stringify({ action: 'send_to_channel', data: { channel: 'lobby', content: 'hello' } }));
    };
    socket.onmessage = ({ data }) => {
      frames.push(JSON.parse(data));
      if (frames.length < 4) return;
      const [connected, , text] = frames;
      const types = frames.map(({ type }) => type);
      resolve({ protocol: socket.protocol, types, user: connected.content.user_id, text: text.content });
    };
  });
}`;

const listen = `
  window.seen = [];
  window.connection = null;
  const source = new EventSource('/sse/connect?channels=news');
  source.onmessage = ({ data }) => seen.push('message ' + JSON.parse(data).content);
  source.addEventListener('alert', ({ data }) => seen.push('alert ' + JSON.parse(data).content));
  source.addEventListener('connected', ({ data }) => {
    window.connection = JSON.parse(data).content.connection_id;
  });
`;

/** What a page's own WebSocket and EventSource see, in the system's Chromium. */
describe('a real browser', { skip: lacks('browser') }, () => {
  let browser: Browser;
  let server: TestServer;
  let page: Page;

  before(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
      ],
    });
    server = await testServer({ env: { SSE_RETRY_TIMEOUT: '50' } });
    page = await browser.newPage();
    await page.goto(`${server.url}/health`);
  });

  after(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  test('speaks the channel dialect, with the token as a subprotocol', async () => {
    const token = await server.token('ann');
    const answers: Answers = await page.evaluate(`(${speakChannel})(${JSON.stringify(token)})`);
    assert.equal(answers.protocol, 'bearer');
    assert.deepEqual(answers.types, ['connected', 'subscribed', 'text', 'ack']);
    assert.deepEqual(answers.user, 'ann');
    assert.equal(answers.text, 'hello');
  });

  test('gets text by onmessage and other types by their name, and misses nothing when its stream is cut', async () => {
    await page.evaluate(listen);
    const first = await connection(page, null);
    await publish('text', 'one');
    await publish('alert', 'two');
    await page.waitForFunction('seen.length === 2');
    await server.call('DELETE', `/ws/connections/${first}`);
    await publish('text', 'three');
    await connection(page, first);
    await publish('text', 'four');
    await page.waitForFunction('seen.length === 4');
    assert.deepEqual(await page.evaluate('seen'), [
      'message one',
      'alert two',
      'message three',
      'message four',
    ]);
  });

  function publish(type: string, content: string): Promise<unknown> {
    return server.call('POST', '/ws/send-to-channel', { channel: 'news', message: { type, content } });
  }
});

/** The id of the stream's connection once it is another one than this. */
async function connection(page: Page, other: string | null): Promise<string> {
  const handle = await page.waitForFunction(`connection !== ${JSON.stringify(other)} && connection`);
  return String(await handle.jsonValue());
}
