import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { closes, refused } from '../support/refusals.ts';
import type { Service } from './service.ts';

/** The tests of the application of `examples/tasks/`, in whatever framework. `start` starts it. */
export function applicationSuite(name: string, start: () => Promise<Service>): void {
  describe(name, () => {
    let app: Service;
    let cookie: string;

    before(async () => {
      app = await start();
      const { status, headers } = await app.ask('/login', { user: 'ann' });
      assert.equal(status, 200);
      cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
    });

    after(() => app?.[Symbol.asyncDispose]());

    const addTask = (title: string, by = { cookie }) => app.ask('/tasks', { title }, by);

    it('keeps its own routes, its own errors, and its own page for what is not there', async () => {
      assert.deepEqual((await app.ask('/tasks')).body, []);
      assert.equal((await addTask('dishes', { cookie: 'session=made-up' })).status, 401);
      assert.equal((await app.ask('/tasks', {}, { cookie })).status, 400);
      assert.equal((await app.ask('/login', {})).status, 400);
      // `/health` is the application's, as long as it does not say otherwise.
      for (const path of ['/', '/nothing', '/health', '/ws/nothing/at/all']) {
        const { status, body } = await app.ask(path);
        assert.deepEqual([status, body], [404, { error: 'the application has nothing here' }], path);
      }
    });

    it('serves what is of Fanwire beside them, to nobody without credentials', async () => {
      const { status, body } = await app.ask('/ws/stats');
      assert.deepEqual([status, body.error.code], [401, 'unauthorized']);
    });

    it('keeps its own WebSocket, which knows nothing of sessions', async () => {
      const live = app.socket('/live');
      const { tasks } = await live.next();
      assert.equal((await addTask('dishes')).status, 201);
      assert.deepEqual(await live.next(), { tasks: tasks + 1 });
    });

    it('answers an upgrade that nobody serves', async () => {
      const asking = get(`${app.url}/nothing`, {
        agent: false,
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      });
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      response.resume();
      assert.equal(response.statusCode, 400);
    });

    it('lets in by its session cookie alone', async () => {
      const forged = { cookie: 'session=made-up' };
      await refused(app.socket('/ws/connect').opened, 401, 'unauthorized');
      await refused(app.socket('/ws/connect', forged).opened, 401, 'unauthorized');
      await refused(app.stream('/sse/connect?channels=tasks', forged).opened, 401, 'unauthorized');
      const { content } = await app.socket('/ws/connect', { cookie }).next({ type: 'connected' });
      assert.equal(content.user_id, 'ann');
    });

    it('publishes from a route to WebSockets and event streams', async () => {
      const socket = app.socket('/ws/connect', { cookie });
      await socket.opened;
      await socket.ask({ action: 'subscribe', data: { channel: 'tasks' } }, { type: 'subscribed' });
      const stream = app.stream('/sse/connect?channels=tasks', { cookie });
      await stream.next('connected');
      const { body } = await addTask('laundry');
      assert.deepEqual((await socket.next({ type: 'task' })).content, body);
      assert.deepEqual((await stream.next('task')).data.content, body);
      assert.deepEqual((await app.ask('/tasks')).body.at(-1), body);
    });

    it('refuses a word in what clients publish', async () => {
      const socket = app.socket('/ws/connect', { cookie });
      await socket.opened;
      const say = (content: string, type: string) =>
        socket.ask({ action: 'send_to_channel', data: { channel: 'talk', content } }, { type });
      await say('hello', 'ack');
      const { content } = await say('a darn shame', 'error');
      assert.equal(content.type, 'forbidden');
      await say('darning socks', 'ack');
    });

    it('answers its own action', async () => {
      const socket = app.socket('/ws/connect', { cookie });
      await socket.opened;
      const { content } = await socket.ask({ action: 'count_tasks', request_id: 'r1' }, { request_id: 'r1' });
      assert.deepEqual(content, { tasks: (await app.ask('/tasks')).body.length });
    });

    it('ends with 0 on SIGTERM, after telling every client', async () => {
      const [live, socket] = [app.socket('/live'), app.socket('/ws/connect', { cookie })];
      const stream = app.stream('/sse/connect?channels=tasks', { cookie });
      await Promise.all([live.next(), socket.next(), stream.next('connected')]);
      assert.equal(await app.end(), 0, app.running.output);
      await closes(socket, 1012);
      assert.equal((await live.closed).code, 1001);
      await stream.ended;
    });
  });
}
