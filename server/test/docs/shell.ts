import { type ChildProcess, spawn } from 'node:child_process';
import { Inbox } from '../support/inbox.ts';
import { missing } from './document.ts';

/** A program of a snippet, in a process group of its own, with all that it printed. */
export class Running implements AsyncDisposable {
  readonly printed: Inbox<string>;
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(
    command: string,
    args: readonly string[],
    options: { cwd: string; env: NodeJS.ProcessEnv; name?: string },
  ) {
    const { cwd, env, name = command } = options;
    this.printed = new Inbox<string>(name);
    this.#child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.printed.put(text));
    }
    this.#child.on('error', ({ message }) => this.printed.end(message));
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.printed.end(code === 0 ? 'it is done' : `it failed with ${code}`);
        resolve(code);
      });
    });
  }

  get output(): string {
    return this.printed.all.join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** To the whole group, as a terminal does on Ctrl-C. */
  signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
  }
}

/** Waits until these texts were printed, in this order. */
export function prints(printed: Inbox<string>, texts: readonly string[]): Promise<void> {
  const lack = (): string | null => missing(printed.all.join(''), texts);
  return printed.until(
    () => lack() === null,
    () => `printing ${lack()} in ${printed.all.join('')}`,
  );
}
