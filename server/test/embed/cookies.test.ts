import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { FanwireError } from '../../src/index.ts';
import { closeHttp, type Embedded, embedded, listening, urlOf } from '../support/embedded.ts';
import { chromium as chromiumPath, lacks } from '../support/needs.ts';

const page = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'session=c0ffee' });
  response.end('<!doctype html><title>app</title>');
});

/** Signs in by a cookie, as the documentation shows it. */
async function withCookies(allowed: string): Promise<Embedded> {
  const fw = await embedded({ origins: { allowed } });
  fw.fanwire.use((context, next) => {
    if (context.kind !== 'connect') return next();
    if (!/session=c0ffee/.test(context.request.headers.cookie ?? '')) {
      throw new FanwireError('unauthorized', 'sign in first');
    }
    context.authenticate({ user: 'ann' });
    return next();
  });
  return fw;
}

/** Resolves to the user that the stream is of, or to `refused`. */
const listen = `(url) => new Promise((resolve) => {
  const source = new EventSource(url + '/sse/connect?channels=news', { withCredentials: true });
  source.addEventListener('connected', ({ data }) => resolve(JSON.parse(data).content.user_id));
  source.onerror = () => resolve('refused');
})`;

describe('a page of a listed origin that signs in by a cookie', () => {
  before(() => listening(page));
  after(() => closeHttp(page));

  it('is told that it may read a stream with credentials', async () => {
    await using fw = await withCookies('https://app.example.com');
    const headers = { origin: 'https://app.example.com', cookie: 'session=c0ffee' };
    const stream = await fw.stream('/sse/connect?channels=news', headers);
    assert.equal(stream.headers['access-control-allow-origin'], 'https://app.example.com');
    assert.equal(stream.headers['access-control-allow-credentials'], 'true');
    const { data } = await stream.next('connected');
    assert.equal(data.content.user_id, 'ann');
    const refusal = await fetch(`${fw.url}/sse/connect`, { headers: { origin: headers.origin } });
    assert.equal(refusal.status, 401);
    assert.equal(refusal.headers.get('access-control-allow-credentials'), 'true');
  });

  it('is told so with no * in the list', async () => {
    await using fw = await withCookies('*');
    const headers = { origin: 'https://app.example.com', cookie: 'session=c0ffee' };
    const stream = await fw.stream('/sse/connect?channels=news', headers);
    assert.equal(stream.headers['access-control-allow-origin'], '*');
    assert.equal(stream.headers['access-control-allow-credentials'], undefined);
  });

  describe('in a real browser', { skip: lacks('browser') }, () => {
    let browser: Browser;
    before(async () => {
      browser = await chromium.launch({
        executablePath: chromiumPath,
        args: ['--no-sandbox', '--disable-gpu'],
      });
    });
    after(() => browser.close());

    it('reads its stream by EventSource with credentials, and not where * is allowed', async () => {
      const app = urlOf(page);
      await using listed = await withCookies(app);
      await using open = await withCookies('*');
      const tab = await browser.newPage();
      await tab.goto(app);
      assert.equal(await tab.evaluate(`(${listen})(${JSON.stringify(listed.url)})`), 'ann');
      assert.equal(await tab.evaluate(`(${listen})(${JSON.stringify(open.url)})`), 'refused');
    });
  });
});
