import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

const activity = '/api/stats/activity';

describe('GET /api/stats/activity', () => {
  it('counts messages and users per minute', async () => {
    await using server = await TestServer.start();
    const minute = 60_000;
    const start = server.clock.now() - (server.clock.now() % minute);
    const publish = (channel: string, user: string) =>
      server.node.hub.published({
        ...{ channel, type: 'text', data: '1' },
        sender: { user, connection: 'c1', client: null },
      });
    await publish('news', 'u1');
    await publish('news', 'u1');
    await publish('news', 'u2');
    server.clock.advance(2 * minute);
    await publish('other', 'u3');
    await server.post('/api/publish', { channel: 'news', data: 1, id: 'a' });
    await server.post('/api/publish', { channel: 'news', data: 1, id: 'a' });

    const { body } = await server.get(`${activity}?minutes=3`);
    assert.deepEqual(body, {
      minutes: [
        { time: start, messages: 3, users: 2 },
        { time: start + minute, messages: 0, users: 0 },
        { time: start + 2 * minute, messages: 2, users: 1 },
      ],
      messages: 5,
    });
    const news = await server.get(`${activity}?minutes=1&channel=news`);
    assert.deepEqual(news.body, {
      minutes: [{ time: start + 2 * minute, messages: 1, users: 0 }],
      messages: 1,
    });
    const all = await server.get(activity);
    assert.equal(all.body.minutes.length, 60);
    assert.equal(all.body.messages, 5);
  });

  it('is refused by the name of a bad parameter', async () => {
    await using server = await TestServer.start();
    await server.privateRoom('vip', 'owner');
    for (const query of ['minutes=0', 'minutes=61', 'minutes=x', 'minutes=', 'channel=', 'channel=a%00']) {
      const { status, body } = await server.get(`${activity}?${query}`);
      assert.equal(status, 400, query);
      assert.ok(body.error.message.startsWith(query.split('=')[0]), body.error.message);
    }
    for (const channel of ['vip', '$all']) {
      assert.equal((await server.get(`${activity}?channel=${channel}`)).status, 403);
    }
  });
});
