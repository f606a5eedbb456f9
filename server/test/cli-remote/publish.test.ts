import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { CommandRun, command, jsonLines } from './command.ts';

describe('fanwire publish', () => {
  let fw: TestServer;
  let env: Record<string, string>;
  let listener: ChannelClient;

  before(async () => {
    fw = await testServer();
    env = { FANWIRE_URL: fw.url };
    listener = await ChannelClient.open(fw, { user: 'u1' });
  });

  after(() => fw[Symbol.asyncDispose]());

  async function received(channel: string): Promise<unknown[]> {
    await listener.settled();
    return listener.contents(channel);
  }

  it('prints the receipt as a JSON line into a pipe', async () => {
    await listener.subscribe('receipt');
    const outcome = await command(['publish', 'receipt', '{"text":"hello"}', '--id', 'one'], { env });
    assert.equal(outcome.code, 0);
    assert.equal(outcome.stderr, '');
    const [{ epoch, ...receipt }, ...more] = jsonLines(outcome);
    assert.deepEqual(more, []);
    assert.ok(typeof epoch === 'string');
    assert.deepEqual(receipt, { ok: true, id: 'one', channel: 'receipt', offset: 1, duplicate: false });
    assert.deepEqual(await received('receipt'), [{ text: 'hello' }]);
    const again = await command(['publish', 'receipt', '1', '--id', 'one'], { env });
    assert.equal(jsonLines(again)[0].duplicate, true);
    assert.deepEqual(await received('receipt'), [{ text: 'hello' }]);
  });

  it('takes JSON as that value and any other text as a string, and says when that is doubtful', async () => {
    await listener.subscribe('values');
    const typed: [text: string, content: unknown, doubtful?: boolean][] = [
      ['-5', -5],
      ['hello, world', 'hello, world'],
      ['{"a":', '{"a":', true],
    ];
    for (const [text, content, doubtful = false] of typed) {
      const { code, stderr } = await command(['publish', 'values', text], { env });
      assert.equal(code, 0, text);
      assert.equal(stderr.includes('not valid JSON'), doubtful, text);
      assert.deepEqual((await received('values')).at(-1), content);
    }
  });

  it('passes numbers beyond a double on as they were written', async () => {
    await command(['publish', 'exact', '{"id":12345678901234567890,"price":1.50}'], { env });
    const { stdout } = await command(['history', 'exact'], { env });
    assert.ok(stdout.includes('"content":{"id":12345678901234567890,"price":1.50}'), stdout);
  });

  it('passes type, id and persist on', async () => {
    await listener.subscribe('options');
    const args = ['publish', 'options', 'x', '--type', 'news', '--id', 'i1', '--persist'];
    assert.equal((await command(args, { env })).code, 0);
    await received('options');
    const [message] = listener.messages('options');
    assert.equal(message.type, 'news');
    assert.equal(message.id, 'i1');
    const late = await ChannelClient.open(fw);
    assert.equal((await late.subscribe('options')).replayed, 1, 'a kept message is replayed to everybody');
  });

  it('sends to a user, and to everyone', async () => {
    const direct = await command(['publish', '--user', 'u1', '{"n":1}'], { env });
    assert.equal(jsonLines(direct)[0].channel, '$user:u1');
    const broadcast = await command(['publish', '--broadcast', 'all', '--type', 'notice'], { env });
    assert.equal(jsonLines(broadcast)[0].channel, '$all');
    assert.deepEqual(await received('$user:u1'), [{ n: 1 }]);
    assert.deepEqual(await received('$all'), ['all']);
    assert.deepEqual(
      [...listener.messages('$user:u1'), ...listener.messages('$all')].map(({ type }) => type),
      ['direct', 'notice'],
    );
  });

  it('publishes each line of its input, in order: JSON or text, LF or CRLF, blank ones left out', async () => {
    await listener.subscribe('lines');
    const input = 'one\r\n\n{"two":2}\n   \n"th\u2028ree"\n4';
    const outcome = await command(['publish', 'lines', '-'], { env, input });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.deepEqual(
      jsonLines(outcome).map(({ offset }) => offset),
      [1, 2, 3, 4],
    );
    assert.deepEqual(await received('lines'), ['one', { two: 2 }, 'th\u2028ree', 4]);
  });

  it('publishes many lines, more than a batch takes', async () => {
    const input = Array.from({ length: 2500 }, (_, at) => `${at + 1}\n`).join('');
    const outcome = await command(['publish', 'many', '-'], { env, input });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.deepEqual(
      jsonLines(outcome).map(({ offset }) => offset),
      Array.from({ length: 2500 }, (_, at) => at + 1),
    );
    const history = await command(['history', 'many', '--limit', '1000'], { env });
    assert.deepEqual(
      jsonLines(history).map(({ content }) => content),
      Array.from({ length: 1000 }, (_, at) => at + 1501),
    );
  });

  it('does not wait for the end of its input', async () => {
    await using run = new CommandRun(['publish', 'stream', '-'], { env });
    for (const count of [1, 2, 3]) {
      run.child.stdin.write(`line ${count}\n`);
      await run.printed(count);
    }
    run.child.stdin.write('cut ');
    run.child.stdin.end('off');
    assert.equal((await run.outcome).code, 0);
    const { stdout } = await command(['history', 'stream'], { env });
    assert.ok(stdout.includes('"content":"cut off"'));
  });

  it('sends lines to a user, and to everyone', async () => {
    for (const to of [['--user', 'u2'], ['--broadcast']]) {
      const outcome = await command(['publish', ...to, '-'], { env, input: 'a\nb\n' });
      assert.equal(outcome.code, 0, outcome.stderr);
      assert.equal(jsonLines(outcome).length, 2);
    }
  });

  it('an empty input is nothing to publish', async () => {
    for (const input of ['', '\n\n']) {
      assert.deepEqual(await command(['publish', 'nothing', '-'], { env, input }), {
        code: 0,
        stdout: '',
        stderr: '',
      });
    }
  });
});

