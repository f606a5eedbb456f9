import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TerminalRun } from '../cli-remote/command.ts';
import { lacks } from '../support/needs.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';

const bin = join(import.meta.dirname, '../../bin/fanwire.js');
const listening = /^\d\d:\d\d:\d\d\.\d{3} info {2}listening /m;

/** Runs a script as a Node.js of that version would see it. */
function asVersion(version: string, script: string, ...args: string[]) {
  const versions = JSON.stringify({ ...process.versions, node: version });
  const claim = `Object.defineProperty(process, 'versions', { value: ${versions} })`;
  const options = ['--import', `data:text/javascript,${encodeURIComponent(claim)}`];
  return spawnSync(process.execPath, [...options, script, ...args], { encoding: 'utf8' });
}

describe('a Node.js that is too old', () => {
  for (const version of ['20.20.2', '22.1.0', '23.11.1', '8.0.0']) {
    it(`${version} is told so in one sentence`, () => {
      const { status, stdout, stderr } = asVersion(version, bin, 'serve');
      assert.deepEqual([status, stdout], [2, '']);
      assert.match(stderr, /^fanwire: Node\.js 24 or later is needed, and this is [\d.]+; [^\n]+\.\n$/);
      assert.ok(stderr.includes(version));
    });
  }

  it('is not one of the next years', () => {
    assert.equal(asVersion('100.0.0', bin, '--version').status, 0);
  });
});

it('a clone without its packages says what to run', () => {
  using directory = new Directory();
  mkdirSync(directory.join('bin'));
  cpSync(bin, directory.join('bin/fanwire.js'));
  cpSync(join(bin, '../../src'), directory.join('src'), { recursive: true });
  cpSync(join(bin, '../../package.json'), directory.join('package.json'));
  const { status, stderr } = spawnSync(process.execPath, [directory.join('bin/fanwire.js'), 'serve'], {
    encoding: 'utf8',
  });
  assert.deepEqual(
    [status, stderr],
    [2, 'fanwire: packages that it needs are not installed; run npm ci first.\n'],
  );
});

describe('the log', () => {
  const env = { PORT: '0', ENGINE: 'memory', LOG_LEVEL: 'info' };

  it('is JSON where nobody looks on, and lines for people where LOG_FORMAT asks for them', async () => {
    await using json = await ServerProcess.start({ env });
    await json.said(/"listening"/, 'stderr');
    const lines = json.stderr.trimEnd().split('\n');
    assert.ok(lines.map((line) => JSON.parse(line).msg).includes('engine open'));
    await using text = await ServerProcess.start({ env: { ...env, LOG_FORMAT: 'text' } });
    await text.said(listening, 'stderr');
    assert.ok(!text.stderr.includes('\x1b'));
  });

  it('of workers has the same form', async () => {
    await using server = await ServerProcess.start({ env: { ...env, WORKERS: '2', LOG_FORMAT: 'text' } });
    await server.said(/ info {2}listening url=\S+ worker=|worker=2/, 'stderr');
    assert.doesNotMatch(server.stderr, /^\{/m);
  });

  for (const [what, more, coloured] of [
    ['for people, in colour', {}, true],
    ['without colour where NO_COLOR is set', { NO_COLOR: '1' }, false],
  ] as const) {
    it(`on a terminal is ${what}`, { skip: lacks('python') }, async () => {
      using directory = new Directory();
      await using run = new TerminalRun(['serve'], {
        env: { ...env, TERM: 'xterm', ...more },
        cwd: directory.path,
      });
      const line = await run.lines.next((one) => one.includes('listening') && one.includes('url='));
      assert.equal(line.includes('\x1b['), coloured, line);
      assert.ok(!line.startsWith('{'));
      // Ctrl-C: the server is no child of ours, and would go on.
      run.type('\x03');
      await run.outcome;
    });
  }

  it('on a terminal is JSON where LOG_FORMAT says so', { skip: lacks('python') }, async () => {
    using directory = new Directory();
    await using run = new TerminalRun(['serve'], {
      env: { ...env, LOG_FORMAT: 'json' },
      cwd: directory.path,
    });
    const line = await run.lines.next((one) => one.includes('"listening"'));
    assert.equal(JSON.parse(line).msg, 'listening');
    run.type('\x03');
    await run.outcome;
  });
});
