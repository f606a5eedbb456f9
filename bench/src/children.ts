import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoadProcess } from '../../server/src/load/load-process.ts';
import type { Jobs } from './load/job.ts';
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
  const script = [...flags, launch.script, ...launch.args];
  const [command = process.execPath, ...args] = [...onCore(options.core), process.execPath, ...script];
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

/** The command that keeps another one on a core; empty where the system decides. */
function onCore(core: number | null): string[] {
  return core === null ? [] : ['taskset', '-c', String(core)];
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
export type Load = LoadProcess<Jobs>;

export function startLoad(core: number | null): Load {
  const script = fileURLToPath(new URL('./load/worker.ts', import.meta.url));
  const load: Load = new LoadProcess(script, onCore(core));
  track(load.child);
  return load;
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
