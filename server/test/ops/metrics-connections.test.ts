import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { chat, enter, relay, room } from '../support/doors.ts';
import { clientFrame, closePayload, opcodes, RawSocket } from '../support/raw-socket.ts';
import { refused } from '../support/refusals.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { becomes, growth, scrape } from './figures.ts';

const closed = 'fanwire_connections_closed_total';

describe('connections', () => {
  const ways: [string, string, (fw: TestServer) => Promise<{ close(): void }>][] = [
    ['channel', 'websocket', (fw) => ChannelClient.open(fw)],
    ['relay', 'websocket', (fw) => enter(fw, relay, 'lobby')],
    ['room', 'websocket', (fw) => enter(fw, room, 'lobby')],
    ['chat', 'websocket', (fw) => enter(fw, chat, 'lobby')],
    ['events', 'sse', (fw) => fw.stream('/sse/connect')],
  ];
  for (const [dialect, transport, open] of ways) {
    it(`${dialect}: open and opened, by dialect and transport`, async () => {
      await using fw = await testServer();
      const client = await open(fw);
      const labels = { dialect, transport };
      const during = await scrape(fw);
      assert.equal(during.value('fanwire_connections', labels), 1);
      assert.equal(during.value('fanwire_connections'), 1);
      assert.equal(during.value('fanwire_connections_opened_total', labels), 1);
      assert.equal(during.value('fanwire_connections_opened_total'), 1);
      client.close();
      await becomes(fw, 0, 'fanwire_connections', labels);
      const after = await scrape(fw);
      assert.equal(after.value('fanwire_connections_opened_total', labels), 1);
      assert.equal(after.value(closed, { dialect, by: 'client' }), 1);
      assert.equal(after.value(closed), 1);
    });
  }

  it('channels and subscriptions, and the limits', async () => {
    await using fw = await testServer({
      env: { MAX_CONNECTIONS_TOTAL: '7', WEBSOCKET_MAX_CONNECTIONS: '5', SSE_MAX_CONNECTIONS: '3' },
    });
    const one = await ChannelClient.open(fw, { user: 'ann' });
    const other = await ChannelClient.open(fw);
    await one.subscribe('news');
    await other.subscribe('news');
    await other.subscribe('sport');
    const figures = await scrape(fw);
    // $all, $user:ann, news, sport; everyone is in $all.
    assert.equal(figures.value('fanwire_channels'), 4);
    assert.equal(figures.value('fanwire_subscriptions'), 6);
    for (const [transport, limit] of Object.entries({ websocket: 5, sse: 3, all: 7 })) {
      assert.equal(figures.value('fanwire_connections_limit', { transport }), limit);
    }
    other.close();
    await becomes(fw, 3, 'fanwire_subscriptions');
  });
});

