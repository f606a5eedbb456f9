import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type TestServer, testServer } from '../support/server.ts';
import { command, commandIntoHead } from './command.ts';

const keys = { all: 'key-of-everything-123', read: 'key-that-reads-only-1', wrong: 'key-that-nobody-knows' };

/** One of each that asks a server. */
const commands = [
  ['publish', 'lobby', 'hello'],
  ['subscribe', 'lobby'],
  ['history', 'lobby'],
  ['channels'],
  ['connections'],
  ['kick', 'some-id'],
  ['kick', '--user', 'ann'],
  ['bench', '--seconds', '0.1', '--warmup', '0'],
];

describe('a command that the server refuses', () => {
  let fw: TestServer;

  before(async () => {
    fw = await testServer({
      env: {
        WS_API_KEYS: `${keys.all},reader:read:${keys.read}`,
        WS_API_KEY_HEADER: 'X-Fan-Key',
        WEBSOCKET_AUTH_REQUIRED: 'true',
        // A benchmark presents them once for each of its connections.
        FAILED_CREDENTIALS_PER_MINUTE: '0',
      },
    });
  });

  after(() => fw[Symbol.asyncDispose]());

  for (const args of commands) {
    it(`asks for credentials: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await command([...args, '--url', fw.url]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /\(401 unauthorized\)\n {2}Give credentials by --api-key \(FANWIRE_API_KEY\)/);
    });
  }

  it('says that its credentials are wrong, and never what they are', async () => {
    const token = `${await fw.token('ann')}x`;
    for (const args of commands) {
      const env = { FANWIRE_URL: fw.url, FANWIRE_API_KEY: keys.wrong, FANWIRE_API_KEY_HEADER: 'X-Fan-Key' };
      const outcome = await command([...args, '--token', token], { env });
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /\(401 unauthorized\)\n {2}The server does not take these credentials/);
      for (const secret of [keys.wrong, token]) {
        assert.ok(!`${outcome.stdout}${outcome.stderr}`.includes(secret), args.join());
      }
    }
  });

  it('takes a key by option or environment, the option first, in the header of the server', async () => {
    const env = { FANWIRE_URL: fw.url, FANWIRE_API_KEY: keys.all, FANWIRE_API_KEY_HEADER: 'X-Fan-Key' };
    assert.equal((await command(['channels'], { env })).code, 0);
    const wrong = await command(['channels', '--api-key', keys.wrong], { env });
    assert.equal(wrong.code, 1);
    const right = await command(['channels', '--api-key', keys.all, '--api-key-header', 'x-fan-key'], {
      env: { ...env, FANWIRE_API_KEY: keys.wrong, FANWIRE_API_KEY_HEADER: 'X-Other' },
    });
    assert.equal(right.code, 0, right.stderr);
  });

  it('takes a token by option or environment, the option first', async () => {
    const [good, none] = [await fw.token('ann', { scopes: ['read'] }), await fw.token('ann')];
    const env = { FANWIRE_URL: fw.url, FANWIRE_TOKEN: good };
    assert.equal((await command(['channels'], { env })).code, 0);
    const { code, stderr } = await command(['channels', '--token', none], { env });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /needs the scope "read".*\(403 forbidden\)\n {2}These credentials do not allow it\./,
    );
  });

  it('names the scope that is missing, and the field that is wrong', async () => {
    const env = { FANWIRE_URL: fw.url, FANWIRE_API_KEY_HEADER: 'X-Fan-Key' };
    const forbidden = await command(['publish', 'lobby', '1', '--api-key', keys.read], { env });
    assert.equal(forbidden.code, 1);
    assert.match(forbidden.stderr, /the scope "publish".*\(403 forbidden\)/);
    const args = ['publish', 'lobby', '1', '--type', 'x'.repeat(65), '--api-key', keys.all];
    const wrong = await command(args, { env });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^fanwire: type: at most 64 characters \(422 bad_request\)\n$/);
  });
});

describe('a command without a Fanwire server', () => {
  let stranger: Server;
  let url: string;

  before(async () => {
    stranger = createServer((request, response) => {
      if (request.url?.startsWith('/moved')) response.writeHead(302, { location: 'http://elsewhere/' }).end();
      else if (request.url?.startsWith('/list')) response.end('[]');
      else response.writeHead(404).end('<h1>It works!</h1>');
    });
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  });

  after(() => stranger.close());

  for (const args of commands) {
    it(`says so: ${args.join(' ')}`, async () => {
      const strange = await command([...args, '--url', url]);
      assert.deepEqual([strange.code, strange.stdout], [1, '']);
      assert.equal(
        strange.stderr,
        `fanwire: ${url} answered 404, but not as a Fanwire server does. Is it the right --url?\n`,
      );
      const absent = await command([...args, '--url', 'http://127.0.0.1:2']);
      assert.deepEqual([absent.code, absent.stdout], [1, '']);
      assert.match(
        absent.stderr,
        /^fanwire: cannot connect to http:\/\/127\.0\.0\.1:2: nothing listens there\.\n/,
      );
      assert.match(absent.stderr, /Is the server running\? Start it with: fanwire serve\..*--url/);
    });
  }

  it('does not follow a redirect, which could take the key elsewhere, nor takes any JSON for an answer', async () => {
    const moved = await command(['channels', '--url', `${url}/moved`]);
    assert.equal(moved.code, 1);
    assert.match(moved.stderr, /answered 302, but not as a Fanwire server does/);
    const list = await command(['channels', '--url', `${url}/list`]);
    assert.equal(list.code, 1);
    assert.match(list.stderr, /answered 200, but not as/);
  });
});

describe('a command line that is wrong', () => {
  const wrong: [args: string[], text: RegExp][] = [
    [['publish'], /a channel and a message/],
    [['publish', 'lobby'], /a message, too/],
    [['publish', '--user', 'u1'], /a message and no channel/],
    [['publish', '--user', 'u1', 'lobby', 'x'], /a message and no channel/],
    [['publish', '--user', 'u1', '--broadcast', 'x'], /exclude each other/],
    [['publish', '--broadcast', '--persist', 'x'], /--persist is for messages to a channel/],
    [['publish', 'lobby', '-', '--id', 'x'], /every line would be a duplicate/],
    [['publish', 'lobby', 'a', 'b'], /too many arguments/],
    [['publish', 'lobby', 'a', '--api-kye=SECRET'], /unknown option '--api-kye=…'/],
    [['history'], /missing required argument 'channel'/],
    [['history', 'lobby', '--limit', '0'], /a whole number, at least 1/],
    [['history', 'lobby', '--limit', '1e3'], /a whole number, at least 1/],
    [['history', 'lobby', '--from', 'soon'], /It takes a time: 15m/],
    [['connections', '--limit', '-1'], /a whole number/],
    [['channels', '--url', 'localhost:8000'], /--url \(or FANWIRE_URL\): is no address/],
    [['channels', '--url', 'http://ann:SECRET@127.0.0.1'], /takes no user name, password/],
    [['channels', '--url', 'http://127.0.0.1?api_key=SECRET'], /takes no user name, password, query/],
    [['channels', '--api-key', 'SECRET KEY'], /--api-key \(or FANWIRE_API_KEY\): is empty, or has spaces/],
    [['channels', '--token', ''], /--token \(or FANWIRE_TOKEN\): is empty/],
    [['channels', '--api-key-header', 'a b'], /no name of an HTTP header/],
    [['bench', '--scenario', 'fanout,idle'], /There are fanout, sse, ingest/],
    [['bench', 'http://127.0.0.1:2', '--url', 'http://127.0.0.1:2'], /takes the server once/],
    [['bench', '127.0.0.1:8000'], /is no address/],
    [['bench', '--connections', '0'], /a whole number, from 1/],
    [['bench', '--seconds', '0'], /It takes seconds, above 0/],
    [['bench', '--warmup', '-1'], /It takes seconds, from 0/],
    [['bench', '--bytes', '20'], /a whole number, from 64/],
    [['chanels'], /unknown command 'chanels'\n\(Did you mean channels\?\)/],
  ];
  for (const [args, text] of wrong) {
    it(`is told: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await command(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, text);
      assert.ok(!stderr.includes('SECRET'), stderr);
    });
  }

  it('gets help, with the exit codes', async () => {
    for (const args of [['--help'], ['publish', '--help'], ['help', 'subscribe']]) {
      const { code, stdout } = await command(args);
      assert.equal(code, 0);
      assert.match(stdout, /Exit codes: 0 done, 1 it failed, 2 the command line or a setting is wrong\./);
    }
  });
});

describe('an output that nobody reads', () => {
  it('ends the command quietly', async () => {
    await using fw = await testServer();
    const messages = Array.from({ length: 1000 }, () => ({ channel: 'long', data: 'x'.repeat(500) }));
    await fw.call('POST', '/api/batch', { messages });
    const args = ['history', 'long', '--limit', '1000'];
    const { stdout, stderr } = await commandIntoHead(args, { env: { FANWIRE_URL: fw.url } });
    assert.equal(stdout.split('\n').length, 2);
    assert.equal(stderr, 'it ended with 0\n');
  });
});
