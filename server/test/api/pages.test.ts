import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromium as chromiumPath, lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { TestServer as ApiServer } from './kit.ts';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const pages = ['/', '/docs', '/ws/test-page', '/sse/test', '/console'];
const files = readdirSync(join(import.meta.dirname, '../../src/pages'));

describe('the pages', () => {
  it('are served to everybody, with a strict policy and nothing inline', async () => {
    await using server = await ApiServer.start({ open: false });
    for (const path of pages) {
      const { status, headers, text } = await server.get(path);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
      assert.equal(headers.get('content-security-policy'), policy);
      assert.equal(headers.get('cache-control'), 'no-cache');
      assert.ok(!/<script(?! type="module" src=)|<style| style=| on\w+=|https?:/.test(text), path);
    }
  });

  it('are what is in their folder, each file with its type', async () => {
    await using server = await ApiServer.start();
    const served = {
      js: 'text/javascript; charset=utf-8',
      css: 'text/css; charset=utf-8',
      svg: 'image/svg+xml',
    };
    for (const file of files.filter((name) => !name.endsWith('.html'))) {
      const { status, headers } = await fetch(`${server.origin}/pages/${file}`);
      assert.equal(status, 200, file);
      assert.equal(headers.get('content-type'), served[file.split('.').at(-1) as keyof typeof served]);
    }
    for (const path of [
      '/pages/',
      '/pages/docs.html',
      '/pages/none.js',
      '/pages/..%2fserver.ts',
      '/pages/%2e%2e/server.ts',
    ]) {
      assert.equal((await fetch(server.origin + path)).status, 404, path);
    }
  });

  it('are not sent again while they are the same', async () => {
    await using server = await ApiServer.start();
    for (const path of ['/docs', '/pages/page.css']) {
      const etag = (await fetch(server.origin + path)).headers.get('etag') ?? '';
      const again = await fetch(server.origin + path, { headers: { 'if-none-match': etag } });
      assert.deepEqual([again.status, await again.text()], [304, '']);
      const weak = await fetch(server.origin + path, { headers: { 'if-none-match': `"x", W/${etag}` } });
      assert.equal(weak.status, 304);
      const other = await fetch(server.origin + path, { headers: { 'if-none-match': '"x"' } });
      assert.equal(other.status, 200);
    }
  });
});

describe('in production', () => {
  const production = {
    NODE_ENV: 'production',
    JWT_SECRET: '8f2b6c1e94d07a35be61f8c2d5a90347e1b4c6f8',
    WS_API_KEYS: 'ops:manage:5e0c1f8a7b9d2e46',
  };
  /** What is there for people, and what it loads. */
  const all = [...pages, '/pages/page.css', '/pages/console.js', '/pages/icon.svg'];
  const served = async (fw: TestServer): Promise<string[]> => {
    const answers = await Promise.all(all.map(async (path) => [path, (await fetch(fw.url + path)).status]));
    return answers.flatMap(([path, status]) => (status === 200 ? [String(path)] : []));
  };

  it('no page is served, nor what pages load, and the calls are', async () => {
    await using fw = await testServer({ env: production });
    assert.deepEqual(await served(fw), []);
    for (const path of ['/health', '/ready', '/openapi.json']) {
      assert.equal((await fetch(fw.url + path)).status, 200, path);
    }
    for (const path of ['/metrics', '/ws/stats', '/api/channels', '/ws/connections']) {
      assert.equal((await fetch(fw.url + path)).status, 401, path);
    }
    const { paths } = (await fw.call('GET', '/openapi.json')).body;
    for (const path of pages) assert.equal(paths[path], undefined);
  });

  it('those are that are asked for, and they link to each other only', async () => {
    await using tryouts = await testServer({ env: { ...production, PAGES_ENABLED: 'true' } });
    assert.deepEqual(
      await served(tryouts),
      all.filter((path) => path !== '/console'),
    );
    assert.doesNotMatch(await (await fetch(`${tryouts.url}/docs`)).text(), /href="[^"]*console"/);
    await using console = await testServer({ env: { ...production, CONSOLE_ENABLED: 'true' } });
    assert.deepEqual(
      await served(console),
      all.filter((path) => path === '/console' || path.startsWith('/pages/')),
    );
    assert.doesNotMatch(await (await fetch(`${console.url}/console`)).text(), /href="[^"]*docs"/);
  });

  it('they can be switched off elsewhere', async () => {
    await using fw = await testServer({ env: { PAGES_ENABLED: 'false', CONSOLE_ENABLED: 'false' } });
    assert.deepEqual(await served(fw), []);
  });
});

