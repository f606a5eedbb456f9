import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patience } from './inbox.ts';

const program = join(import.meta.dirname, '../../src/main.ts');

export interface ProcessOptions {
  /** Settings; nothing of the tests' own environment reaches the child but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Run it as this user; for root only. */
  readonly uid?: number;
  /** No file that it writes may get larger than so many half kilobytes. */
  readonly fileBlocks?: number;
  /** Files that it may have open. @default as many as the tests */
  readonly openFiles?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A directory of its own for a test, removed at its end. */
export class Directory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'fanwire-process-'));

  join(...names: string[]): string {
    return join(this.path, ...names);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** `fanwire …` as a process of its own. At the end of `await using` it is killed if it still runs. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  stdout = '';
  stderr = '';

  constructor({ env = {}, args = ['serve'], cwd, uid, fileBlocks, openFiles }: ProcessOptions = {}) {
    const own = [process.execPath, program, ...args];
    const limits = [
      ...(fileBlocks === undefined ? [] : [`ulimit -f ${fileBlocks}`]),
      ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    ];
    const limited = ['sh', '-c', [...limits, 'exec "$0" "$@"'].join(' && '), ...own];
    const [command = '', ...given] = limits.length === 0 ? own : limited;
    this.child = spawn(command, given, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exit = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Everything it wrote, for the message of a failure. */
  get output(): string {
    return `stdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
  }

  /** Waits for an end that is due; fails when it does not come. */
  async ended(): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it does not end\n${this.output}`)), patience);
    });
    return Promise.race([this.exit, tooLong]).finally(() => clearTimeout(timer));
  }

  /** Sends the signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal);
    return this.exit;
  }

  /** Resolves with the first match in what it writes to `stream`; fails when it ends, or says nothing for too long. */
  async said(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this[stream]);
      if (match) resolve(match);
    };
    const fail = (why: string) => () => reject(new Error(`${why} before saying ${pattern}\n${this.output}`));
    const timer = setTimeout(fail('nothing came'), patience);
    this.child[stream]?.on('data', look);
    this.child.on('close', fail('it ended'));
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.child[stream]?.off('data', look);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill('SIGKILL');
  }
}

/** A server as a process of its own, on a free port, that has said where it listens. */
export class ServerProcess extends Program {
  url = '';

  static async start({ env = {}, ...options }: ProcessOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess({ ...options, env: { PORT: '0', LOG_LEVEL: 'warn', ...env } });
    try {
      await server.listening();
      return server;
    } catch (thrown) {
      await server[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async listening(): Promise<void> {
    const [, url = ''] = await this.said(/listening on (http:\S+)/);
    this.url = url;
  }

  get webSocketUrl(): string {
    return this.url.replace('http', 'ws');
  }
}
