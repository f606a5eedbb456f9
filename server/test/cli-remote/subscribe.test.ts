import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { CommandRun, TerminalRun } from './command.ts';

describe('fanwire subscribe', () => {
  let fw: TestServer;
  let env: Record<string, string>;

  before(async () => {
    fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '5' } });
    env = { FANWIRE_URL: fw.url, TZ: 'UTC' };
  });

  after(() => fw[Symbol.asyncDispose]());

  async function publish(channel: string, ...contents: unknown[]): Promise<string> {
    let epoch = '';
    for (const data of contents)
      epoch = (await fw.call('POST', '/api/publish', { channel, data })).body.epoch;
    return epoch;
  }

  it('prints the frames of the server as they come, and ends cleanly on Ctrl-C', async () => {
    await using run = new CommandRun(['subscribe', 'live'], { env });
    await run.noted(/subscribed to live at \S+:0$/);
    await publish('live', 'one', { two: 2 });
    await run.printed(2);
    const { body } = await fw.call('GET', '/api/channels/live/messages');
    assert.deepEqual(run.frames, body.messages);
    const { code, stderr } = await run.end('SIGINT');
    assert.equal(code, 0);
    assert.match(stderr, /stopped; go on with: fanwire subscribe live --since '?\S+:2'?\n$/);
  });

  it('ends cleanly on SIGTERM, with a position even where nothing came', async () => {
    await using run = new CommandRun(['subscribe', "it's"], { env });
    await run.noted(/subscribed/);
    const { code, stdout, stderr } = await run.end('SIGTERM');
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /fanwire subscribe 'it'\\''s' --since \S+:0/);
  });

  it('begins with nothing of the past, or with as much as it is told', async () => {
    await publish('past', 1, 2, 3);
    await using none = new CommandRun(['subscribe', 'past'], { env });
    await using two = new CommandRun(['subscribe', 'past', '--history', '2'], { env });
    await Promise.all([none.noted(/subscribed/), two.noted(/subscribed/)]);
    await publish('past', 4);
    await Promise.all([none.printed(1), two.printed(3)]);
    assert.deepEqual(
      [none, two].map(({ frames }) => frames.map(({ content }) => content)),
      [[4], [2, 3, 4]],
    );
  });

  it('goes on behind a position, and tells what is not kept any more', async () => {
    const epoch = await publish('since', 1, 2, 3, 4, 5, 6, 7, 8);
    await using close = new CommandRun(['subscribe', 'since', '--since', `${epoch}:6`], { env });
    await using far = new CommandRun(['subscribe', 'since', '--since', `${epoch}:1`], { env });
    await using strange = new CommandRun(['subscribe', 'since', '--since', `-${epoch}:8`], { env });
    await Promise.all([close.printed(2), far.printed(6), strange.printed(6)]);
    assert.deepEqual(
      close.frames.map(({ offset }) => offset),
      [7, 8],
    );
    assert.deepEqual(far.frames[0], { type: 'gap', channel: 'since', content: { from: 2, to: 3 } });
    assert.deepEqual(strange.frames[0], { type: 'gap', channel: 'since', content: { from: 1, to: null } });
    assert.deepEqual(
      [far, strange].map(({ frames }) => frames.slice(1).map(({ offset }) => offset)),
      [
        [4, 5, 6, 7, 8],
        [4, 5, 6, 7, 8],
      ],
    );
  });

  it('follows several channels, and prints no other', async () => {
    const token = await fw.token('u1');
    await using run = new CommandRun(['subscribe', 'a', 'b', 'a', '$all'], {
      env: { ...env, FANWIRE_TOKEN: token },
    });
    await Promise.all(['a', 'b', '\\$all'].map((name) => run.notes.until(() => saw(run, name))));
    await publish('a', 1);
    await publish('c', 2);
    await fw.call('POST', '/ws/send-to-user', { user_id: 'u1', message: { content: 3 } });
    await fw.call('POST', '/ws/broadcast', { message: { content: 4 } });
    await publish('b', 5);
    await run.printed(3);
    assert.deepEqual(
      run.frames.map(({ channel, content }) => [channel, content]),
      [
        ['a', 1],
        ['$all', 4],
        ['b', 5],
      ],
    );
  });

  it('prints a message whatever type its publisher gave it, as near to one of the server as may be', async () => {
    await using run = new CommandRun(['subscribe', 'types'], { env });
    await run.noted(/subscribed/);
    const types = ['Error', 'subscribed ', 'gaps', 'message', '__proto__'];
    for (const type of types) await fw.call('POST', '/api/publish', { channel: 'types', type, data: {} });
    await run.printed(types.length);
    assert.deepEqual(
      run.frames.map(({ type }) => type),
      types,
    );
  });

  it('ends quietly when nobody reads on', async () => {
    await using run = new CommandRun(['subscribe', 'head'], { env });
    await run.noted(/subscribed/);
    await publish('head', 1);
    await run.printed(1);
    run.child.stdout.destroy();
    await publish('head', 2);
    const { code, stderr } = await run.outcome;
    assert.equal(code, 0);
    assert.match(stderr, /^fanwire: subscribed to head at \S+\n$/);
  });

  it('takes --since of one channel only, and not with --history', async () => {
    const wrong: [args: string[], text: RegExp][] = [
      [['a', 'b', '--since', 'e:1'], /one channel: subscribe to one only/],
      [['a', '--since', 'e:1', '--history', '1'], /exclude each other/],
      [['a', '--since', 'e'], /epoch:offset/],
      [['a', '--history', '1001'], /from 0 to 1000/],
      [[], /missing required argument 'channel'/],
    ];
    for (const [args, text] of wrong) {
      await using run = new CommandRun(['subscribe', ...args], { env });
      const { code, stderr } = await run.outcome;
      assert.equal(code, 2);
      assert.match(stderr, text);
    }
  });

  it('prints lines for people on a terminal, until Ctrl-C is typed', { skip: lacks('python') }, async () => {
    const epoch = await publish('look', 1, 2, 3, 4, 5, 6, 7);
    await using run = new TerminalRun(['subscribe', 'look', '--since', `${epoch}:1`], { env });
    await run.printed(7);
    const bob = await fw.socket(`/ws/connect?token=${await fw.token('bob')}`);
    bob.send({ action: 'send_to_channel', data: { channel: 'look', content: 'hi\u0007', type: 'news' } });
    await run.printed(8);
    run.type('\x03');
    const { code } = await run.outcome;
    assert.equal(code, 0);
    const lines = run.lines.all.filter((line) => !line.includes('fanwire:'));
    assert.equal(lines[0], '--- gap in look: message 2 is not kept any more ---');
    assert.match(lines[1] ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {7}3 {2}- {13}3$/);
    assert.match(lines.at(6) ?? '', / {7}8 {2}bob {11}\[news\] hi\\u0007$/);
  });
});

function saw(run: CommandRun, channel: string): boolean {
  return run.notes.all.some((note) => new RegExp(`subscribed to ${channel} at`).test(note));
}
