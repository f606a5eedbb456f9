import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused, refusedCall } from '../support/refusals.ts';
import { type TestServer, testOrigin, testServer } from '../support/server.ts';

function publish(fw: TestServer, channel: string, content: unknown) {
  return fw.call('POST', '/ws/send-to-channel', { channel, message: { content } });
}

/** By address: names that are nearly right there, and the right one. */
const near: Readonly<Record<string, readonly [string, string][]>> = {
  '/ws/connect?': [
    ['Token', 'token'],
    ['tokens', 'token'],
    ['apiKey', 'api_key'],
    ['api-key', 'api_key'],
    ['ECHO', 'echo'],
  ],
  '/ws?room=a&client_id=b&': [
    ['Room', 'room'],
    ['rooms[]', 'room'],
    ['clientId', 'client_id'],
    ['client-ids', 'client_id'],
  ],
  '/ws/lobby?': [['Presence', 'presence']],
  '/?': [['names', 'name']],
  '/sse/connect?': [
    ['Channels', 'channels'],
    ['channels-', 'channels'],
    ['CHANNEL[]', 'channels'],
    ['lasteventid', 'last_event_id'],
    ['last-event-id', 'last_event_id'],
    ['tickets', 'ticket'],
    ['APIKEY', 'api_key'],
  ],
};

describe('a query parameter that is nearly one of ours', () => {
  for (const [address, names] of Object.entries(near)) {
    for (const [name, meant] of names) {
      it(`is 400 and named: ${address}${name}=`, async () => {
        await using fw = await testServer();
        const path = `${address}${encodeURIComponent(name)}=x`;
        const headers = { origin: testOrigin };
        const opening = address.startsWith('/sse') ? fw.stream(path) : fw.socket(path, { headers });
        const { body } = await refused(opening, 400, 'bad_request');
        assert.ok(body.error.message.includes(`"${name}"`), body.error.message);
        assert.ok(body.error.message.includes(`"${meant}"`), body.error.message);
      });
    }
  }

  it('is 400 over HTTP as well, before the credentials are missed', async () => {
    await using fw = await testServer({ env: { WS_API_KEYS: 'a-long-key-of-the-tests-32-bytes' } });
    for (const path of [
      '/ws/connections?Channel=a&api_key=a-long-key-of-the-tests-32-bytes',
      '/ws/connections?users=a',
      '/api/channels?Prefix=a',
      '/api/channels/a/messages?After=1',
      '/ws/stats?apiKey=a-long-key-of-the-tests-32-bytes',
      '/ws/stats?Token=x',
    ]) {
      refusedCall(await fw.call('GET', path), 400, 'bad_request');
    }
  });

  it('is repeated shortened in the refusal', async () => {
    await using fw = await testServer();
    const name = `token${'-'.repeat(1_000)}`;
    const { body } = await refused(fw.socket(`/ws/connect?${name}=x`), 400, 'bad_request');
    assert.ok(body.error.message.length < 150);
  });
});

describe('a query parameter of somebody else', () => {
  it('is left alone', async () => {
    await using fw = await testServer();
    const other = 'utm_source=x&_=17&my_token=a&lastEvent=3&s=1&[]=2&channel=x&constructor=1';
    (await fw.socket(`/ws/connect?${other}`)).close();
    (await fw.socket(`/?${other}&rooms=a`)).close();
    await (await fw.stream('/sse/connect?utm_source=x&room=a&names=b&client_id=c')).next('connected');
    assert.equal((await fw.call('GET', `/ws/stats?${other}`)).status, 200);
  });
});

describe('event streams', () => {
  for (const spelling of ['channels', 'channel', 'channels[]', 'channels%5B%5D']) {
    it(`take ?${spelling}= for their channels`, async () => {
      await using fw = await testServer();
      const stream = await fw.stream(`/sse/connect?${spelling}=a,b&channels=c`);
      assert.deepEqual((await stream.next('connected')).data.content.channels, ['a', 'b', 'c']);
      await publish(fw, 'b', 'hello');
      await stream.next('message', { content: 'hello' });
    });
  }

  for (const spelling of ['last_event_id', 'lastEventId', 'lastEventID', 'Last-Event-ID']) {
    it(`take ?${spelling}= for where to go on`, async () => {
      await using fw = await testServer();
      const first = await fw.stream('/sse/connect?channels=a');
      await first.next('connected');
      await publish(fw, 'a', 1);
      const { id } = await first.next('message', { content: 1 });
      first.close();
      await publish(fw, 'a', 2);
      const again = await fw.stream(`/sse/connect?channels=a&${spelling}=${encodeURIComponent(id)}`);
      await again.next('message', { content: 2 });
      assert.equal(again.inbox.all.length, 2);
    });
  }

  it('go on at the last of several places: a library puts its own behind that of the page', async () => {
    await using fw = await testServer();
    const first = await fw.stream('/sse/connect?channels=a');
    const { id: start } = await first.next('connected');
    await publish(fw, 'a', 1);
    const { id } = await first.next('message', { content: 1 });
    await publish(fw, 'a', 2);
    const query = `last_event_id=${encodeURIComponent(start)}&lastEventId=${encodeURIComponent(id)}`;
    const again = await fw.stream(`/sse/connect?channels=a&${query}`);
    await again.next('message', { content: 2 });
    assert.equal(again.inbox.all.length, 2);
  });
});
