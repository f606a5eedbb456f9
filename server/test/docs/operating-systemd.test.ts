import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exitCodes } from '../../src/cli/exit.ts';
import { loadSettings } from '../../src/config/load.ts';
import { Directory, ServerProcess } from '../support/server-process.ts';
import { root } from './document.ts';
import { Installation, page, readEnv } from './installation.ts';
import { prints, Running } from './shell.ts';

const unit = page.file('fanwire.service');

function directive(name: string): string {
  const found = new RegExp(`^${name}=(.*)$`, 'm').exec(unit);
  assert.ok(found, name);
  return found[1] ?? '';
}

describe('docs/operating.md: the settings', () => {
  it('are read by the server, and it starts in production with them', async () => {
    await using place = new Installation();
    await using fw = await place.start();
    assert.equal((await fw.call('GET', '/ready')).status, 200);
    assert.equal((await fw.call('GET', '/ws/stats')).status, 401);
    for (const path of ['/ws/connect', '/ws?room=a&client_id=a', '/?name=a']) {
      await assert.rejects(fw.socket(path), { status: 401 }, path);
    }
    await assert.rejects(fw.stream('/sse/connect'), { status: 401 });
  });

  it('are read by the command line as the page says', async () => {
    await using place = new Installation();
    writeFileSync(place.directory.join('etc', 'fanwire.env'), place.here(page.file('fanwire.env')));
    await using fw = await place.start();
    const commands = page.blocks.filter(({ mark }) => mark === 'runs with the settings, prints eyJ');
    assert.equal(commands.length, 2);
    const tokens = await Promise.all(commands.map(({ code }) => place.output(code)));
    const [forUser = '', forPrometheus = ''] = tokens.map((token) => token.trim());
    await fw.socket(`/ws/connect?token=${forUser}`);
    const scrape = (token: string) =>
      fetch(`${fw.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await scrape(forPrometheus)).status, 200);
    assert.equal((await scrape(forUser)).status, 403);
  });
});

describe('docs/operating.md: the systemd unit', () => {
  it('runs what ExecStart says, with the settings, until SIGTERM', async () => {
    await using place = new Installation();
    const [node = '', ...args] = place.here(directive('ExecStart')).split(' ');
    await using running = new Running(node, args, { cwd: root, env: { ...place.env, PORT: '0' } });
    await prints(running.printed, ['Fanwire is listening on ']);
    running.signal('SIGTERM');
    assert.equal(await running.ended, 0);
    await prints(running.printed, ['"msg":"closing"', '"msg":"draining"', '"msg":"closed"']);
    assert.ok(existsSync(place.database));
  });

  it('gives the drain its time, and every connection a descriptor', async () => {
    await using place = new Installation();
    const { shutdown, limits } = loadSettings(place.env);
    assert.ok(Number(directive('TimeoutStopSec')) * 1000 >= shutdown.timeout + 10_000);
    assert.ok(Number(directive('LimitNOFILE')) >= 2 * limits.connections);
  });

  it('does not restart what takes a person', async () => {
    assert.equal(Number(directive('RestartPreventExitStatus')), exitCodes.wrong);
    await using place = new Installation();
    await using wrong = new Running(process.execPath, ['server/src/main.ts', 'serve'], {
      cwd: root,
      env: { ...place.env, MAX_CONECTIONS_TOTAL: '5' },
    });
    await prints(wrong.printed, ['MAX_CONECTIONS_TOTAL']);
    assert.equal(await wrong.ended, exitCodes.wrong);
    await using fw = await place.start();
    await using second = new Running(process.execPath, ['server/src/main.ts', 'serve'], {
      cwd: root,
      env: { ...place.env, PORT: '0' },
    });
    await prints(second.printed, ['another Fanwire is using']);
    assert.equal(await second.ended, exitCodes.wrong);
    assert.equal((await fw.call('GET', '/ready')).status, 200);
  });

  it('leaves out what the page warns of', () => {
    for (const name of ['MemoryDenyWriteExecute', 'ProcSubset', 'ExecReload']) {
      assert.doesNotMatch(unit, new RegExp(`^${name}=`, 'm'));
      assert.ok(page.text.includes(`**No \`${name}`));
    }
  });

  it('has no reload: SIGHUP ends the server as SIGTERM does', async () => {
    await using place = new Installation();
    await using server = await ServerProcess.start({ env: { DATABASE_PATH: place.database } });
    assert.deepEqual(await server.kill('SIGHUP'), { code: 0, signal: null });
  });

  it('is what systemd reads, where there is systemd', (test) => {
    using directory = new Directory();
    const file = directory.join('fanwire.service');
    writeFileSync(file, unit.replaceAll('/opt/fanwire', root));
    const { error, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    if (error) {
      test.diagnostic('systemd-analyze is not here: only the directives were compared');
      return;
    }
    const about = stderr.split('\n').filter((line) => line.includes('fanwire'));
    assert.deepEqual(about, []);
    assert.equal(status, 0);
  });

  it('names a Node.js that the clone has', () => {
    const [node = ''] = directive('ExecStart').split(' ');
    assert.ok(existsSync(node.replace('/opt/fanwire', root)));
    assert.ok(existsSync(join(root, 'server/src/main.ts')));
  });
});

describe('docs/operating.md: rotating', () => {
  it('the token secret: tokens of the old one hold as long as it is the previous one', async () => {
    await using place = new Installation();
    const rotation = readEnv(place.here(page.file('rotation.env')));
    const old = await place.start();
    const token = await old.token('ann');
    await place.stop();
    const during = await place.start(rotation);
    await during.socket(`/ws/connect?token=${token}`);
    await place.stop();
    const after = await place.start({ JWT_SECRET: rotation.JWT_SECRET ?? '' });
    await assert.rejects(after.socket(`/ws/connect?token=${token}`), { status: 401 });
  });

  it('an API key: both are accepted meanwhile', async () => {
    await using place = new Installation();
    await using fw = await place.start(readEnv(place.here(page.file('keys.env'))));
    for (const name of ['PASTE_A_KEY', 'PASTE_A_NEW_KEY', 'PASTE_ANOTHER_KEY']) {
      const answer = await fw.call('GET', '/ws/stats', undefined, { 'x-api-key': place.pasted(name) });
      assert.equal(answer.status, 200, name);
    }
  });
});