describe('fanwire publish - with lines that the server does not take', () => {
  let fw: TestServer;
  let env: Record<string, string>;

  before(async () => {
    fw = await testServer({ env: { SSE_MAX_MESSAGE_SIZE: '100' } });
    env = { FANWIRE_URL: fw.url };
  });

  after(() => fw[Symbol.asyncDispose]());

  it('names the line, goes on with the others, and fails at the end', async () => {
    const input = `a\n\n${'x'.repeat(200)}\nb\n`;
    const outcome = await command(['publish', 'lines', '-'], { env, input });
    assert.equal(outcome.code, 1);
    assert.equal(jsonLines(outcome).length, 2);
    assert.match(outcome.stderr, /^fanwire: line 3: .*100 bytes.*too_large/);
    assert.match(outcome.stderr, /not every line was published\.\n {2}Published: 2\. Refused: 1\.\n$/);
  });

  it('does so with lines that came alone, too', async () => {
    await using run = new CommandRun(['publish', 'alone', '-'], { env });
    run.child.stdin.write(`${'x'.repeat(200)}\n`);
    await run.noted(/line 1: .*too_large/);
    run.child.stdin.end('b\n');
    assert.equal((await run.outcome).code, 1);
    await run.printed(1);
  });

  it('does so with lines that are not UTF-8', async () => {
    const input = Buffer.from('a\n\xff\nb\n', 'latin1');
    const outcome = await command(['publish', 'utf8', '-'], { env, input });
    assert.equal(outcome.code, 1);
    assert.equal(jsonLines(outcome).length, 2);
    assert.match(outcome.stderr, /^fanwire: line 2: the line is not UTF-8\n/);
  });

  it('stops where no line can be published', async () => {
    const wrong = await command(['publish', '$all', '-'], { env, input: 'a\nb\nc\n' });
    assert.equal(wrong.code, 1);
    assert.equal(wrong.stdout, '');
    assert.match(wrong.stderr, /stopped at line 1: .*forbidden/);
    const gone = await command(['publish', 'x', '-', '--url', 'http://127.0.0.1:2'], { env, input: 'a\nb' });
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /stopped at line 1: cannot connect to .*\n.*\n {2}Published: 0\. Refused: 0\./);
  });

  it('tells many refusals of lines by their number', async () => {
    const input = `${'x'.repeat(200)}\n`.repeat(30);
    const { code, stderr } = await command(['publish', 'lines', '-'], { env, input });
    assert.equal(code, 1);
    assert.equal(stderr.match(/line \d+:/g)?.length, 10);
    assert.match(stderr, /Refused: 30\./);
  });
});
