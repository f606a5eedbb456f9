/** `npm run build`: makes `server/dist`, what the package `fanwire` holds in the place of its sources. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const source = join(root, 'server/src');
const built = join(root, 'server/dist');

// What was built of a file that is gone would be packed for ever.
rmSync(built, { recursive: true, force: true });
process.exitCode = compile();
cpSync(join(source, 'pages'), join(built, 'pages'), { recursive: true });

/** Returns the exit code. */
function compile(): number {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const { status, error } = spawnSync('tsc', ['-p', join(root, 'server/tsconfig.build.json')], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  if (error) console.log(`tsc: ${error.message}`);
  return status ?? 1;
}
