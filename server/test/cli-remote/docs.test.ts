import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Command } from 'commander';
import { program as commandLine } from '../../src/cli/program.ts';
import { parseConfigFile } from '../../src/config/file.ts';
import { loadSettings } from '../../src/config/load.ts';
import { ChannelClient } from '../support/channel-client.ts';
import { Inbox } from '../support/inbox.ts';
import { type TestServer, testSecret, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';
import { program } from './command.ts';

const docs = join(import.meta.dirname, '../../../docs');
const text = readFileSync(join(docs, 'cli.md'), 'utf8');

/** The part of the document that is about a command. */
function sectionOf(name: string): string {
  const section = text.split(/^## /m).find((part) => part.startsWith(`fanwire ${name}\n`));
  assert.ok(section, name);
  return section;
}

const commands = commandLine({}).commands.filter((command) => command.name() !== 'help');

function optionsOf(command: Command): string[] {
  return command.options.map(({ long }) => long ?? '');
}

describe('docs/cli.md', () => {
  const common = text.slice(text.indexOf('## Asking a running server'), text.indexOf('## fanwire serve'));
  const shared = ['--url', '--api-key', '--token', '--api-key-header', '--json'];

  for (const command of commands) {
    it(`has the options of fanwire ${command.name()}, and no others`, () => {
      const section = sectionOf(command.name());
      const asksServer = command.options.some(({ long }) => long === '--url');
      const own = optionsOf(command).filter((name) => !asksServer || !shared.includes(name));
      const documented = [...section.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, name = '']) => name);
      assert.deepEqual(documented.sort(), own.sort());
      assert.ok(text.includes(`[\`fanwire ${command.name()}\`](#fanwire-${command.name()})`));
    });
  }

  it('has what the commands that ask a server have in common', () => {
    for (const name of shared) assert.ok(common.includes(`| \`${name}`), name);
  });

  it('links to what is there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)/g)) {
      assert.ok(existsSync(join(docs, target)), target);
    }
  });
});

describe('docs/settings.md', () => {
  it('shows a file that can be read', () => {
    const settings = readFileSync(join(docs, 'settings.md'), 'utf8');
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(settings) ?? [];
    const file = parseConfigFile('fanwire.yaml', yaml);
    assert.ok(file.entries.size >= 8);
    const { listen, apiKeys } = loadSettings({}, file);
    assert.equal(listen.host, '0.0.0.0');
    assert.equal(apiKeys.keys.length, 2);
  });
});

/** `<!-- runs, prints TEXT then TEXT -->`; `runs on` goes on while later ones run. */
const marked = /<!-- runs( on)?, prints (.+) -->\n```sh\n([\s\S]*?)\n```/g;
const examples = [...text.matchAll(marked)].map(([, on, texts = '', code = '']) => ({
  goesOn: on !== undefined,
  texts: texts.split(' then '),
  code,
}));

describe('the examples of docs/cli.md', () => {
  let fw: TestServer;
  let directory: Directory;
  const endings: (() => void)[] = [];

  /** `fanwire` stands in the path, and the examples run in a folder of their own. */
  before(async () => {
    fw = await testServer();
    directory = new Directory();
    mkdirSync(directory.join('bin'));
    const shim = directory.join('bin', 'fanwire');
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(shim, 0o755);
    const member = await ChannelClient.open(fw);
    await member.subscribe('lobby');
  });

  after(async () => {
    for (const end of endings) end();
    await fw[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  function run(code: string): Inbox<string> {
    const printed = new Inbox<string>(code);
    const path = `${directory.join('bin')}${delimiter}${process.env.PATH}`;
    const env = { PATH: path, FANWIRE_URL: fw.url, JWT_SECRET: testSecret };
    const child = spawn('sh', ['-euc', code], { cwd: directory.path, env, detached: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => printed.put(part));
    }
    child.on('close', (exit) => printed.end(`it ended with ${exit}`));
    endings.push(() => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    });
    return printed;
  }

  it('are all run, in their order, or excused', async () => {
    const waiting: [Inbox<string>, string][] = [];
    const shows = (printed: Inbox<string>, part: string) =>
      printed.until(
        () => printed.all.join('').includes(part),
        () => part,
      );
    for (const { code, texts, goesOn } of examples) {
      const printed = run(code);
      const [first = '', ...others] = texts;
      await shows(printed, first);
      for (const part of others) {
        if (goesOn) waiting.push([printed, part]);
        else await shows(printed, part);
      }
    }
    for (const [printed, part] of waiting) await shows(printed, part);
    const blocks = text.match(/^```sh$/gm) ?? [];
    const excused = text.match(/<!-- not run: .+ -->\n```/g) ?? [];
    assert.equal(blocks.length, examples.length + excused.length);
  });
});
