import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** How a call of the bench ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bench as a user does, once and with short times. The JSON that it wrote comes along, or null. */
export async function runBench(...args: string[]): Promise<Ended & { readonly document: unknown }> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const file = join(scratch, 'document.json');
  // Coming back takes the time that it takes.
  const times = args[0] === 'recover' ? [] : ['--seconds', '0.2', '--warmup', '0.1'];
  const ended = await runCommand(...args, '--rounds', '1', ...times, '--json', file);
  const document: unknown = ended.code === 0 ? JSON.parse(readFileSync(file, 'utf8')) : null;
  rmSync(scratch, { recursive: true, force: true });
  return { ...ended, document };
}

/** Runs the bench with these arguments and no others. */
export async function runCommand(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args]);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}
