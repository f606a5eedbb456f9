import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { measureHttpPublish } from '../../server/src/load/http-publish.ts';
import type { HttpPublishJob } from '../../server/src/load/job.ts';
import { startServer } from '../src/children.ts';
import { batchSchema, publishSchema } from '../src/rivals/publish-schemas.ts';
import { httpFanwireMemory } from '../src/targets/http-fanwire.ts';
import { API_KEY } from '../src/targets/http-target.ts';
import { CHANNEL } from '../src/targets/target.ts';
import { FakePublishApi } from './fake-publish-api.ts';

function jobFor(port: number, changes: Partial<HttpPublishJob> = {}): HttpPublishJob {
  return {
    server: { port, headers: { 'x-api-key': 'key' } },
    serverPid: process.pid,
    channel: CHANNEL,
    clients: 5,
    batch: 1,
    warmupSeconds: 0.05,
    seconds: 0.2,
    dataBytes: 128,
    verify: true,
    ...changes,
  };
}

describe('http-publish', () => {
  for (const batch of [1, 7]) {
    test(`counts requests of ${batch}, each message with data of its own`, async () => {
      await using fake = await FakePublishApi.start();
      const result = await measureHttpPublish(jobFor(fake.port, { batch }));
      assert.ok(result.requests > 0);
      assert.ok(result.latency.samples > 0);
      assert.ok(result.latency.p50 <= result.latency.p99 && result.latency.p99 <= result.latency.p999);
      assert.equal(Math.round(result.messagesPerSecond * result.seconds), result.requests * batch);
      assert.deepEqual([result.acknowledged, result.kept], [fake.kept.length, fake.kept.length]);
      assert.equal(new Set(fake.kept).size, fake.kept.length);
      assert.ok(fake.kept.every((data) => Buffer.byteLength(data) === 128));
      assert.deepEqual([...fake.keys], ['key']);
    });
  }

  const faults = [
    [{ forget: true }, /^Error: \d+ messages were acknowledged, but the channel has 9$/],
    [{ refuse: 503 }, /the server answered 503: {"error":"as told"}/],
    [{ hang: true }, /no answer came for 3 seconds/],
    [{ hangUp: true }, /the server ended the connection|ECONNRESET/],
  ] as const;
  for (const [fault, expected] of faults) {
    test(`tells of a server that would ${Object.keys(fault).join()}`, async () => {
      await using fake = await FakePublishApi.start(fault);
      const seconds = 'forget' in fault ? 0.1 : 30;
      await assert.rejects(measureHttpPublish(jobFor(fake.port, { seconds })), expected);
    });
  }

  test('the bare Fastify checks by the schemas that Fanwire documents', async () => {
    await using server = await startServer(httpFanwireMemory, { core: null, inspect: false });
    const url = `http://127.0.0.1:${server.port}/openapi.json`;
    const answer = await fetch(url, { headers: { 'x-api-key': API_KEY } });
    const { paths } = (await answer.json()) as { paths: Record<string, { post: Operation }> };
    const bodyAt = (path: string) => paths[path]?.post.requestBody.content['application/json'].schema;
    assert.deepEqual(rules(publishSchema.body), rules(bodyAt('/api/publish')));
    assert.deepEqual(rules(batchSchema.body), rules(bodyAt('/api/batch')));
  });
});

interface Operation {
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: unknown } } };
}

/** A schema without what is only for readers. */
function rules(schema: unknown): unknown {
  const notes = new Set(['description', 'examples']);
  return JSON.parse(JSON.stringify(schema, (name, value) => (notes.has(name) ? undefined : value)));
}
