import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run } from '../test/run.ts';

/** The suite as PyPI has it, of this version, so that a run tomorrow asks the same. */
const requirement = 'autobahntestsuite==25.10.1';

/** A place of our own for what Python installs, so that nothing goes into the system's. */
const directory = join(import.meta.dirname, '../../node_modules/.cache/fanwire-autobahn');

export interface Suite {
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Makes sure that the suite is there. A text says why it cannot be had. */
export function provideSuite(): Suite | string {
  const python = candidates().find(isPython2);
  if (python === undefined) {
    return 'there is no Python 2.7, which the suite needs (python2.7, pypy, or one of pyenv; AUTOBAHN_PYTHON names another)';
  }
  const suite = { python, env: { PYTHONUSERBASE: directory, PYTHONNOUSERSITE: '' } };
  const ready = () => run(python, ['-c', 'import autobahntestsuite.wstest'], suite.env);
  if (ready() === null) return suite;
  const pip = ['-m', 'pip', 'install', '--quiet', '--user', '--disable-pip-version-check', requirement];
  return run(python, pip, suite.env) ?? ready() ?? suite;
}

function candidates(): string[] {
  const named = process.env.AUTOBAHN_PYTHON;
  return named ? [named] : ['python2.7', 'python2', 'pypy', ...ofPyenv()];
}

function isPython2(python: string): boolean {
  return run(python, ['-c', 'import sys; sys.exit(sys.version_info[:2] != (2, 7))']) === null;
}

function ofPyenv(): string[] {
  const versions = output('pyenv', 'versions', '--bare').filter((name) => name.startsWith('2.7'));
  return versions
    .flatMap((version) => output('pyenv', 'prefix', version))
    .map((prefix) => `${prefix}/bin/python`);
}

/** The lines that a command prints; none when it is not there. */
function output(command: string, ...args: readonly string[]): string[] {
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((line) => line !== '');
}