describe('closes, by code and by who did it', () => {
  const byClient: [string, (raw: RawSocket) => void, string][] = [
    ['a close frame with 1000', (raw) => raw.write(clientFrame(opcodes.close, closePayload(1000))), '1000'],
    [
      '1001, as a browser that leaves',
      (raw) => raw.write(clientFrame(opcodes.close, closePayload(1001))),
      '1001',
    ],
    ['a close frame without a code', (raw) => raw.write(clientFrame(opcodes.close)), '1005'],
    ['a broken link', (raw) => raw.reset(), '1006'],
    ['a code of its own', (raw) => raw.write(clientFrame(opcodes.close, closePayload(4999))), 'other'],
    [
      'a code that is the server’s',
      (raw) => raw.write(clientFrame(opcodes.close, closePayload(4413))),
      'other',
    ],
  ];
  for (const [title, act, code] of byClient) {
    it(`${title} is ${code}`, async () => {
      await using fw = await testServer();
      const raw = await RawSocket.webSocket(fw.url, '/ws/connect');
      act(raw);
      await becomes(fw, 1, closed, { dialect: 'channel', code, by: 'client' });
      assert.equal((await scrape(fw)).value(closed), 1);
      raw.close();
    });
  }

  const byServer: [string, (raw: RawSocket) => void, string][] = [
    ['a binary frame', (raw) => raw.write(clientFrame(opcodes.binary, 'x')), '1003'],
    ['an unmasked frame', (raw) => raw.write(clientFrame(opcodes.text, 'x', { masked: false })), '1002'],
    ['bad UTF-8', (raw) => raw.write(clientFrame(opcodes.text, Buffer.from([0xff]))), '1007'],
    ['a frame over the limit', (raw) => raw.write(clientFrame(opcodes.text, 'x'.repeat(70_000))), '1009'],
    [
      'too many fragments',
      (raw) => {
        raw.write(clientFrame(opcodes.text, 'x', { fin: false }));
        const more = Array.from({ length: 1100 }, () =>
          clientFrame(opcodes.continuation, 'x', { fin: false }),
        );
        raw.write(Buffer.concat(more));
      },
      '1008',
    ],
    [
      '20 bad frames',
      (raw) => raw.write(Buffer.concat(Array.from({ length: 20 }, () => clientFrame(opcodes.text, '[')))),
      '4400',
    ],
  ];
  for (const [title, act, code] of byServer) {
    it(`${title} is ${code}`, async () => {
      await using fw = await testServer();
      const raw = await RawSocket.webSocket(fw.url, '/ws/connect');
      act(raw);
      await becomes(fw, 1, closed, { dialect: 'channel', code, by: 'server' });
      assert.equal((await scrape(fw)).value(closed), 1);
      raw.close();
    });
  }

  it('an administrator’s is 4410', async () => {
    await using fw = await testServer();
    const client = await ChannelClient.open(fw);
    const grown = await growth(fw, () => fw.call('DELETE', `/ws/connections/${client.id}`));
    assert.equal(grown(closed, { code: '4410', by: 'server' }), 1);
    assert.equal(grown('fanwire_connections', { dialect: 'channel' }), -1);
  });
});

describe('refusals before the upgrade or the stream, by code', () => {
  const name = 'fanwire_connections_refused_total';

  it('of both transports', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '1' } });
    const grown = await growth(fw, async () => {
      await refused(fw.socket('/ws/connect?token=x'), 401, 'unauthorized');
      await refused(fw.socket('/nowhere'), 404, 'not_found');
      await refused(fw.stream('/sse/connect?token=x'), 401, 'unauthorized');
      await fw.socket('/ws/connect');
      await refused(fw.socket('/ws/connect'), 503, 'server_full');
      await refused(fw.socket('/ws/connect'), 503, 'server_full');
      await refused(fw.stream('/sse/connect'), 503, 'server_full');
    });
    assert.equal(grown(name, { transport: 'websocket', code: 'unauthorized' }), 1);
    assert.equal(grown(name, { transport: 'websocket', code: 'not_found' }), 1);
    assert.equal(grown(name, { transport: 'websocket', code: 'server_full' }), 2);
    assert.equal(grown(name, { transport: 'sse', code: 'unauthorized' }), 1);
    assert.equal(grown(name, { transport: 'sse', code: 'server_full' }), 1);
    assert.equal(grown(name), 6);
    assert.equal(grown('fanwire_connections_opened_total'), 1);
  });

  it('of a full room, and of a handshake that is none', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_PER_ROOM: '1' } });
    await fw.socket('/ws?room=a&client_id=c1');
    const grown = await growth(fw, async () => {
      await refused(fw.socket('/ws?room=a&client_id=c2'), 503, 'room_full');
      const raw = new RawSocket(fw.url);
      raw.write(
        'GET /ws/connect HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
      assert.match(await raw.head(), /^HTTP\/1\.1 400 .*\r\nSec-WebSocket-Version: 13, 8/s);
      await raw.until((text) => text.endsWith('}}'));
      assert.match(raw.text, /"code":"bad_request"/);
      raw.close();
    });
    assert.equal(grown(name, { transport: 'websocket', code: 'room_full' }), 1);
    assert.equal(grown(name, { transport: 'websocket', code: 'bad_request' }), 1);
  });
});
