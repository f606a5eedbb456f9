import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { program } from '../../src/cli/program.ts';
import { version } from '../../src/version.ts';
import { Program } from '../support/server-process.ts';

/** Runs a command to its end. */
async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using command = new Program({ args });
  const { code } = await command.ended();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

const commands = program({}).commands.map((command) => command.name());

describe('fanwire --help', () => {
  it('names every command and the exit codes, on standard output', async () => {
    for (const flag of ['--help', '-h', 'help']) {
      const { code, stdout, stderr } = await run(flag);
      assert.deepEqual([code, stderr], [0, '']);
      for (const command of commands) assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'), command);
      assert.match(stdout, /Exit codes: 0 done, 1 it failed, 2 /);
    }
  });

  for (const command of commands) {
    it(`fanwire ${command} --help says what it does and how it is used`, async () => {
      const { code, stdout, stderr } = await run(command, '--help');
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: fanwire ${command}`));
      assert.ok(stdout.split('\n').length > 4, stdout);
    });
  }

  it('fanwire --version prints the version alone', async () => {
    assert.deepEqual(await run('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('a wrong command line is exit code 2, named on standard error', () => {
  const wrong: Readonly<Record<string, [string[], RegExp]>> = {
    'no command': [[], /Usage: fanwire/],
    'an unknown command': [['sevre'], /unknown command 'sevre'[\s\S]*serve/],
    'a name of Object.prototype as the command': [['constructor'], /unknown command/],
    'an unknown option': [['serve', '--prot', '80'], /unknown option '--prot'/],
    'an argument too many': [['serve', 'now'], /too many arguments/],
    'a required option left out': [['token'], /--sub/],
    'an option without its value': [['token', '--sub'], /argument missing/],
  };
  for (const [title, [args, expected]] of Object.entries(wrong)) {
    it(title, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
    });
  }
});
