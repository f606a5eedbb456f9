import { spawnSync } from 'node:child_process';

/** Milliseconds: an installation that takes longer has failed. */
const patience = 300_000;

/** Runs a command to its end, quietly. Null when it succeeded, else one line that says why not. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string | null {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: patience,
  });
  if (status === 0) return null;
  const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').at(-1);
  const why = error?.message ?? (said || `it ended with ${signal ?? status}`);
  return `${command} ${args.join(' ')}: ${why}`;
}
