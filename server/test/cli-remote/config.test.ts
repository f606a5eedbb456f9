import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { rows } from '../../src/config/schema.ts';
import { lacks } from '../support/needs.ts';
import { testSecret, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';
import { CommandRun, command, jsonLines, terminal } from './command.ts';

const fileText = `
listen:
  port: 9000
jwt:
  secret: ${testSecret}
  issuer: me
sse: { retry: 500 }
`;

describe('fanwire config', () => {
  let directory: Directory;
  let cwd: string;

  before(() => {
    directory = new Directory();
    cwd = directory.path;
    writeFileSync(directory.join('fanwire.yaml'), fileText);
    writeFileSync(directory.join('other.yaml'), 'listen: { port: 9999 }\n');
    writeFileSync(directory.join('wrong.yaml'), 'listen:\n  prot: 1\nsse: { retry: x }\n');
  });

  after(() => directory[Symbol.dispose]());

  it('prints every setting as a JSON line into a pipe', async () => {
    const env = { PORT: '9001', WS_JWT_ALGORITHM: 'HS512' };
    const outcome = await command(['config'], { cwd, env });
    assert.equal(outcome.code, 0, outcome.stderr);
    const settings = jsonLines(outcome);
    assert.deepEqual(
      settings.map(({ name }) => name),
      rows.map(({ setting }) => setting.env),
    );
    const named = (name: string) => settings.find((setting) => setting.name === name);
    assert.deepEqual(named('PORT'), {
      name: 'PORT',
      key: 'listen.port',
      meaning: 'Port to listen on; 0 is any free one.',
      unit: null,
      default: 8000,
      value: 9001,
      source: 'environment PORT',
    });
    assert.equal(named('SSE_RETRY_TIMEOUT').source, 'file fanwire.yaml:7');
    assert.equal(named('SSE_RETRY_TIMEOUT').unit, 'ms');
    assert.equal(named('JWT_ALG').source, 'environment WS_JWT_ALGORITHM');
    assert.equal(named('HOST').source, 'default');
    assert.equal(named('JWT_SECRET').value, 'set');
    assert.equal(named('WS_API_KEYS').value, 'not set');
    assert.ok(!outcome.stdout.includes(testSecret));
  });

  it('reads the file that is named instead', async () => {
    const settings = jsonLines(await command(['config', '--config', 'other.yaml'], { cwd }));
    assert.equal(settings.find(({ name }) => name === 'PORT').source, 'file other.yaml:1');
    assert.equal(settings.find(({ name }) => name === 'JWT_SECRET').source, 'default');
  });

  it('lists every problem and ends with 2 when a setting is wrong', async () => {
    for (const name of ['config', 'serve', 'token --sub a']) {
      const args = [...name.split(' '), '--config', 'wrong.yaml'];
      const { code, stdout, stderr } = await command(args, { cwd, env: { LOG_LEVEL: 'loud' } });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(
        stderr,
        /^fanwire: 3 settings are wrong:\n {2}wrong\.yaml:2: .*\n {2}wrong\.yaml:3: .*\n {2}LOG_LEVEL /,
      );
    }
  });

  it('ends with 2 when the file that is named is not there', async () => {
    const { code, stderr } = await command(['config', '--config', 'none.yaml'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /none\.yaml cannot be read: there is no such file\./);
  });

  it('is a table on a terminal, no wider than that', { skip: lacks('python') }, async () => {
    const env = { PORT: '9001', WS_JWT_ALGORITHM: 'HS512' };
    const { code, lines } = await terminal(['config'], { cwd, env }, 100);
    assert.equal(code, 0);
    assert.match(lines[0] ?? '', /^SETTING +VALUE +DEFAULT +FROM$/);
    const valueAt = lines[0]?.indexOf('VALUE') ?? 0;
    const rowOf = (name: string) => lines.find((line) => line.startsWith(`${name} `)) ?? '';
    for (const { group, key, setting } of rows) {
      assert.ok(rowOf(setting.env).slice(valueAt - 2, valueAt) === '  ', setting.env);
      assert.ok(
        lines.some((line) => line.startsWith(`  ${group}.${key}: `)),
        key,
      );
    }
    assert.match(rowOf('PORT'), / 9001 +8000 +environment$/);
    assert.match(rowOf('SSE_RETRY_TIMEOUT'), / 500 ms +3000 ms +file fanwire\.yaml:7$/);
    assert.match(rowOf('JWT_ALG'), / HS512 .* environment WS_JWT_ALGORITHM$/);
    assert.match(rowOf('JWT_SECRET'), / set +development: made and +file fanwire\.yaml:5$/);
    assert.equal(lines.at(-1), 'The file fanwire.yaml was read. The environment wins over the file.');
    assert.ok(!lines.join('\n').includes(testSecret));
    assert.deepEqual(
      lines.filter((line) => line.length > 110),
      [],
    );
    const json = await terminal(['config', '--json'], { cwd });
    assert.equal(JSON.parse(json.lines[0] ?? '').name, 'NODE_ENV');
  });
});

describe('the config file', () => {
  it('is what fanwire serve runs with, and the environment wins', async () => {
    using directory = new Directory();
    const path = directory.join('mine.yaml');
    writeFileSync(
      path,
      'listen: { port: 0, host: "::1" }\nengine: { kind: memory }\nlog: { level: silent }\n',
    );
    const env = { HOST: '127.0.0.1' };
    await using run = new CommandRun(['serve', '--config', path], { cwd: directory.path, env });
    const listening = await run.lines.next((line) => line.includes('listening'));
    assert.match(listening, /on http:\/\/127\.0\.0\.1:\d+$/);
    await run.lines.next((line) => line === `  settings    ${path}, and the environment, which wins`);
    const url = listening.replace(/.* on /, '');
    const config = await command(['channels', '--url', url]);
    assert.equal(config.code, 0, config.stderr);
    assert.equal((await run.end('SIGTERM')).code, 0);
  });

  it('is what fanwire token signs with', async () => {
    using directory = new Directory();
    writeFileSync(directory.join('fanwire.yaml'), `jwt: { secret: ${testSecret} }`);
    await using fw = await testServer({ env: { WEBSOCKET_AUTH_REQUIRED: 'true' } });
    const { stdout } = await command(['token', '--sub', 'ann'], { cwd: directory.path });
    const socket = await fw.socket(`/ws/connect?token=${stdout.trim()}`);
    assert.equal((await socket.next({ type: 'connected' })).content.user_id, 'ann');
  });
});
