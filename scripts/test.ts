/**
 * `npm test`: makes sure of what the tests need beyond npm, then checks format and rules, types, documentation and
 * behaviour, on one thread and with workers. Ends at the first that fails. Arguments are test files to run instead of
 * all of them.
 */
import { spawnSync } from 'node:child_process';
import { delimiter, join, normalize } from 'node:path';
import { needs } from '../server/test/support/needs.ts';
import { provide } from './test/needs.ts';
import { Totals } from './test/totals.ts';
import { testsWithWorkers, workers } from './test/with-workers.ts';

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
  readonly env?: Readonly<Record<string, string>>;
}

/** `wanted` are test files; without any it is all of them. */
function steps(wanted: readonly string[], totals: Totals): Step[] {
  const steps: Step[] = [
    { headline: 'Format and rules', command: ['biome', 'ci', ...colors, '.'] },
    { headline: 'Types', command: ['tsc', '-p', 'tsconfig.json'] },
    { headline: 'Documentation made from the source', command: ['node', 'scripts/docs.ts', '--check'] },
    { headline: 'Tests', command: testCommand(wanted.length > 0 ? wanted : allTests, totals) },
  ];
  const again = testsWithWorkers.filter(
    (test) => wanted.length === 0 || wanted.map(normalize).includes(test),
  );
  if (again.length > 0) {
    steps.push({
      headline: `Tests again, with ${workers} workers: where it matters on which thread a connection is`,
      command: testCommand(again, totals),
      // Every thread loads the whole server, which is most of what these tests take.
      env: {
        TEST_WORKERS: String(workers),
        NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/fanwire-compiled'),
      },
    });
  }
  return steps;
}

function testCommand(tests: readonly string[], totals: Totals): Step['command'] {
  const limits = ['--test-concurrency=2', `--test-timeout=${testTimeout}`];
  return ['node', '--test', ...limits, ...totals.options(), ...tests];
}

/** Returns the exit code. */
function main(tests: readonly string[]): number {
  headline('Needs beyond npm');
  const lacking = provide(process.env.FANWIRE_TEST_SKIP);
  for (const need of needs) console.log(`${need.padEnd(8)} ${lacking.get(need) ?? 'present'}`);
  const skip = [...lacking.keys()].join(',');
  console.log(`FANWIRE_TEST_SKIP=${skip}`);
  using totals = new Totals();
  const failed = steps(tests, totals).find((step) => {
    headline(step.headline);
    return !succeeds(step, skip);
  });
  const text = totals.text();
  if (text !== null) {
    headline('All tests');
    console.log(text);
  }
  return failed ? 1 : 0;
}

function headline(text: string): void {
  console.log(`\n== ${text}`);
}

function succeeds({ command: [program, ...args], env = {} }: Step, skip: string): boolean {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path, FANWIRE_TEST_SKIP: skip, ...env },
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
