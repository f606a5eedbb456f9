import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { Inbox } from '../support/inbox.ts';
import { chromium as chromiumPath, lacks } from '../support/needs.ts';
import { type Block, Document, textsOf } from './document.ts';
import { prints, type Running } from './shell.ts';
import { Workshop } from './workshop.ts';

/*
 * Every block of the page is run, in its order, in a folder in which the package is installed. A comment in front says
 * what it is: `<!-- server|fragment|program|client|sh[, ends with CODE][, prints TEXT then TEXT] -->`. A fragment is a
 * server that begins with the prelude. Clients and shells go to the last server, which runs until the next one starts;
 * then it has printed everything, and ends with that code on SIGTERM if it is to end at all.
 */

const page = new Document('embedding.md');
const kinds = ['server', 'fragment', 'program', 'client', 'sh'] as const;

interface Example extends Block {
  readonly kind: (typeof kinds)[number];
  readonly file: string;
  readonly texts: readonly string[];
  /** The exit code on SIGTERM; null when it is killed. */
  readonly exit: number | null;
}

const prelude = page.marked('prelude');

const examples = page.blocks.flatMap((block, at): Example[] => {
  const kind = kinds.find((name) => new RegExp(`^${name}\\b`).test(block.mark));
  if (kind === undefined) return [];
  const [, exit] = /, ends with (\d+)/.exec(block.mark) ?? [];
  const code = kind === 'fragment' ? `${prelude}\n${block.code}` : block.code;
  const file = `example-${at}.${block.language === 'ts' ? 'mts' : 'mjs'}`;
  const texts = block.mark.includes('the text below')
    ? [page.blocks[at + 1]?.code ?? '']
    : textsOf(block.mark);
  return [{ ...block, kind, file, code, texts, exit: exit === undefined ? null : Number(exit) }];
});

/** Somebody who reads the page and tries everything. */
class Reader implements AsyncDisposable {
  readonly workshop = new Workshop();
  readonly #browser: Browser | null;
  #server: readonly [Example, Running] | null = null;

  private constructor(browser: Browser | null) {
    this.#browser = browser;
  }

  static async begin(): Promise<Reader> {
    if (lacks('browser')) return new Reader(null);
    const options = { executablePath: chromiumPath, args: ['--no-sandbox'] };
    return new Reader(await chromium.launch(options));
  }

  async run(example: Example): Promise<void> {
    const { kind, file, code, texts } = example;
    switch (kind) {
      case 'server':
      case 'fragment': {
        await this.finish();
        this.#server = [example, await this.workshop.server(file, code)];
        return;
      }
      case 'program':
        return this.#toItsEnd(this.workshop.program(file, code), texts);
      case 'sh':
        return this.#toItsEnd(this.workshop.shell(code), texts);
      case 'client':
        return this.#client(example);
    }
  }

  /** The server has printed what it should, and ends as it should. */
  async finish(): Promise<void> {
    if (!this.#server) return;
    const [{ texts, exit }, server] = this.#server;
    this.#server = null;
    if (exit === null) await prints(server.printed, texts);
    server.signal(exit === null ? 'SIGKILL' : 'SIGTERM');
    const code = await server.ended;
    if (exit === null) return;
    assert.equal(code, exit, server.output);
    await prints(server.printed, texts);
  }

  async #client({ file, code, texts }: Example): Promise<void> {
    const { printed } = this.workshop.program(file, code);
    await prints(printed, texts);
    if (this.#browser) await prints(await this.#inTab(this.#browser, code), texts);
  }

  async #inTab(browser: Browser, code: string): Promise<Inbox<string>> {
    const { url } = this.workshop;
    const printed = new Inbox<string>(`in the browser: ${code}`);
    const tab = await browser.newPage();
    await tab.goto(`${url}/health`);
    tab.on('console', (line) => printed.put(`${line.text()}\n`));
    tab.on('pageerror', ({ message }) => printed.end(message));
    const here = code.replaceAll('127.0.0.1:8000', new URL(url).host);
    tab.evaluate(here).catch((thrown) => printed.end(String(thrown)));
    return printed;
  }

  async #toItsEnd(running: Running, texts: readonly string[]): Promise<void> {
    assert.equal(await running.ended, 0, running.output);
    await prints(running.printed, texts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.close();
    await this.workshop[Symbol.asyncDispose]();
  }
}

describe('docs/embedding.md', () => {
  let reader: Reader;

  before(async () => {
    reader = await Reader.begin();
  });

  after(() => reader[Symbol.asyncDispose]());

  it('has no example with a type error', async () => {
    for (const { file, language, code } of examples) {
      if (language === 'ts') reader.workshop.write(file, code);
    }
    assert.equal(await reader.workshop.typeErrors(), '');
  });

  for (const example of examples) {
    const { kind, code, language } = example;
    const first = code.replace(prelude, '').trimStart().split('\n', 1)[0];
    it(`${kind}: ${first}`, { skip: language === 'sh' ? lacks('curl') : false }, () => reader.run(example));
  }

  it('the last server prints and ends as the page says', () => reader.finish());

  it('examples are all run, or excused', () => {
    const runnable = page.blocks.filter(({ language }) => language !== 'text');
    const excused = runnable.filter(({ mark }) => mark.startsWith('not run: ') || mark === 'prelude');
    assert.equal(runnable.length, examples.length + excused.length);
  });
});
