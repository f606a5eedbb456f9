import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../server/src/main.ts');

/** A server of its own: a free port, an empty database, a secret that nobody knows, none of the user's settings. */
export class DemoServer implements AsyncDisposable {
  /** `http://127.0.0.1:<port>`, once it listens; rejects when it ends instead. */
  readonly url: Promise<string>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'fanwire-demo-'));
  readonly #process: ChildProcess;
  readonly #exit: Promise<number | null>;
  #output = '';

  constructor() {
    this.#process = this.#run('serve');
    this.#exit = exitOf(this.#process);
    this.url = new Promise((resolve, reject) => {
      const read = (text: string): void => {
        this.#output += text;
        const url = /listening on (\S+)/.exec(this.#output)?.[1];
        if (url) resolve(url);
      };
      this.#process.stdout?.setEncoding('utf8').on('data', read);
      this.#process.stderr?.setEncoding('utf8').on('data', read);
      this.#exit.then((code) => reject(new Error(`it ended with ${code}\n${this.#output}`)), reject);
    });
  }

  /** A token for this user, made by `fanwire token`. */
  async token(user: string): Promise<string> {
    const child = this.#run('token', '--sub', user);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    const code = await exitOf(child);
    if (code !== 0) throw new Error(`fanwire token ended with ${code}`);
    return output.trim();
  }

  /** Asks it to end, as an operator does. Resolves to its exit code. */
  stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  #run(...args: string[]): ChildProcess {
    const env = {
      PATH: process.env.PATH,
      PORT: '0',
      DATABASE_PATH: join(this.#directory, 'chat.db'),
      JWT_SECRET: 'this secret signs the tokens of one demo',
      LOG_LEVEL: 'warn',
    };
    return spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}
