import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type TestServer, testServer } from '../support/server.ts';
import { Directory } from '../support/server-process.ts';
import { CommandRun } from './command.ts';
import { Gateway } from './gateway.ts';

async function publish(fw: TestServer, from: number, to: number): Promise<void> {
  for (let data = from; data <= to; data++) await fw.call('POST', '/api/publish', { channel: 'news', data });
}

function contents(run: CommandRun): unknown[] {
  return run.frames.map(({ content }) => content);
}

describe('fanwire subscribe, when the connection breaks', () => {
  it('connects again and goes on where it broke, without loss or duplicate', async () => {
    await using fw = await testServer();
    await using gateway = await Gateway.to(fw.url);
    await using run = new CommandRun(['subscribe', 'news', '--url', gateway.url]);
    await run.noted(/subscribed/);
    await publish(fw, 1, 2);
    await run.printed(2);
    gateway.redirect(null);
    await run.noted(/connecting again in \d\.\d s/);
    await publish(fw, 3, 4);
    await run.noted(/it hung up; connecting again/);
    gateway.redirect(fw.url);
    await run.noted(/subscribed to news at \S+:4/);
    await publish(fw, 5, 5);
    await run.printed(5);
    assert.deepEqual(contents(run), [1, 2, 3, 4, 5]);
    assert.equal((await run.end('SIGINT')).code, 0);
  });

  it('goes on after a restart of a server that keeps its messages', async () => {
    using directory = new Directory();
    const options = { directory: directory.path };
    const first = await testServer(options);
    await using gateway = await Gateway.to(first.url);
    await using run = new CommandRun(['subscribe', 'news', '--url', gateway.url]);
    await run.noted(/subscribed/);
    await publish(first, 1, 2);
    await run.printed(2);
    await first[Symbol.asyncDispose]();
    await run.noted(/the server restarts \(1012\); connecting again/);
    await using second = await testServer(options);
    await publish(second, 3, 3);
    gateway.redirect(second.url);
    await run.printed(3);
    assert.deepEqual(contents(run), [1, 2, 3]);
  });

  it('tells honestly when the history is gone', async () => {
    const env = { ENGINE: 'memory' };
    const first = await testServer({ env });
    await using gateway = await Gateway.to(first.url);
    await using run = new CommandRun(['subscribe', 'news', '--url', gateway.url]);
    await run.noted(/subscribed/);
    await publish(first, 1, 2);
    await run.printed(2);
    await first[Symbol.asyncDispose]();
    await using second = await testServer({ env });
    await publish(second, 100, 100);
    gateway.redirect(second.url);
    await run.printed(4);
    assert.deepEqual(run.frames[2], { type: 'gap', channel: 'news', content: { from: 1, to: null } });
    assert.equal(run.frames[3].content, 100);
  });

  it('tells honestly what it missed for too long', async () => {
    await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '3' } });
    await using gateway = await Gateway.to(fw.url);
    await using run = new CommandRun(['subscribe', 'news', '--url', gateway.url]);
    await run.noted(/subscribed/);
    await publish(fw, 1, 1);
    await run.printed(1);
    gateway.redirect(null);
    await run.noted(/connecting again/);
    await publish(fw, 2, 8);
    gateway.redirect(fw.url);
    await run.printed(5);
    assert.deepEqual(run.frames[1], { type: 'gap', channel: 'news', content: { from: 2, to: 5 } });
    assert.deepEqual(contents(run).toSpliced(1, 1), [1, 6, 7, 8]);
  });

  it('notices a server that went silent', async () => {
    await using fw = await testServer({ env: { WEBSOCKET_HEARTBEAT_INTERVAL: '0.05' } });
    await using gateway = await Gateway.to(fw.url);
    await using run = new CommandRun(['subscribe', 'news', '--url', gateway.url]);
    await run.noted(/subscribed/);
    gateway.freeze();
    await run.noted(/the server went silent; connecting again/);
    await run.noted(/subscribed/);
    await publish(fw, 1, 1);
    await run.printed(1);
  });

  it('ends on Ctrl-C while it waits', async () => {
    await using fw = await testServer();
    await using gateway = await Gateway.to(fw.url);
    await using run = new CommandRun(['subscribe', 'news', '--url', gateway.url]);
    await run.noted(/subscribed/);
    gateway.redirect(null);
    await run.noted(/connecting again/);
    assert.equal((await run.end('SIGINT')).code, 0);
  });
});

describe('fanwire subscribe, when the server does not want it', () => {
  it('ends when an administrator closes the connection', async () => {
    await using fw = await testServer();
    await using run = new CommandRun(['subscribe', 'news'], { env: { FANWIRE_URL: fw.url } });
    await run.noted(/subscribed/);
    const { body } = await fw.call('GET', '/ws/connections');
    await fw.call('DELETE', `/ws/connections/${body.connections[0].id}`);
    const { code, stderr } = await run.outcome;
    assert.equal(code, 1);
    assert.match(stderr, /the server closed the connection: closed by an administrator \(4410\)\.\n$/);
  });

  it('ends when the token expires, and asks for a fresh one', async () => {
    await using fw = await testServer();
    const token = await fw.token('ann', { ttlSeconds: 3 });
    await using run = new CommandRun(['subscribe', 'news', '--token', token], {
      env: { FANWIRE_URL: fw.url },
    });
    const { code, stderr } = await run.outcome;
    assert.equal(code, 1);
    assert.match(stderr, /expired[\s\S]*--token \(FANWIRE_TOKEN\)/);
    assert.ok(!stderr.includes(token));
  });

  it('ends when it may not subscribe, not read the past, or present such a token', async () => {
    await using fw = await testServer();
    const token = await fw.token('ann', { channels: ['other'] });
    const cases: [args: string[], text: RegExp][] = [
      [['news', '--token', token], /cannot subscribe to "news": no permission .*\(forbidden\)/],
      [['$control'], /cannot subscribe to "\$control": .*\(forbidden\)/],
      [['news', '--token', `${token}x`], /\(401 unauthorized\)\n.*check --api-key/],
      [['x'.repeat(256)], /cannot subscribe .*255 bytes.*\(bad_request\)/],
    ];
    for (const [args, text] of cases) {
      await using run = new CommandRun(['subscribe', ...args], { env: { FANWIRE_URL: fw.url } });
      const { code, stdout, stderr } = await run.outcome;
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, text);
    }
  });

  it('says where it should have been when it cannot connect at first', async () => {
    await using gateway = await Gateway.to('http://127.0.0.1:1');
    gateway.redirect(null);
    await using run = new CommandRun(['subscribe', 'news'], { env: { FANWIRE_URL: gateway.url } });
    const { code, stderr } = await run.outcome;
    assert.equal(code, 1);
    assert.equal(gateway.connections, 1);
    assert.ok(stderr.startsWith(`fanwire: cannot connect to ${gateway.url}: `), stderr);
  });
});
