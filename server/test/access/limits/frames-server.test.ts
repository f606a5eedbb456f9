import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { refused } from '../../support/refusals.ts';
import { type TestServer, testServer } from '../../support/server.ts';
import type { SocketClient } from '../../support/socket-client.ts';
import { from, warnings } from '../../support/warnings.ts';

const here = from('203.0.113.7');
const elsewhere = from('203.0.113.8');

function isRefusal({ type, content }: { type?: string; content?: { type?: string } }): boolean {
  return type === 'error' && content?.type === 'rate_limited';
}

function refusals({ inbox }: SocketClient): number {
  return inbox.all.filter(isRefusal).length;
}

/** How many of so many frames, sent at once, are refused. */
async function flood(client: SocketClient, count: number): Promise<number> {
  const before = client.inbox.all.length;
  for (let n = 0; n < count; n++) client.send({ action: 'ping' });
  await client.inbox.until(() => client.inbox.all.length === before + count);
  return client.inbox.all.slice(before).filter(isRefusal).length;
}

async function open(fw: TestServer, headers = {}, query = ''): Promise<SocketClient> {
  const client = await fw.socket(`/ws/connect${query}`, { headers });
  await client.next({ type: 'connected' });
  return client;
}

describe('frames by default', () => {
  it('are 5,000 at once and 1,000 a second from one connection, on this machine too', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock });
    const client = await open(fw);
    assert.equal(await flood(client, 5_010), 10);
    clock.advance(1_000);
    // Its pongs to the server's questions are frames as well.
    const over = await flood(client, 1_010);
    assert.ok(over >= 10 && over < 50, `${over} refused`);
  });

  it('are not counted for an API key', async () => {
    await using fw = await testServer({
      clock: new FakeClock(),
      env: { WS_API_KEYS: 'back:publish:a-key-of-the-tests', MESSAGE_RATE_LIMIT: '10' },
    });
    assert.equal(await flood(await open(fw, { ...here, 'x-api-key': 'a-key-of-the-tests' }), 500), 0);
  });
});

describe('pings and pongs', () => {
  for (const [what, send] of [
    ['ping', (client: SocketClient) => client.ws.ping()],
    ['pong', (client: SocketClient) => client.ws.pong()],
  ] as const) {
    it(`a ${what} is a frame: over the limit it is told once, and who goes on is closed with 4429`, async () => {
      await using fw = await testServer({ clock: new FakeClock(), env: { MESSAGE_RATE_LIMIT: '10' } });
      const client = await open(fw);
      for (let n = 0; n < 30; n++) send(client);
      client.send({ action: 'ping' });
      await client.inbox.until(() => refusals(client) === 2);
      for (let n = 0; n < 40; n++) send(client);
      assert.equal((await client.closed).code, 4429);
      assert.equal(refusals(client), 2);
    });
  }
});

describe('several connections', () => {
  it('of one user have five times the limit of one together, from wherever', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env: { MESSAGE_RATE_LIMIT: '10' } });
    const token = await fw.token('ann');
    const others = await fw.token('ben');
    const refusedOfAnn: number[] = [];
    for (let n = 0; n < 7; n++) {
      const client = await open(fw, from(`203.0.113.${n}`), `?token=${token}`);
      refusedOfAnn.push(await flood(client, 10));
    }
    assert.deepEqual(refusedOfAnn, [0, 0, 0, 0, 0, 10, 10]);
    const client = await open(fw, here, `?token=${others}`);
    assert.equal(await flood(client, 10), 0);
    const told = await (await open(fw, here, `?token=${token}`)).ask({ action: 'ping' }, { type: 'error' });
    assert.equal(told.content.error, 'at most 50 messages a second from all connections of this user');
  });

  it('of one address have as many, in every dialect, and others are not held back', async () => {
    const clock = new FakeClock();
    const { log, lines } = warnings();
    await using fw = await testServer({ clock, log, env: { MESSAGE_RATE_LIMIT: '10' } });
    for (let n = 0; n < 5; n++) assert.equal(await flood(await open(fw, here), 10), 0);
    const relay = await fw.socket('/ws?room=r&client_id=c', { headers: here });
    const { payload } = await relay.ask({ type: 'message', payload: {} }, { type: 'error' });
    assert.equal(payload.code, 'rate_limited');
    const chat = await fw.socket('/', { headers: here });
    assert.equal((await chat.ask({ action: 'rooms' }, { action: 'error' })).code, 'rate_limited');
    assert.equal(await flood(await open(fw, elsewhere), 10), 0);
    clock.advance(1_000);
    await chat.ask({ action: 'rooms' }, { action: 'rooms' });
    assert.deepEqual(
      lines.map(({ limit, of, address }) => ({ limit, of, address })),
      [{ limit: 'frames', of: 'address', address: '203.0.113.7' }],
    );
  });

  it('of one address are counted together with its HTTP requests', async () => {
    const clock = new FakeClock();
    await using fw = await testServer({ clock, env: { MESSAGE_RATE_LIMIT: '10' } });
    for (let n = 0; n < 50; n++)
      assert.equal((await fw.call('GET', '/openapi.json', undefined, here)).status, 200);
    const client = await open(fw, here);
    assert.equal(await flood(client, 1), 1);
    const { status, headers, body } = await fw.call('GET', '/openapi.json', undefined, here);
    assert.deepEqual([status, headers.get('retry-after'), body.error.code], [429, '1', 'rate_limited']);
    assert.equal((await fw.call('GET', '/nowhere', undefined, here)).status, 429);
    assert.equal((await fw.call('GET', '/openapi.json', undefined, elsewhere)).status, 200);
    clock.advance(1_000);
    assert.equal(await flood(client, 1), 0);
  });
});

