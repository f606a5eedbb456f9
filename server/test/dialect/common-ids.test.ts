import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelClient } from '../support/channel-client.ts';
import { embedded } from '../support/embedded.ts';
import { type TestServer, testServer } from '../support/server.ts';

const apiKey = 'a-key-of-the-tests-0123456789';
const otherKey = 'another-key-of-the-tests-0123';
const env = { WS_API_KEYS: `one:manage:${apiKey},two:publish:${otherKey}` };

/** Where a message stands, and whether it was there before. */
type Placed = readonly [offset: number, duplicate: boolean];

/** Publishes with this id to the channel `orders`, or to the user u1. */
type Publish = (id: string) => Promise<Placed>;

const placed = ({ offset, duplicate }: { offset: number; duplicate: boolean }): Placed => [offset, duplicate];

/** A client of the channel dialect: with a token of a user, or a guest. */
async function client(fw: TestServer, user?: string, query = ''): Promise<Publish> {
  const visitor = await ChannelClient.open(fw, { ...(user === undefined ? {} : { user }), query });
  return async (id) => {
    const data = { channel: 'orders', content: `of ${user ?? 'a guest'}`, id };
    return placed((await visitor.ask('send_to_channel', data)).content);
  };
}

/** A call of the HTTP API with these headers. */
function request(fw: TestServer, headers: Record<string, string>): Publish {
  return async (id) => {
    const body = { channel: 'orders', data: 'of a back end', id };
    const answer = await fw.call('POST', '/api/publish', body, headers);
    assert.equal(answer.status, 200);
    return placed(answer.body);
  };
}

for (const engine of ['sqlite', 'memory']) {
  describe(`the ids of publishers (${engine})`, () => {
    it('are of three kinds: each user has its own, guests share theirs, API keys share theirs', async () => {
      await using fw = await testServer({ env: { ...env, ENGINE: engine } });
      const bearer = { authorization: `Bearer ${await fw.token('u1', { scopes: ['publish'] })}` };
      const spaces: Publish[][] = [
        [await client(fw), await client(fw)],
        [await client(fw, 'u1'), await client(fw, 'u1'), request(fw, bearer)],
        [await client(fw, 'u2'), await client(fw, 'u2', `api_key=${apiKey}&`)],
        // A user may have any name.
        [await client(fw, 'guests')],
        [
          request(fw, { 'x-api-key': apiKey }),
          request(fw, { 'x-api-key': otherKey }),
          await client(fw, undefined, `api_key=${otherKey}`),
        ],
      ];
      for (const [at, [first = assert.fail(), ...others]] of spaces.entries()) {
        assert.deepEqual(await first('order-42-paid'), [at + 1, false]);
        for (const other of [first, ...others])
          assert.deepEqual(await other('order-42-paid'), [at + 1, true]);
      }
    });

    it('of a user cannot be taken for a direct message of the back end', async () => {
      await using fw = await testServer({ env: { ...env, ENGINE: engine } });
      const customer = await ChannelClient.open(fw, { user: 'u1' });
      const thief = await ChannelClient.open(fw, { user: 'u2' });
      const content = 'not paid';
      await thief.ask('send_to_user', { user_id: 'u1', content, id: 'order-42-paid' });
      const paid = { user_id: 'u1', message: { content: 'paid', id: 'order-42-paid' } };
      for (const duplicate of [false, true]) {
        const { body } = await fw.call('POST', '/ws/send-to-user', paid, { 'x-api-key': apiKey });
        assert.equal(body.duplicate, duplicate);
      }
      await customer.reached('$user:u1', 2);
      assert.deepEqual(customer.contents('$user:u1'), ['not paid', 'paid']);
    });

    it('of a guest cannot be taken for those of a batch, of a notification or of an event', async () => {
      await using fw = await testServer({ env: { ...env, ENGINE: engine } });
      const take = await client(fw);
      for (const id of ['batch', 'key', 'event', 'note']) assert.equal((await take(id))[1], false);
      const headers = { 'x-api-key': apiKey };
      const batch = { messages: [{ channel: 'orders', data: 1, id: 'batch' }] };
      const answers = [
        (await fw.call('POST', '/api/batch', batch, headers)).body.results[0],
        (
          await fw.call(
            'POST',
            '/api/publish',
            { channel: 'orders', data: 1 },
            { ...headers, 'idempotency-key': 'key' },
          )
        ).body,
        (
          await fw.call(
            'POST',
            '/sse/send-to-channel',
            { channel: 'orders', event: 'e', data: 1 },
            { ...headers, 'idempotency-key': 'event' },
          )
        ).body,
        (
          await fw.call(
            'POST',
            '/sse/notification',
            { channel: 'orders', title: 't', content: 'c' },
            { ...headers, 'idempotency-key': 'note' },
          )
        ).body,
      ];
      assert.deepEqual(answers.map(placed), [
        [5, false],
        [6, false],
        [7, false],
        [8, false],
      ]);
    });

    it('of requests without a key are those of the back ends, where management is open', async () => {
      await using fw = await testServer({ env: { ENGINE: engine } });
      assert.deepEqual(await (await client(fw))('k'), [1, false]);
      assert.deepEqual(await request(fw, {})('k'), [2, false]);
      assert.deepEqual(await request(fw, {})('k'), [2, true]);
    });

    it('say which message is to be removed, unless several have the same: then the offset does', async () => {
      await using fw = await testServer({ env: { ...env, ENGINE: engine } });
      const headers = { 'x-api-key': apiKey };
      await (await client(fw))('k');
      await (await client(fw, 'u1'))('k');
      const remove = (query = '') =>
        fw.call('DELETE', `/api/channels/orders/messages/k${query}`, undefined, headers);
      const several = await remove();
      assert.equal(several.status, 409);
      const { code, message, details } = several.body.error;
      assert.deepEqual([code, details], ['bad_request', { offsets: [1, 2] }]);
      assert.match(message, /offsets 1, 2.*\?offset=/);
      assert.equal((await remove('?offset=3')).status, 404);
      assert.equal((await remove('?offset=x')).status, 400);
      assert.deepEqual((await remove('?offset=2')).body, { ok: true, offset: 2 });
      assert.deepEqual((await remove('?offset=2')).body, { ok: true, offset: 2 });
      assert.deepEqual((await remove()).body, { ok: true, offset: 1 });
      const page = await fw.call('GET', '/api/channels/orders/messages', undefined, headers);
      assert.deepEqual(
        page.body.messages.slice(0, 2).map(({ type }: { type: string }) => type),
        ['deleted', 'deleted'],
      );
    });
  });
}

describe('the ids of a program', () => {
  it('are those of its back ends, and cannot be taken by its clients', async () => {
    await using fw = await embedded({ apiKeys: { keys: [`one:manage:${apiKey}`] } });
    assert.deepEqual(await (await client(fw))('k'), [1, false]);
    assert.deepEqual(await (await client(fw, 'u1'))('k'), [2, false]);
    assert.deepEqual(placed(await fw.fanwire.publish('orders', 1, { id: 'k' })), [3, false]);
    assert.deepEqual(await request(fw, { 'x-api-key': apiKey })('k'), [3, true]);
  });
});
