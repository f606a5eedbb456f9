import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { Inbox } from '../support/inbox.ts';
import { chromium as chromiumPath, lacks, type Need, python } from '../support/needs.ts';
import { Directory } from '../support/server-process.ts';
import { type Block, Document, root, textsOf } from './document.ts';
import { prints, Running } from './shell.ts';

/*
 * Every snippet of the page is run as a newcomer would, in the order of the page, in a folder that looks like a clone:
 * the server by `npm start`, and the others against it. A comment in front says how:
 * `<!-- runs in sh|python|browser [and reconnects] [after a restart], prints TEXT then TEXT -->`. The first text has to
 * come before the next snippet starts, the others, in their order, before the end: they may be the work of later
 * snippets. Snippets of the browser run in Node.js as well, which has the same WebSocket and EventSource.
 */

const page = new Document('getting-started.md');
const directory = new Directory();

type Runner = 'sh' | 'python' | 'browser' | 'server';

interface Snippet {
  readonly runner: Runner;
  /** The server is stopped and started again before it runs. */
  readonly restart: boolean;
  /** Goes on over the next restart, and has printed everything once the snippet after it has run. */
  readonly reconnects: boolean;
  readonly texts: readonly string[];
  readonly code: string;
}

const snippets = page.blocks.flatMap(({ mark, code }: Block): Snippet[] => {
  const [, runner] = /^runs (?:in|as the) (sh|python|browser|server)\b/.exec(mark) ?? [];
  if (runner === undefined) return [];
  const restart = mark.includes(' after a restart');
  const reconnects = mark.includes(' and reconnects');
  return [{ runner: runner as Runner, restart, reconnects, texts: textsOf(mark), code }];
});

const needed: Readonly<Record<Runner, readonly Need[]>> = {
  sh: ['curl'],
  python: ['python'],
  browser: [],
  server: [],
};

/** For a machine without: the one command that the page uses. */
function provideOpenssl(): void {
  mkdirSync(directory.join('bin'));
  const script = '#!/bin/sh\nexec node -p "crypto.randomBytes($3).toString(\'hex\')"\n';
  writeFileSync(directory.join('bin', 'openssl'), script);
  chmodSync(directory.join('bin', 'openssl'), 0o755);
}

/** A newcomer with two terminals and a browser. */
class Newcomer implements AsyncDisposable {
  readonly #running: Running[] = [];
  readonly #browser: Browser | null;
  #server: Running | null = null;
  #url = 'http://127.0.0.1:8000';
  /** The lines `export …` so far: they were typed into the second terminal. */
  #exports = '';
  #token = '';

  private constructor(browser: Browser | null) {
    this.#browser = browser;
  }

  static async arrive(): Promise<Newcomer> {
    for (const name of ['package.json', 'node_modules', 'server', 'bench']) {
      symlinkSync(join(root, name), directory.join(name));
    }
    provideOpenssl();
    if (lacks('browser')) return new Newcomer(null);
    const options = { executablePath: chromiumPath, args: ['--no-sandbox'] };
    return new Newcomer(await chromium.launch(options));
  }

