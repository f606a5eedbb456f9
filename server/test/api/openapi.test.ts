import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestServer } from './kit.ts';

interface Operation {
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> };
  readonly responses: Record<string, unknown>;
}

describe('the description of the API', () => {
  it('says of every route what it does, takes and answers', async () => {
    await using server = await TestServer.start();
    const { openapi, paths } = server.app.swagger() as unknown as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    assert.equal(openapi, '3.1.0');
    const listed = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ call: `${method} ${path}`, operation })),
    );
    assert.deepEqual(listed.map(({ call }) => call).sort(), [
      'delete /ws/connections/{id}',
      'get /api/channels/{channel}/messages',
      'get /api/channels/{channel}/presence',
      'get /health',
      'get /ready',
      'get /sse/connect',
      'get /ws/connections',
      'get /ws/stats',
      'post /sse/connections/{id}/channels',
      'post /sse/notification',
      'post /sse/send-to-channel',
      'post /sse/ticket',
      'post /ws/broadcast',
      'post /ws/send-to-channel',
      'post /ws/send-to-user',
    ]);
    for (const { call, operation } of listed) {
      assert.ok(operation.description, call);
      assert.equal(operation.tags?.length, 1, call);
      assert.deepEqual(Object.keys(operation.responses).sort(), ['200', '4XX', '5XX'], call);
    }
    for (const { call, operation } of listed) {
      if (call.startsWith('post') && call !== 'post /sse/ticket') {
        assert.ok(operation.requestBody?.content['application/json']?.example, call);
      }
    }
  });
});