describe('HTTP requests', () => {
  const env = { MESSAGE_RATE_LIMIT: '10', WS_API_KEYS: 'back:publish+read:a-key-of-the-tests' };
  const key = { 'x-api-key': 'a-key-of-the-tests' };
  const message = { channel: 'news', message: { content: 'hi' } };

  it('with an API key are not counted, and nobody’s limit stops them', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env });
    for (let n = 0; n < 60; n++) {
      assert.equal((await fw.call('GET', '/health', undefined, { ...here, ...key })).status, 200);
      assert.equal((await fw.call('POST', '/ws/send-to-channel', message, { ...here, ...key })).status, 200);
    }
    for (let n = 0; n < 50; n++) await fw.call('GET', '/health', undefined, here);
    assert.equal((await fw.call('GET', '/health', undefined, here)).status, 429);
    assert.equal((await fw.call('POST', '/ws/send-to-channel', message, { ...here, ...key })).status, 200);
    const wrong = { ...here, 'x-api-key': 'another-key-of-the-tests' };
    assert.equal((await fw.call('GET', '/health', undefined, wrong)).status, 429, 'a header is no key');
  });

  it('of one user are counted together, wherever they come from', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env: { MESSAGE_RATE_LIMIT: '2' } });
    const authorization = `Bearer ${await fw.token('ann')}`;
    const ask = (n: number) =>
      fw.call('POST', '/sse/ticket', undefined, { authorization, ...from(`203.0.113.${n}`) });
    for (let n = 0; n < 10; n++) assert.equal((await ask(n)).status, 200);
    const { status, headers, body } = await ask(99);
    assert.deepEqual([status, headers.get('retry-after'), body.error.code], [429, '1', 'rate_limited']);
  });

  it('leave an event stream as it is, which counts as one', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env: { MESSAGE_RATE_LIMIT: '1' } });
    const stream = await fw.stream('/sse/connect?channels=news', here);
    for (let n = 0; n < 4; n++) await fw.call('GET', '/health', undefined, here);
    await refused(fw.stream('/sse/connect', here), 429, 'rate_limited');
    await fw.call('POST', '/ws/send-to-channel', message);
    await stream.next('message', { channel: 'news', content: 'hi' });
  });
});

describe('the metrics', () => {
  it('count by limit, and by whose it is', async () => {
    await using fw = await testServer({ clock: new FakeClock(), env: { MESSAGE_RATE_LIMIT: '1' } });
    const client = await open(fw, here);
    assert.equal(await flood(client, 3), 2);
    const text = async () => (await fetch(`${fw.url}/metrics`)).text();
    assert.match(await text(), /^fanwire_limited_total\{limit="frames",of="connection"\} 2$/m);
    assert.match(await text(), /^fanwire_limited_total\{limit="networks",of="server"\} 0$/m);
    await eventually(async () => (await text()).includes('fanwire_limited_total'), 'metrics');
  });
});
