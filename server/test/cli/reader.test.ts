import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { Directory } from '../support/server-process.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

/** The command, whose output nobody reads: the pipe is closed before anything is written. */
function unread(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.destroy();
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
}

describe('when nobody reads what a command prints', () => {
  for (const args of [['--help'], ['--version'], ['bench', '--help'], ['token', '--sub', 'dev']]) {
    it(`fanwire ${args.join(' ')} ends quietly`, async () => {
      const child = unread(args);
      const [faults, [code]] = await Promise.all([text(child.stderr ?? assert.fail()), once(child, 'exit')]);
      assert.deepEqual({ code, faults }, { code: 0, faults: '' });
    });
  }

  it('fanwire serve goes on', async () => {
    using directory = new Directory();
    const port = String(await freePort());
    const child = unread(['serve'], {
      PORT: port,
      DATABASE_PATH: directory.join('chat.db'),
      LOG_LEVEL: 'warn',
    });
    const faults = text(child.stderr ?? assert.fail());
    const ended = once(child, 'exit');
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    await eventually(answers, 'the server answers');
    // The banner was written meanwhile.
    child.kill('SIGTERM');
    assert.deepEqual([await ended, await faults], [[0, null], '']);
  });
});
