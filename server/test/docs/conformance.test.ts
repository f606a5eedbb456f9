import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { agent, readVerdicts, reportOf } from '../../../scripts/autobahn/verdicts.ts';

const script = join(import.meta.dirname, '../../../scripts/autobahn.ts');

it('without a Python 2.7 the suite is skipped by name, which is no failure', () => {
  const { status, stdout } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { ...process.env, AUTOBAHN_PYTHON: '/nowhere/python' },
  });
  assert.equal(status, 0);
  assert.match(stdout, /^Skipped: autobahn: there is no Python 2\.7/);
});

it('a case fails unless it passed, was informational or not strict; also one that is not implemented', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fanwire-verdicts-'));
  const cases: Record<string, [string, string]> = {
    '1.1.1': ['OK', 'OK'],
    '3.2': ['NON-STRICT', 'OK'],
    '7.1.6': ['INFORMATIONAL', 'INFORMATIONAL'],
    '7.3.1': ['OK', 'UNCLEAN'],
    '9.1.1': ['FAILED', 'OK'],
    '12.1.1': ['UNIMPLEMENTED', 'OK'],
  };
  const report = Object.fromEntries(
    Object.entries(cases).map(([id, [behavior, behaviorClose]]) => [id, { behavior, behaviorClose }]),
  );
  const file = join(directory, 'index.json');
  writeFileSync(file, JSON.stringify({ [agent]: report }));
  const verdicts = readVerdicts(file);
  rmSync(directory, { recursive: true });
  assert.deepEqual(
    verdicts.filter(({ failed }) => failed).map(({ id }) => id),
    ['7.3.1', '9.1.1', '12.1.1'],
  );
  const lines = reportOf(verdicts).split('\n');
  assert.ok(lines.includes('group 7: 2 cases, 1 INFORMATIONAL, 1 OK'), lines.join('\n'));
  assert.ok(lines.includes('case 12.1.1 failed: UNIMPLEMENTED, closed: OK'));
  assert.equal(lines.at(-1), '3 passed, 3 failed');
});
