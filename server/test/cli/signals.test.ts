import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { Directory, type Exit, ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';

const root = join(import.meta.dirname, '../../..');

describe('the end of the server', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal}: everybody is told, nothing is lost, and the exit code is 0`, async () => {
      using directory = new Directory();
      const env = { DATABASE_PATH: directory.join('chat.db'), LOG_LEVEL: 'info' };
      await using server = await ServerProcess.start({ env });
      const socket = new SocketClient(`${server.webSocketUrl}/ws/connect`, {});
      const stream = new StreamClient(`${server.url}/sse/connect?channels=c`, {});
      await Promise.all([socket.opened, stream.next('connected')]);
      const data = { channel: 'c', content: 'last words' };
      await socket.ask({ action: 'send_to_channel', data }, { type: 'ack' });
      const exit = server.kill(signal);
      assert.equal((await socket.closed).code, 1012);
      await stream.next('message', { content: 'last words' });
      assert.equal((await stream.next('closed')).data.code, 1012);
      assert.deepEqual(await exit, { code: 0, signal: null });
      assert.match(server.stderr, /"signal":"SIG\w+"/);

      await using next = await ServerProcess.start({ env });
      const page = await fetch(`${next.url}/api/channels/c/messages`);
      const { messages } = (await page.json()) as { messages: { content: string }[] };
      assert.deepEqual(
        messages.map(({ content }) => content),
        ['last words'],
      );
    });
  }

  it('with nobody there takes less than a second', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({ env: { DATABASE_PATH: directory.join('chat.db') } });
    const start = performance.now();
    assert.deepEqual(await server.kill('SIGTERM'), { code: 0, signal: null });
    assert.ok(performance.now() - start < 1000);
  });

  it('waits for no client that neither reads nor answers', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({ env: { DATABASE_PATH: directory.join('chat.db') } });
    const frozen = await RawSocket.webSocket(server.url, '/ws/connect');
    const half = new RawSocket(server.url);
    half.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await half.head();
    half.write('GET /health HTTP/1.1\r\nHost: localhost\r\n');
    await half.sent();
    // Another answer, so that the server has seen what was sent before.
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
    frozen.socket.pause();
    const start = performance.now();
    assert.deepEqual(await server.kill('SIGTERM'), { code: 0, signal: null });
    assert.ok(performance.now() - start < 8000);
    frozen.close();
    half.close();
  });

  it('does not wait when it is told again', async () => {
    using directory = new Directory();
    await using server = await ServerProcess.start({ env: { DATABASE_PATH: directory.join('chat.db') } });
    const frozen = await RawSocket.webSocket(server.url, '/ws/connect');
    frozen.socket.pause();
    let exit: Exit | null = null;
    void server.exit.then((ended) => {
      exit = ended;
    });
    await eventually(async () => {
      server.child.kill('SIGTERM');
      return exit !== null;
    }, 'it ends');
    assert.deepEqual(exit, { code: 1, signal: null });
    frozen.close();
  });
});

describe('npm start', () => {
  it('from another directory honours the environment, and ends with 0 on SIGTERM', async () => {
    using directory = new Directory();
    const npm = spawn('npm', ['--prefix', root, 'start'], {
      cwd: directory.path,
      env: {
        PATH: process.env.PATH,
        HOME: directory.path,
        PORT: '0',
        DATABASE_PATH: directory.join('chat.db'),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { promise: url, resolve, reject } = Promise.withResolvers<string>();
    let said = '';
    npm.stdout.on('data', (chunk) => {
      said += chunk;
      const match = /listening on (http:\S+)/.exec(said);
      if (match?.[1]) resolve(match[1]);
    });
    const exit = new Promise((ended) => npm.on('close', ended));
    void exit.then(() => reject(new Error(`npm start ended: ${said}`)));
    assert.equal((await fetch(`${await url}/health`)).status, 200);
    npm.kill('SIGTERM');
    assert.equal(await exit, 0);
  });
});
