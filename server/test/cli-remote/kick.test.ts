import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { command, jsonLines, terminal } from './command.ts';

describe('fanwire kick', () => {
  let fw: TestServer;
  let env: Record<string, string>;

  before(async () => {
    fw = await testServer();
    env = { FANWIRE_URL: fw.url };
  });

  after(() => fw[Symbol.asyncDispose]());

  it('closes a connection with 4410', async () => {
    const client = await ChannelClient.open(fw, { user: 'ann' });
    const outcome = await command(['kick', client.id], { env });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.deepEqual(jsonLines(outcome), [{ ok: true }]);
    assert.equal((await client.socket.closed).code, 4410);
  });

  it('says where ids come from when there is no such connection', async () => {
    const { code, stderr } = await command(['kick', 'nobody/here'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /no connection has this id \(404 not_found\)\n.*fanwire connections/);
  });

  it('closes every connection of a user', async () => {
    const [first, second] = [await ChannelClient.open(fw, { user: 'u/1' }), await fw.room('r', 'u/1')];
    const other = await ChannelClient.open(fw, { user: 'u2' });
    const outcome = await command(['kick', '--user', 'u/1'], { env });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(jsonLines(outcome)[0].closed, 2);
    assert.equal((await first.socket.closed).code, 4410);
    assert.equal((await second.closed).code, 4410);
    await other.settled();
  });

  it('says what it did on a terminal', { skip: lacks('python') }, async () => {
    const client = await ChannelClient.open(fw, { user: 'eve' });
    const one = await terminal(['kick', client.id], { env });
    assert.deepEqual(one.lines, [`closed the connection ${client.id}`]);
    const all = await terminal(['kick', '--user', 'eve'], { env });
    assert.deepEqual(all.lines, ['closed the connections of eve: 0']);
  });

  it('takes an id or a user, one of them', async () => {
    for (const args of [['kick'], ['kick', 'a', '--user', 'b']]) {
      const { code, stderr } = await command(args, { env });
      assert.equal(code, 2);
      assert.match(stderr, /either the id of a connection, or --user/);
    }
  });
});
