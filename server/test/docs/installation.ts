import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { TestServer, testSecret } from '../support/server.ts';
import { Directory, type ProcessOptions, ServerProcess } from '../support/server-process.ts';
import { Document, root } from './document.ts';
import { Running } from './shell.ts';

export const page = new Document('operating.md');

/** The assignments of a file for `EnvironmentFile=`. */
export function readEnv(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** A server as the page sets it up, with a folder in the place of the system's. */
export class Installation implements AsyncDisposable {
  readonly directory = new Directory();
  readonly data = this.directory.join('lib');
  readonly database = join(this.data, 'chat.db');
  readonly #pasted: Readonly<Record<string, string>> = {
    PASTE_THE_NEW_SECRET: key(),
    PASTE_THE_SECRET: testSecret,
    PASTE_ANOTHER_KEY: key(),
    PASTE_A_NEW_KEY: key(),
    PASTE_A_KEY: key(),
  };
  #process: ServerProcess | null = null;
  #running: Running[] = [];

  constructor() {
    for (const name of ['lib', 'etc', 'backups', 'bin']) mkdirSync(this.directory.join(name));
  }

  get url(): string {
    return this.#process?.url ?? 'http://127.0.0.1:8000';
  }

  /** What the server wrote to standard error. */
  get log(): string {
    return this.#process?.stderr ?? '';
  }

  /** A snippet of the page with the places and the keys of this installation. */
  here(code: string): string {
    const places: [string, string][] = [
      ['/var/lib/fanwire', this.data],
      ['/var/backups', this.directory.join('backups')],
      ['/etc/fanwire', this.directory.join('etc')],
      ['/opt/fanwire', root],
      ['http://127.0.0.1:8000', this.url],
      ...Object.entries(this.#pasted),
    ];
    return places.reduce((text, [from, to]) => text.replaceAll(from, to), code);
  }

  pasted(name: string): string {
    return this.#pasted[name] ?? '';
  }

  /** The settings of the page's file. */
  get env(): Record<string, string> {
    return readEnv(this.here(page.file('fanwire.env')));
  }

  /** The server with these settings on a free port, and those of `more`. */
  async start(
    more: Readonly<Record<string, string>> = {},
    options: ProcessOptions = {},
  ): Promise<TestServer> {
    const env = { ...this.env, PORT: '0', LOG_LEVEL: 'info', ...more };
    const server = await ServerProcess.start({ ...options, env });
    this.#process = server;
    return new TestServer(server.url, systemClock, () => this.stop());
  }

  async stop(): Promise<void> {
    await this.#process?.kill('SIGTERM');
    await this.#process?.[Symbol.asyncDispose]();
  }

  /** Runs a snippet in a terminal. */
  run(code: string, cwd = this.directory.path): Running {
    const path = [this.directory.join('bin'), join(root, 'node_modules/.bin'), process.env.PATH];
    const env = { PATH: path.join(delimiter), HOME: this.directory.path, npm_config_offline: 'true' };
    const running = new Running('sh', ['-euc', this.here(code)], { cwd, env, name: code });
    this.#running.push(running);
    return running;
  }

  /** Runs a snippet to its end. Resolves to what it printed; rejects when it failed. */
  async output(code: string, cwd?: string): Promise<string> {
    const running = this.run(code, cwd);
    const exit = await running.ended;
    if (exit !== 0) throw new Error(`it ended with ${exit}: ${code}\n${running.output}`);
    return running.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) running.signal('SIGKILL');
    await this.#process?.[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

function key(): string {
  return randomBytes(20).toString('hex');
}
