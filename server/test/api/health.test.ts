import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineHealth } from '../../src/engine/engine.ts';
import { TestServer } from './kit.ts';

const notReady = {
  error: {
    code: 'unavailable',
    message: 'not ready: the check "engine" failed; the reason is in the log',
    details: { checks: { engine: 'failed' } },
  },
};

function withHealth(health: () => Promise<EngineHealth>) {
  return TestServer.start({ open: false, sseAuth: true, parts: { engine: { health } } });
}

describe('GET /health', () => {
  it('is ok while the process lives, whatever else', async () => {
    await using server = await withHealth(() => Promise.reject(new Error('dead')));
    const { status, body } = await server.get('/health', { 'x-api-key': 'wrong' });
    assert.equal(status, 200);
    assert.deepEqual(body, { status: 'ok' });
  });
});

describe('GET /ready', () => {
  it('is ready when its engine is', async () => {
    await using server = await TestServer.start({ open: false });
    const { status, body } = await server.get('/ready');
    assert.equal(status, 200);
    assert.deepEqual(body, { status: 'ready', checks: { engine: 'ok' } });
  });

  it('names the check that fails, and tells the reason to the log alone', async () => {
    await using server = await withHealth(async () => ({ ok: false, detail: 'redis://secret is down' }));
    const { status, body, headers } = await server.get('/ready');
    assert.equal(status, 503);
    assert.deepEqual(body, notReady);
    assert.equal(headers.get('retry-after'), '5');
    const [line] = server.logged;
    assert.deepEqual(line, {
      level: 'warn',
      text: 'not ready',
      check: 'engine',
      detail: 'redis://secret is down',
    });
  });

  it('is not ready when the check breaks', async () => {
    const fault = new Error('broken');
    await using server = await withHealth(() => Promise.reject(fault));
    const { status, body } = await server.get('/ready');
    assert.equal(status, 503);
    assert.deepEqual(body, notReady);
    assert.deepEqual(server.reported, [fault]);
  });

  it('waits five seconds for an answer, once for all who ask', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    let checks = 0;
    await using server = await withHealth(() => {
      checks++;
      resolve();
      return new Promise(() => {});
    });
    const answers = [server.get('/ready'), server.get('/ready')];
    await asked;
    // Both are under way once a third request on a connection of its own was answered.
    await server.get('/health');
    server.clock.advance(5_000);
    for (const { status } of await Promise.all(answers)) assert.equal(status, 503);
    assert.equal(checks, 1);
    assert.equal(server.reported.length, 1);
  });
});
