import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'bench-test-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface HttpRun {
  readonly target: string;
  readonly batch: number;
  readonly result: { readonly acknowledged: number; readonly kept: number | null };
}

/** Temporary directories of the bench go to `scratch`, where a test can see what is left. */
function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args], { env: { ...process.env, TMPDIR: scratch } });
}

async function bench(...args: string[]): Promise<Ended> {
  const child = start(...args);
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

describe('bench', () => {
  test('lists the scenarios for an unknown one, and exits with 2', async () => {
    for (const args of [['nonsense'], []]) {
      const { code, stderr } = await bench(...args);
      assert.equal(code, 2);
      for (const name of ['durable', 'fanout', 'growth', 'http-publish', 'idle', 'ingest', 'rooms']) {
        assert.match(stderr, new RegExp(`^ {2}${name} +\\w`, 'm'));
      }
    }
  });

  test('exits with 2 for a bad option, and with 0 for help', async () => {
    assert.equal((await bench('fanout', '--subscribers', 'many')).code, 2);
    const unknown = await bench('fanout', '--targets', 'ws-loop,nonsense');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no target "nonsense"; there are fanwire, /);
    const help = await bench('--help');
    assert.equal(help.code, 0);
    assert.match(help.stdout, /fanout/);
  });

  test('fanout measures the rivals and writes JSON', async () => {
    const file = join(scratch, 'fanout.json');
    const { code, stdout, stderr } = await bench(
      ...['fanout', '--subscribers', '20', '--rounds', '2', '--seconds', '0.2', '--warmup', '0.1'],
      ...['--targets', 'ws-loop,socket.io', '--window', '4', '--json', file],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ws-loop +[\d.]+ k/m);
    assert.doesNotMatch(stdout, /FAILED|LOST|ORDER|DROPPED/);
    const { runs } = JSON.parse(readFileSync(file, 'utf8')) as { runs: { target: string }[] };
    assert.deepEqual(
      runs.map((run) => run.target),
      ['ws-loop', 'socket.io', 'socket.io', 'ws-loop'],
    );
  });

  test('http-publish measures Fanwire and bare Fastify and writes JSON', async () => {
    const file = join(scratch, 'http-publish.json');
    const { code, stdout, stderr } = await bench(
      ...['http-publish', '--clients', '5', '--rounds', '2', '--seconds', '0.2', '--warmup', '0.1'],
      ...['--targets', 'fanwire,fastify', '--batch', '1,3', '--json', file],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire \/ fastify +[\d.]+×/m);
    const { runs } = JSON.parse(readFileSync(file, 'utf8')) as { runs: HttpRun[] };
    assert.deepEqual(
      runs.map((run) => `${run.target} ${run.batch}`),
      [1, 3, 1, 3].flatMap((batch, at) => {
        const [first, second] = at < 2 ? ['fanwire', 'fastify'] : ['fastify', 'fanwire'];
        return [`${first} ${batch}`, `${second} ${batch}`];
      }),
    );
    for (const { target, result } of runs) {
      assert.equal(result.kept, target === 'fanwire' ? result.acknowledged : null);
    }
  });

  test('idle measures memory', async () => {
    const { code, stdout, stderr } = await bench('idle', '--connections', '500', '--targets', 'net,ws-loop');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ws-loop +[\d,]+ +[\d,]+ /m);
  });

  test('leaves no process and no file behind when it is interrupted', { skip: !hasProc() }, async () => {
    const child = start('fanout', '--targets', 'ws-loop', '--subscribers', '20', '--seconds', '60');
    const exited = once(child, 'exit');
    const children = await until(() => {
      const found = childrenOf(child.pid ?? 0);
      return found.length === 2 ? found : null;
    });
    child.kill('SIGINT');
    const [code] = (await exited) as [number | null];
    assert.equal(code, 130);
    await until(() => (children.some(isAlive) ? null : true));
    assert.deepEqual(
      readdirSync(scratch).filter((name) => name.startsWith('fanwire-bench-')),
      [],
    );
  });
});

function hasProc(): boolean {
  return process.platform === 'linux';
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Polls for a condition of other processes, which nothing announces. */
async function until<T>(poll: () => T | null): Promise<T> {
  const end = performance.now() + 10_000;
  for (;;) {
    const value = poll();
    if (value !== null) return value;
    if (performance.now() > end) throw new Error('the condition did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
