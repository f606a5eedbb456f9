import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { command, jsonLines, terminal } from './command.ts';

describe('fanwire channels and fanwire connections', () => {
  let fw: TestServer;
  let env: Record<string, string>;
  let ann: ChannelClient;
  let bob: ChannelClient;

  before(async () => {
    fw = await testServer({ env: { MAX_CHANNELS_PER_CONNECTION: '5000' } });
    env = { FANWIRE_URL: fw.url, TZ: 'UTC' };
    ann = await ChannelClient.open(fw, { user: 'ann' });
    bob = await ChannelClient.open(fw, { user: 'bob' });
    await ann.subscribe('room:1');
    await bob.subscribe('room:1');
    await bob.subscribe('room:2');
    await fw.call('POST', '/api/publish', { channel: 'room:1', data: 1 });
    await fw.call('POST', '/api/publish', { channel: 'news', data: 1 });
  });

  after(() => fw[Symbol.asyncDispose]());

  it('lists channels as JSON lines, as the HTTP API has them', async () => {
    const outcome = await command(['channels'], { env });
    assert.equal(outcome.code, 0, outcome.stderr);
    const { body } = await fw.call('GET', '/api/channels');
    assert.deepEqual(jsonLines(outcome), body.channels);
    const room = jsonLines(outcome).find(({ name }) => name === 'room:1');
    assert.equal(room.subscribers, 2);
    assert.equal(room.offset, 1);
    assert.equal(room.private, false);
  });

  it('takes a prefix and a limit', async () => {
    const names = async (...args: string[]): Promise<string[]> =>
      jsonLines(await command(['channels', ...args], { env })).map(({ name }) => name);
    assert.deepEqual(await names('--prefix', 'new'), ['news']);
    assert.deepEqual(await names('--prefix', 'none'), []);
    assert.equal((await names('--limit', '1')).length, 1);
  });

  it('lists connections as JSON lines, as the HTTP API has them', async () => {
    const outcome = await command(['connections'], { env });
    const { body } = await fw.call('GET', '/ws/connections');
    assert.deepEqual(jsonLines(outcome), body.connections);
    assert.deepEqual(
      jsonLines(outcome).map(({ user_id }) => user_id),
      ['ann', 'bob'],
    );
  });

  it('takes a user, a channel and a limit', async () => {
    const ids = async (...args: string[]): Promise<string[]> =>
      jsonLines(await command(['connections', ...args], { env })).map(({ id }) => id);
    assert.deepEqual(await ids('--user', 'ann'), [ann.id]);
    assert.deepEqual(await ids('--channel', 'room:2'), [bob.id]);
    assert.deepEqual(await ids('--channel', 'room:1', '--limit', '1'), [ann.id]);
    assert.deepEqual(await ids('--user', 'nobody'), []);
  });

  it('are tables on a terminal', { skip: lacks('python') }, async () => {
    const channels = await terminal(['channels', '--prefix', 'room:1'], { env });
    assert.equal(channels.code, 0);
    assert.match(channels.lines[0] ?? '', /^CHANNEL {2}SUBSCRIBERS {2}OFFSET {2}EPOCH +PRIVATE$/);
    assert.match(channels.lines[1] ?? '', /^room:1 {13}2 {7}1 {2}\S+$/);
    assert.equal(channels.lines.length, 2);
    const { lines } = await terminal(['connections', '--user', 'bob'], { env });
    assert.equal(lines.length, 2);
    const [header = '', row = ''] = lines;
    for (const [title, value] of [
      ['ID', bob.id],
      ['USER', 'bob'],
      ['DIALECT', 'channel'],
      ['TRANSPORT', 'websocket'],
      ['ADDRESS', '127.0.0.1'],
      ['CHANNELS', 'room:1, room:2'],
    ] as const) {
      const at = header.indexOf(title);
      assert.ok(at >= 0 && row.startsWith(value, at), `${title}: ${row}`);
    }
    assert.deepEqual((await terminal(['channels', '--prefix', 'x'], { env })).lines, ['no channels']);
    assert.deepEqual((await terminal(['connections', '--user', 'x'], { env })).lines, ['no connections']);
  });

  it('follow the pages of the server', async () => {
    const crowd = await ChannelClient.open(fw, { user: 'crowd' });
    const names = Array.from({ length: 2300 }, (_, at) => `page:${String(at).padStart(4, '0')}`);
    const messages = names.map((channel) => ({ channel, data: 1 }));
    for (let at = 0; at < names.length; at += 1000) {
      await fw.call('POST', '/api/batch', { messages: messages.slice(at, at + 1000) });
    }
    const listed = async (...args: string[]): Promise<string[]> =>
      jsonLines(await command(['channels', '--prefix', 'page:', ...args], { env })).map(({ name }) => name);
    assert.deepEqual(await listed(), names);
    assert.deepEqual(await listed('--limit', '1001'), names.slice(0, 1001));
    crowd.close();
  });
});
