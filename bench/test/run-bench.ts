import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** How a call of the bench ended, and the JSON that it wrote, or null. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly document: unknown;
}

/** Runs the bench as a user does, once and with short times. */
export async function runBench(...args: string[]): Promise<Ended> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const file = join(scratch, 'document.json');
  // Coming back takes the time that it takes.
  const times = args[0] === 'recover' ? [] : ['--seconds', '0.2', '--warmup', '0.1'];
  const child = spawn(process.execPath, [main, ...args, '--rounds', '1', ...times, '--json', file]);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const document: unknown = code === 0 ? JSON.parse(readFileSync(file, 'utf8')) : null;
  rmSync(scratch, { recursive: true, force: true });
  return { code, ...output, document };
}