  async run(snippet: Snippet): Promise<readonly Inbox<string>[]> {
    if (snippet.restart) await this.restart();
    const code = snippet.code
      .replaceAll('http://127.0.0.1:8000', this.#url)
      .replaceAll('ws://127.0.0.1:8000', this.#url.replace('http', 'ws'))
      .replaceAll('PASTE THE TOKEN HERE', this.#token);
    switch (snippet.runner) {
      case 'server':
        return [await this.#start(code)];
      case 'browser':
        return this.#inBrowsers(code);
      case 'python':
        writeFileSync(directory.join('snippet.py'), code);
        return [this.#sh(`exec '${python}' -u snippet.py`).printed];
      case 'sh':
        return [await this.#inTerminal(code, snippet.texts)];
    }
  }

  /** The status of a stream with this token. */
  async streamStatus(token: string, channel: string): Promise<number> {
    const address = `${this.#url}/sse/connect?channels=${channel}`;
    const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    return response.status;
  }

  /** Ctrl-C, and `npm start` again. */
  async restart(): Promise<void> {
    this.#server?.signal('SIGINT');
    await this.#server?.ended;
    assert.match(this.#server?.output ?? '', /"msg":"closed"/);
    await this.#start('npm start');
  }

  async #start(code: string): Promise<Inbox<string>> {
    this.#server = this.#sh(code);
    const { printed } = this.#server;
    await prints(printed, ['Fanwire is listening on ', '\n']);
    this.#url = /listening on (\S+)/.exec(this.#server.output)?.[1] ?? '';
    return printed;
  }

  async #inTerminal(code: string, texts: readonly string[]): Promise<Inbox<string>> {
    const running = this.#sh(code);
    for (const line of code.match(/^export .+$/gm) ?? []) this.#exports += `${line}\n`;
    if (code.startsWith('export TOKEN')) {
      await prints(running.printed, texts);
      this.#token = running.output.trim();
    }
    if (texts.length === 0) assert.equal(await running.ended, 0);
    return running.printed;
  }

  #sh(code: string): Running {
    const env = {
      PATH: [join(root, 'node_modules/.bin'), process.env.PATH, directory.join('bin')].join(delimiter),
      HOME: directory.path,
      PORT: new URL(this.#url).port.replace('8000', '0'),
      // Offline, so that a `fanwire` that is not linked is never looked for in a registry.
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    };
    const running = new Running('sh', ['-euc', `${this.#exports}${code}`], {
      cwd: directory.path,
      env,
      name: code,
    });
    this.#running.push(running);
    return running;
  }

  async #inBrowsers(code: string): Promise<Inbox<string>[]> {
    writeFileSync(directory.join('snippet.mjs'), code);
    const inNode = this.#sh('exec node --experimental-eventsource snippet.mjs').printed;
    return this.#browser ? [inNode, await this.#inTab(this.#browser, code)] : [inNode];
  }

  async #inTab(browser: Browser, code: string): Promise<Inbox<string>> {
    const printed = new Inbox<string>(`in the browser: ${code}`);
    const tab = await browser.newPage();
    await tab.goto(`${this.#url}/health`);
    tab.on('console', (line) => printed.put(`${line.text()}\n`));
    tab.on('pageerror', ({ message }) => printed.end(message));
    tab.evaluate(code).catch((thrown) => printed.end(String(thrown)));
    return printed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.close();
    for (const running of this.#running) running.signal('SIGKILL');
    await Promise.all(this.#running.map(({ ended }) => ended));
  }
}

type Run = readonly [Snippet, readonly Inbox<string>[]];

async function everythingOf(runs: readonly Run[]): Promise<void> {
  for (const [{ texts }, outputs] of runs) for (const printed of outputs) await prints(printed, texts);
}

describe('docs/getting-started.md', () => {
  let newcomer: Newcomer;
  const runs: Run[] = [];

  before(async () => {
    newcomer = await Newcomer.arrive();
  });

  after(async () => {
    await newcomer[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  for (const snippet of snippets) {
    const { runner, texts, code } = snippet;
    it(`${runner}: ${code.split('\n')[0]}`, { skip: lacks(...needed[runner]) }, async () => {
      const outputs = await newcomer.run(snippet);
      runs.push([snippet, outputs]);
      for (const printed of outputs) await prints(printed, texts.slice(0, 1));
      if (snippet.restart) await everythingOf(runs.filter(([{ reconnects }]) => reconnects));
    });
  }

  it('snippets printed what the page says, in its order', async () => {
    assert.ok(runs.length > 0);
    await everythingOf(runs);
  });

  it('snippets that reconnect got every message once', async () => {
    for (const [{ code, reconnects }, outputs] of runs) {
      if (!reconnects) continue;
      for (const printed of outputs) {
        const offsets = printed.all.join('').match(/^\d+(?= [{"])/gm) ?? [];
        assert.ok(offsets.length >= 4, code);
        assert.deepEqual(
          offsets.map(Number),
          offsets.map((_, at) => at + 1),
        );
      }
    }
  });

  it('a token that Python made is what it says', { skip: lacks('python') }, async () => {
    const run = runs.find(([{ code }]) => code.includes('import hmac'));
    const token = run?.[1][0]?.all.join('').trim() ?? '';
    assert.equal(await newcomer.streamStatus(token, 'news'), 200);
    assert.equal(await newcomer.streamStatus(token, 'team-a'), 403);
    assert.equal(await newcomer.streamStatus(`${token}x`, 'news'), 401);
  });

  it('snippets are all run, or excused', () => {
    const runnable = page.blocks.filter(({ language }) => ['sh', 'js', 'python'].includes(language));
    const excused = runnable.filter(({ mark }) => mark.startsWith('not run: '));
    assert.equal(runnable.length, snippets.length + excused.length);
  });
});
