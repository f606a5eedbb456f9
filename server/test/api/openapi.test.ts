import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { version } from '../../src/version.ts';
import { TestServer } from './kit.ts';

interface Operation {
  readonly operationId?: string;
  readonly security?: readonly object[];
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> };
  readonly responses: Record<string, unknown>;
}

const withoutBody = new Set(['post /sse/ticket', 'post /api/users/{id}/disconnect']);

describe('the description of the API', () => {
  it('says of every route what it does, takes and answers', async () => {
    await using server = await TestServer.start();
    const { openapi, paths } = server.app.swagger() as unknown as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    assert.equal(openapi, '3.1.0');
    const listed = operationsOf({ paths });
    assert.deepEqual(listed.map(({ call }) => call).sort(), [
      'delete /api/channels/{channel}/messages',
      'delete /api/channels/{channel}/messages/{id}',
      'delete /api/rooms/{channel}',
      'delete /ws/connections/{id}',
      'get /',
      'get /api/channels',
      'get /api/channels/{channel}',
      'get /api/channels/{channel}/messages',
      'get /api/channels/{channel}/presence',
      'get /api/stats/activity',
      'get /console',
      'get /docs',
      'get /health',
      'get /openapi.json',
      'get /ready',
      'get /sse/connect',
      'get /sse/test',
      'get /ws/connections',
      'get /ws/stats',
      'get /ws/test-page',
      'post /api/batch',
      'post /api/publish',
      'post /api/tokens/revoke',
      'post /api/users/{id}/disconnect',
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
      if (call.startsWith('post') && !withoutBody.has(call)) {
        assert.ok(operation.requestBody?.content['application/json']?.example, call);
      }
    }
  });

  it('is valid OpenAPI 3.1, served to everybody', async () => {
    await using server = await TestServer.start({ open: false });
    const { status, headers, body } = await server.get('/openapi.json');
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    const validator = new Validator();
    const { valid, errors } = await validator.validate(body);
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(validator.version, '3.1');
    const ids = operationsOf(body).map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(body.info.version, version);
  });

  it('says of every route which scope lets in, as the routes do', async () => {
    await using server = await TestServer.start({ open: false });
    const { body } = await server.get('/openapi.json');
    for (const { call, operation } of operationsOf(body)) {
      const [method = '', path = ''] = call.split(' ');
      if (path === '/sse/connect') continue;
      const { status } = await server.request(method.toUpperCase(), path);
      const { security = [] } = operation;
      const free = security.length === 0 || security.some((way) => Object.keys(way).length === 0);
      assert.equal(status !== 401, free, `${call} ${status}`);
      assert.equal(!/Needs the scope `(publish|read|manage)`/.test(operation.description ?? ''), free, call);
    }
  });

  it('names the header of the API key that is set', async () => {
    const policy = {
      management: 'all' as const,
      sseAuthRequired: false,
      maxDataBytes: 1000,
      pages: { enabled: true, console: true },
      apiKeyHeader: 'X-Ours',
    };
    await using server = await TestServer.start({ parts: { policy } });
    const { body } = await server.get('/openapi.json');
    assert.equal(body.components.securitySchemes.apiKey.name, 'X-Ours');
  });
});

function operationsOf({ paths }: { paths: Record<string, Record<string, Operation>> }) {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ call: `${method} ${path}`, operation })),
  );
}
