import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inbox } from '../support/inbox.ts';
import { python } from '../support/needs.ts';

export const program = join(import.meta.dirname, '../../src/main.ts');

export interface CommandOptions {
  /** Nothing of the tests' own environment reaches the child but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What a command left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `fanwire …` as a process of its own, whose input and outputs are pipes. Killed at the end of `await using`. */
export class CommandRun implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its lines, without their ends. */
  readonly lines: Inbox<string>;
  readonly notes: Inbox<string>;
  readonly outcome: Promise<Outcome>;

  constructor(
    args: readonly string[],
    { env = {}, cwd = tmpdir() }: CommandOptions = {},
    [file, ...before]: readonly string[] = [process.execPath, program],
  ) {
    const name = `fanwire ${args.join(' ')}`;
    this.lines = new Inbox(`output of ${name}`);
    this.notes = new Inbox(`errors of ${name}`);
    this.child = spawn(file ?? '', [...before, ...args], { cwd, env: { PATH: process.env.PATH, ...env } });
    // The command may end before it has read its input.
    this.child.stdin.on('error', () => {});
    const [stdout, stderr] = [gather(this.child.stdout, this.lines), gather(this.child.stderr, this.notes)];
    this.outcome = once(this.child, 'close').then(([code]) => {
      for (const inbox of [this.lines, this.notes]) inbox.end(`it ended with ${code}`);
      return { code, stdout: stdout(), stderr: stderr() };
    });
  }

  /** What it printed, line by line as JSON. */
  get frames(): ReturnType<typeof JSON.parse>[] {
    return this.lines.all.map((line) => JSON.parse(line));
  }

  /** Resolves with the first line on standard error that matches. */
  noted(pattern: RegExp): Promise<string> {
    return this.notes.next((line) => pattern.test(line));
  }

  /** Resolves once there are this many lines. */
  printed(count: number): Promise<void> {
    return this.lines.until(
      () => this.lines.all.length >= count,
      () => `${count} lines`,
    );
  }

  end(signal: NodeJS.Signals): Promise<Outcome> {
    this.child.kill(signal);
    return this.outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.end('SIGKILL');
  }
}

function gather(stream: NodeJS.ReadableStream, lines: Inbox<string>): () => string {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    const whole = `${rest}${chunk}`.split(/\r?\n/);
    rest = whole.pop() ?? '';
    for (const line of whole) lines.put(line);
  });
  return () => text;
}

/** Runs a command to its end. */
export async function command(
  args: readonly string[],
  { input = '', ...options }: CommandOptions & { readonly input?: string | Uint8Array } = {},
): Promise<Outcome> {
  await using run = new CommandRun(args, options);
  run.child.stdin.end(input);
  return await run.outcome;
}

/** Runs a command whose reader takes one line and goes; the exit code of the command is the last note. */
export async function commandIntoHead(args: readonly string[], options: CommandOptions): Promise<Outcome> {
  const script = '{ "$@"; echo "it ended with $?" >&2; } | head -n 1';
  const shell = ['sh', '-c', script, 'sh', process.execPath, program];
  await using run = new CommandRun(args, options, shell);
  return await run.outcome;
}

/** Lines of JSON, as a pipe gets them. */
export function jsonLines({ stdout }: Outcome): ReturnType<typeof JSON.parse>[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const spawnInTerminal = `
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
`;

/**
 * The same on a pseudo-terminal of this many columns, made by Python: both outputs are one, and what is written to its
 * input is typed. Needs `python`.
 */
export class TerminalRun extends CommandRun {
  constructor(args: readonly string[], options: CommandOptions = {}, columns = 100) {
    const shell = ['sh', '-c', 'stty cols "$0" && exec "$@"', String(columns)];
    super(args, { ...options, env: { TZ: 'UTC', ...options.env } }, [
      python,
      '-c',
      spawnInTerminal,
      ...shell,
      process.execPath,
      program,
    ]);
  }

  type(keys: string): void {
    this.child.stdin.write(keys);
  }
}

/** Runs a command on a terminal to its end, and returns the exit code and the lines that one sees. */
export async function terminal(
  args: readonly string[],
  options: CommandOptions = {},
  columns?: number,
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  await using run = new TerminalRun(args, options, columns);
  const { code } = await run.outcome;
  return { code, lines: run.lines.all };
}
