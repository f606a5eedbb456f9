import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { Inbox } from './support/inbox.ts';
import { chromium as chromiumPath, lacks, type Need, python } from './support/needs.ts';
import { type TestServer, testSecret, testServer } from './support/server.ts';

/*
 * Every example of the README is run as a newcomer would, in the order of the page and against one server. A comment
 * before its block says by what, and what it has to print: `<!-- runs in sh, prints TEXT then TEXT -->`. The first
 * text has to come before the next example is started; the others may be the work of later examples. An example that
 * goes on for ever is ended with the tests. `<!-- not run: REASON -->` excuses a block.
 */

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'fanwire-test-'));
const database = join(directory, 'chat.db');

type Runner = 'sh' | 'python' | 'browser';

interface Example {
  readonly runner: Runner;
  readonly texts: readonly string[];
  readonly code: string;
}

const needed: Readonly<Record<Runner, readonly Need[]>> = {
  sh: ['curl', 'sqlite3'],
  python: ['python'],
  browser: ['browser'],
};

const marked = /<!-- runs in (sh|python|browser), prints (.+) -->\n```\w+\n([\s\S]*?)\n```/g;
const examples = [...readme.matchAll(marked)].map(([, runner, texts = '', code = '']): Example => {
  return { runner: runner as Runner, texts: texts.split(' then '), code };
});

/** Runs examples, and keeps what they print. */
class Reader implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #page: Page | null;
  readonly #token: string;
  readonly #children: ChildProcess[] = [];

  private constructor(server: TestServer, page: Page | null, token: string) {
    this.#server = server;
    this.#page = page;
    this.#token = token;
  }

  static async start(): Promise<Reader> {
    const server = await testServer({ directory, env: { DATABASE_PATH: database } });
    const page = lacks('browser') ? null : await openPage(`${server.url}/health`);
    return new Reader(server, page, await server.token('dev'));
  }

  /** Starts it. What it prints comes line by line. */
  run({ runner, code }: Example): Inbox<string> {
    const printed = new Inbox<string>(`an example in ${runner}`);
    const host = this.#server.url.replace('http://', '');
    const here = code
      .replaceAll('127.0.0.1:8000', host)
      .replaceAll('data/chat.db', database)
      .replaceAll('PASTE THE TOKEN HERE', this.#token);
    if (runner === 'browser') this.#runInPage(here, printed);
    else if (runner === 'python') this.#spawn(python, ['-u', '-c', here], printed);
    else this.#spawn('sh', ['-euc', here], printed);
    return printed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid, exitCode } of this.#children) {
      if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL');
    }
    await this.#page?.context().browser()?.close();
    await this.#server[Symbol.asyncDispose]();
  }

  #runInPage(code: string, printed: Inbox<string>): void {
    this.#page?.on('console', (line) => printed.put(line.text()));
    this.#page?.on('pageerror', ({ message }) => printed.end(message));
    this.#page?.evaluate(code).catch((thrown) => printed.end(String(thrown)));
  }

  #spawn(command: string, args: string[], printed: Inbox<string>): void {
    const settings = {
      DATABASE_PATH: database,
      JWT_SECRET: testSecret,
      PORT: new URL(this.#server.url).port,
    };
    // Offline, so that a `fanwire` that is not linked is never looked for in a registry.
    const env = { ...process.env, ...settings, npm_config_offline: 'true' };
    const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => printed.put(text));
    }
    child.on('error', ({ message }) => printed.end(message));
    child.on('close', (code) => printed.end(code === 0 ? 'it is done' : `it failed with ${code}`));
  }
}

async function openPage(url: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

function prints(printed: Inbox<string>, text: string): Promise<void> {
  return printed.until(
    () => printed.all.join('').includes(text),
    () => `printing ${text}`,
  );
}

describe('README.md', () => {
  let reader: Reader;
  const runs = new Map<Example, Inbox<string>>();

  before(async () => {
    reader = await Reader.start();
  });

  after(async () => {
    await reader[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  for (const example of examples) {
    const [title] = example.code.split('\n');
    it(`runs in ${example.runner}: ${title}`, { skip: lacks(...needed[example.runner]) }, async () => {
      const printed = reader.run(example);
      runs.set(example, printed);
      await prints(printed, example.texts[0] ?? '');
    });
  }

  it('examples printed what later ones were to make them print', async () => {
    for (const [{ texts }, printed] of runs) for (const text of texts) await prints(printed, text);
  });

  it('examples are all run, or excused', () => {
    const blocks = readme.match(/^```(sh|js|python)$/gm) ?? [];
    const excused = readme.match(/<!-- not run: .+ -->\n```/g) ?? [];
    assert.ok(examples.length > 0);
    assert.equal(blocks.length, examples.length + excused.length);
  });
});

describe('documents', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/architecture.md'];

  for (const document of documents) {
    it(`${document} links to what is there`, () => {
      const text = readFileSync(join(root, document), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^\w+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = join(root, dirname(document), path || document.replace(/.*\//, ''));
        assert.ok(existsSync(file), target);
        if (anchor !== undefined) assert.ok(anchorsOf(file).includes(anchor), target);
      }
    });
  }
});

/** As GitHub makes them from headings. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').match(/^#+ .+$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