for (const [where, base] of [
  ['', '/'],
  [' below a base path', '/realtime'],
] as const) {
  inBrowser(where, base);
}

function inBrowser(where: string, base: string): void {
  describe(`the pages in a browser${where}`, { skip: lacks('browser') }, () => {
    let browser: Browser;
    let fw: TestServer;

    before(async () => {
      browser = await chromium.launch({
        executablePath: chromiumPath,
        args: ['--no-sandbox', '--disable-gpu'],
      });
      fw = await testServer({ env: { WS_API_KEYS: 'ops:manage:a-key-of-the-tests-0123', BASE_PATH: base } });
    });

    after(async () => {
      await browser.close();
      await fw[Symbol.asyncDispose]();
    });

    /** Runs with the page, and fails when the page logged an error or asked another server. */
    async function visit(path: string, act: (page: Page) => Promise<void>, dark = false): Promise<void> {
      const page = await browser.newPage({ colorScheme: dark ? 'dark' : 'light' });
      const faults: string[] = [];
      page.on('pageerror', ({ message }) => faults.push(message));
      page.on('console', (line) => {
        if (line.type() === 'error' && !/status of 40[13]/.test(line.text())) faults.push(line.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(fw.url)) faults.push(request.url());
      });
      await page.goto(fw.url + path);
      await act(page);
      const shots = process.env.FANWIRE_SCREENSHOTS;
      if (shots) {
        await page.screenshot({
          path: join(shots, `${path.slice(1).replace('/', '-') || 'landing'}${dark ? '-dark' : ''}.png`),
        });
      }
      assert.deepEqual(faults, []);
      await page.close();
    }

    const publish = (id: string): Promise<unknown> =>
      fw.call(
        'POST',
        '/api/publish',
        { channel: 'lobby', data: id, id },
        { 'x-api-key': 'a-key-of-the-tests-0123' },
      );
    const has = (page: Page, text: string): Promise<unknown> =>
      page.getByText(text).first().waitFor({ state: 'attached' });

    for (const dark of [false, true]) {
      it(`/docs shows every call (${dark ? 'dark' : 'light'})`, async () => {
        const { paths } = (await fw.call('GET', '/openapi.json')).body;
        await visit(
          '/docs',
          async (page) => {
            await page.waitForSelector('#errors');
            const calls = Object.values(paths).flatMap((path) => Object.keys(path as object));
            assert.equal(await page.locator('section').count(), calls.length);
            assert.equal(await page.locator('section > h3').count(), calls.length);
            assert.equal(await page.locator('nav li a').count(), calls.length);
            assert.equal(await page.locator('pre.curl').count(), calls.length);
            const ids: string[] = await page.evaluate(
              '[...document.querySelectorAll("[id]")].map(({ id }) => id)',
            );
            assert.equal(new Set(ids).size, ids.length);
            const curl = await page.locator('#post-api-publish pre.curl').innerText();
            assert.ok(curl.includes(`curl -X POST ${fw.url}/api/publish`), curl);
            assert.ok(curl.includes(`-d '{"channel":"news","data":"hello"}'`), curl);
            await page.setViewportSize({ width: 400, height: 800 });
            const wide: boolean = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
            assert.equal(wide, false);
            await page.setViewportSize({ width: 1200, height: 1000 });
          },
          dark,
        );
      });
    }

    for (const path of ['/', '']) {
      it(`${path === '' ? 'the bare address' : path} links to every page, and every page to the others`, async () => {
        await visit(path, async (page) => {
          await has(page, `ws ${base === '/' ? '' : base}/ws/connect`);
          const links: string[] = await page.evaluate('[...document.links].map(({ href }) => href)');
          for (const link of links) {
            assert.ok(link.startsWith(`${fw.url}/`), link);
            const { status } = await fetch(link);
            assert.equal(status, link.endsWith('/metrics') ? 401 : 200, link);
          }
          for (const other of pages.slice(1)) {
            assert.ok(links.includes(fw.url + other), other);
            await page.goto(fw.url + other);
            const back: string[] = await page.evaluate('[...document.links].map(({ href }) => href)');
            for (const one of pages) assert.ok(back.includes(fw.url + one), `${other} to ${one}`);
          }
          await page.goto(`${fw.url}${path}`);
        });
      });
    }

    it('/ws/test-page connects, subscribes, sends, and resumes where it was', async () => {
      await visit('/ws/test-page', async (page) => {
        assert.equal(await page.inputValue('#address'), `${fw.url.replace('http', 'ws')}/ws/connect`);
        await page.fill('#token', await fw.token('ann'));
        await page.click('#connect');
        await page.click('#subscribe');
        await has(page, '"type":"subscribed"');
        await page.fill('#content', '{"n":1}');
        await page.click('#send');
        await has(page, '"content":{"n":1}');
        await has(page, '"user_id":"ann"');
        await page.click('#disconnect');
        await has(page, 'not connected (1000');
        await publish('missed-1');
        await page.click('#connect');
        await page.click('#subscribe');
        await has(page, '"recovered":true');
        await has(page, 'missed-1');
        await page.click('summary');
        await page.click('#sendRaw');
        await has(page, '"type":"history"');
        await page.click('#unsubscribe');
        await has(page, '"type":"unsubscribed"');
      });
    });

    it('/ws/test-page says when it is refused', async () => {
      await visit('/ws/test-page', async (page) => {
        await page.fill('#token', 'a.b.c');
        // The browser itself logs that a handshake failed.
        page.removeAllListeners('console');
        await page.click('#connect');
        await has(page, 'not connected (refused or cut off)');
        assert.equal(await page.isEnabled('#connect'), true);
      });
    });

    it('/sse/test connects, sends, and resumes behind the last event', async () => {
      await visit('/sse/test', async (page) => {
        assert.equal(
          await page.inputValue('#address'),
          `${new URL(fw.url).pathname.replace(/\/$/, '')}/sse/connect?channels=news`,
        );
        await page.fill('#address', `${fw.url}/sse/connect?channels=lobby`);
        await page.fill('#token', await fw.token('ann'));
        await page.click('#connect');
        await has(page, 'connected: {');
        await page.fill('#channel', 'lobby');
        await page.fill('#event', 'price');
        await page.fill('#data', '{"symbol":"FAN"}');
        await page.click('#send');
        await has(page, '401 unauthorized');
        await page.fill('#key', 'a-key-of-the-tests-0123');
        await page.click('#send');
        await has(page, 'price: {');
        await page.click('#disconnect');
        await has(page, 'not connected (by you)');
        await publish('missed-2');
        await page.click('#connect');
        await has(page, 'missed-2');
        const lines = await page.locator('#log li').allInnerTexts();
        assert.equal(lines.filter((line) => line.includes('price: {')).length, 1);
      });
    });

    it('/console shows who is connected, once it has a key', async () => {
      await fw.socket(`/ws/connect?token=${await fw.token('bob')}`);
      await visit('/console', async (page) => {
        await has(page, '401 unauthorized');
        await page.fill('#key', 'a-key-of-the-tests-0123');
        await page.click('button');
        await has(page, 'bob');
        await fw.socket(`/ws/connect?token=${await fw.token('<b>cem</b>')}`);
        await has(page, '<b>cem</b>');
      });
    });
  });
}
