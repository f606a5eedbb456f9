import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The Python that `npm test` prepares, else the machine's own. */
const programs = [
  join(import.meta.dirname, '../../node_modules/.cache/fanwire-python/bin/python'),
  'python3',
];

/** A Python with the package `websockets`, and that package's version; null when there is none. */
export function findPython(): { readonly program: string; readonly version: string } | null {
  for (const program of programs) {
    const question = 'import websockets; print(websockets.__version__)';
    const { status, stdout } = spawnSync(program, ['-c', question], { encoding: 'utf8' });
    if (status === 0) return { program, version: stdout.trim() };
  }
  return null;
}
