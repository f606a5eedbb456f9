import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer, JobKind, Jobs, Request } from './load/job.ts';
import type { Launch } from './targets/target.ts';

const START_TIMEOUT_MS = 20_000;
const KEPT_OUTPUT = 4000;
const KEPT_LINES = 6;

const running = new Set<ChildProcess>();
const directories = new Set<string>();

/** Whatever way the bench ends, no child and no temporary file outlives it. Call once, before the first child. */
export function endChildrenWithUs(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
  process.on('SIGHUP', () => process.exit(129));
}

/** A running server under test. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Where its inspector listens; null unless asked for. */
  readonly inspector: string | null;
  /** Null while it runs, else how it ended, with its last words. */
  ended(): string | null;
}

export interface ServerOptions {
  /** Null: the system decides. */
  readonly core: number | null;
  readonly inspect: boolean;
}

/** Starts a target's server and waits until it says where it listens. */
export async function startServer(
  { launch }: { readonly launch: Launch },
  options: ServerOptions,
): Promise<ServerProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'fanwire-bench-'));
  directories.add(directory);
  const flags = options.inspect ? ['--inspect=127.0.0.1:0'] : [];
  const [command, ...args] = pinned(options.core, [...flags, launch.script, ...launch.args]);
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...inheritedEnvironment(), ...launch.environment(directory) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  track(child);
  const dispose = async () => {
    await kill(child);
    rmSync(directory, { recursive: true, force: true });
    directories.delete(directory);
  };
  try {
    return { ...(await listening(child, options.inspect)), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Only what a process needs to run: a REDIS_URL or JWT_SECRET of the user's shell must not change the run. */
function inheritedEnvironment(): Record<string, string> {
  const entries = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function pinned(core: number | null, args: readonly string[]): [string, ...string[]] {
  if (core === null) return [process.execPath, ...args];
  return ['taskset', '-c', String(core), process.execPath, ...args];
}

type Listening = Omit<ServerProcess, typeof Symbol.asyncDispose>;

function listening(child: ChildProcess, inspect: boolean): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<Listening>();
  let output = '';
  let port: number | null = null;
  let inspector: string | null = null;
  let end: string | null = null;
  const timer = setTimeout(() => fail('said no address in time'), START_TIMEOUT_MS);
  const fail = (what: string) => {
    end ??= `the server ${what}${lastWords(output)}`;
    clearTimeout(timer);
    reject(new Error(end));
  };
  const hear = (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT);
    if (port === null) port = portIn(output);
    if (inspect && inspector === null)
      inspector = output.match(/Debugger listening on (ws:\S+)\n/)?.[1] ?? null;
    if (port === null || (inspect && inspector === null) || child.pid === undefined) return;
    clearTimeout(timer);
    resolve({ pid: child.pid, port, inspector, ended: () => end });
  };
  child.stdout?.setEncoding('utf8').on('data', hear);
  child.stderr?.setEncoding('utf8').on('data', hear);
  child.on('error', (error) => fail(`could not start (${error.message})`));
  child.on('close', (code, signal) => fail(`ended (${signal ?? `exit code ${code}`})`));
  return promise;
}

/** What a server printed last, on one line and without stack traces. */
function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^(at |Node\.js v|node:|throw |code: |requireStack: |[\^{}\s]*$)/.test(line));
  return lines.length === 0 ? '' : `: ${lines.slice(-KEPT_LINES).join(' | ')}`;
}

function portIn(output: string): number | null {
  const found = output.match(/http:\/\/127\.0\.0\.1:(\d+)(?!\d)./s);
  return found ? Number(found[1]) : null;
}

/** The process that makes the load. It does one job at a time. */
export interface LoadProcess extends AsyncDisposable {
  /** Rejects with the job's error, or when it takes longer than `timeoutMs`. */
  call<K extends JobKind>(kind: K, job: Jobs[K]['job'], timeoutMs: number): Promise<Jobs[K]['result']>;
}

export function startLoad(core: number | null): LoadProcess {
  const script = fileURLToPath(new URL('./load/worker.ts', import.meta.url));
  const [command, ...args] = pinned(core, [script]);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  track(child);
  return {
    call: (kind, job, timeoutMs) => callLoad(child, { kind, job }, timeoutMs),
    [Symbol.asyncDispose]: () => kill(child),
  };
}

async function callLoad<R>(child: ChildProcess, request: Request, timeoutMs: number): Promise<R> {
  const signal = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  const answer = once(child, 'message', { signal: AbortSignal.any([signal, ended.signal]) });
  const onExit = () => ended.abort();
  child.once('exit', onExit);
  try {
    child.send(request);
    const [message] = (await answer) as [Answer<R>];
    if (!message.ok) throw new Error(message.error);
    return message.result;
  } catch (error) {
    if (signal.aborted) throw new Error(`the load took longer than ${timeoutMs / 1000} s`);
    if (ended.signal.aborted) throw new Error('the load process ended early');
    throw error;
  } finally {
    child.off('exit', onExit);
  }
}

function track(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
}

async function kill(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
