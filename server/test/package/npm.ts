import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from '../docs/document.ts';

/** What of npm's own variables says where packages come from; the others tell of the run that the tests are part of. */
const sources = /^npm_config_(registry|cache|userconfig|globalconfig)$/i;

/** The tests' environment with the repository's programs first in the path, and without the npm around the tests. */
export function environment(): NodeJS.ProcessEnv {
  const variables = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || sources.test(name),
  );
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  return { ...Object.fromEntries(variables), PATH: path, npm_config_update_notifier: 'false' };
}

/** Runs a program to its end and returns what it wrote to standard output. Throws when it failed. */
export function output(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: environment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return stdout;
  throw new Error(
    `${command} ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}\n${stdout}\n${stderr}`,
  );
}
