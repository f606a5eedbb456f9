/**
 * `npm test`: makes sure of what the tests need beyond npm, then checks format and rules, types, documentation and
 * behaviour. Ends at the first that fails. Arguments are test files to run instead of all of them.
 */
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { needs } from '../server/test/support/needs.ts';
import { provide } from './test/needs.ts';

const root = join(import.meta.dirname, '..');
const allTests = ['server/test/**/*.test.ts', 'bench/test/**/*.test.ts'];

/** Milliseconds that one test may take, and that all of them may take together. */
const testTimeout = 120_000;
const runTimeout = 1_800_000;

/** Colours are for people: biome writes them into files, too. */
const colors = process.stdout.isTTY ? [] : ['--colors=off'];

interface Step {
  readonly headline: string;
  readonly command: readonly [string, ...string[]];
}

function steps(tests: readonly string[]): Step[] {
  return [
    { headline: 'Format and rules', command: ['biome', 'ci', ...colors, '.'] },
    { headline: 'Types', command: ['tsc', '-p', 'tsconfig.json'] },
    { headline: 'Documentation made from the source', command: ['node', 'scripts/docs.ts', '--check'] },
    {
      headline: 'Tests',
      command: ['node', '--test', '--test-concurrency=2', `--test-timeout=${testTimeout}`, ...tests],
    },
  ];
}

/** Returns the exit code. */
function main(tests: readonly string[]): number {
  headline('Needs beyond npm');
  const lacking = provide(process.env.FANWIRE_TEST_SKIP);
  for (const need of needs) console.log(`${need.padEnd(8)} ${lacking.get(need) ?? 'present'}`);
  const skip = [...lacking.keys()].join(',');
  console.log(`FANWIRE_TEST_SKIP=${skip}`);
  for (const step of steps(tests.length > 0 ? tests : allTests)) {
    headline(step.headline);
    if (!succeeds(step, skip)) return 1;
  }
  return 0;
}

function headline(text: string): void {
  console.log(`\n== ${text}`);
}

function succeeds({ command: [program, ...args] }: Step, skip: string): boolean {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path, FANWIRE_TEST_SKIP: skip },
    timeout: runTimeout,
  });
  if (error) console.log(`${program}: ${error.message}`);
  return status === 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (thrown) {
  console.log(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
