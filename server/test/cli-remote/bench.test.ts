import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isLoadBound, remarksOn } from '../../src/cli/bench/remarks.ts';
import type { Measurement } from '../../src/cli/bench/scenario.ts';
import { lacks } from '../support/needs.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { CommandRun, command, jsonLines, type Outcome, terminal } from './command.ts';
import { Gateway } from './gateway.ts';

const all = ['fanout', 'sse', 'ingest', 'http-publish', 'accept', 'recover'];
const short = ['--seconds', '0.2', '--warmup', '0.1', '--connections', '20'];

function bench(url: string, ...args: readonly string[]): Promise<Outcome> {
  return command(['bench', url, ...short, ...args]);
}

describe('fanwire bench', () => {
  let fw: TestServer;

  before(async () => {
    fw = await testServer();
  });

  after(() => fw[Symbol.asyncDispose]());

  it('measures every scenario, each on a channel of its own', async () => {
    const outcome = await bench(fw.url);
    assert.equal(outcome.code, 0, outcome.stderr);
    const lines = jsonLines(outcome);
    assert.deepEqual(
      lines.map(({ scenario }) => scenario),
      all,
    );
    for (const line of lines) {
      const { scenario, url, channel, connections, throughput, latency_ms, lost, faults, load_cpu } = line;
      assert.deepEqual([url, connections, faults], [fw.url, 20, []], scenario);
      assert.equal(lost, scenario === 'accept' ? null : 0, scenario);
      assert.match(channel, new RegExp(`^bench-[0-9a-f]{12}-${scenario}$`));
      assert.ok(throughput > 0 && load_cpu > 0, scenario);
      assert.ok(latency_ms.p50 > 0 && latency_ms.p50 <= latency_ms.p99, scenario);
      assert.ok(latency_ms.p99 <= latency_ms.p999 && latency_ms.samples > 0, scenario);
    }
    assert.equal(new Set(lines.map(({ channel }) => channel)).size, all.length);
  });

  it('publishes what it says it publishes', async () => {
    const outcome = await bench(
      fw.url,
      '--scenario',
      'http-publish,ingest',
      '--batch',
      '7',
      '--bytes',
      '500',
    );
    assert.equal(outcome.code, 0, outcome.stderr);
    const [http, sockets] = jsonLines(outcome);
    assert.deepEqual([http.scenario, http.batch, http.content_bytes], ['http-publish', 7, 500]);
    assert.equal(http.acknowledged % 7, 0);
    for (const { channel, acknowledged } of [http, sockets]) {
      const { body } = await fw.call('GET', `/api/channels/${channel}`);
      assert.equal(body.offset, acknowledged);
      const { body: page } = await fw.call('GET', `/api/channels/${channel}/messages?limit=1`);
      assert.equal(page.messages[0].content.length, 500);
    }
  });

  it('publishes at a rate, whatever comes back', async () => {
    const outcome = await bench(fw.url, '--scenario', 'fanout,sse', '--rate', '100', '--seconds', '0.5');
    assert.equal(outcome.code, 0, outcome.stderr);
    for (const { rate, window, publishes_per_second, lateness_ms, lost } of jsonLines(outcome)) {
      assert.deepEqual([rate, window, lost], [100, undefined, 0]);
      assert.ok(publishes_per_second > 50 && publishes_per_second < 150, publishes_per_second);
      assert.ok(lateness_ms >= 0);
    }
  });

  it('prints a table on a terminal', { skip: lacks('python') }, async () => {
    const args = ['bench', fw.url, ...short, '--scenario', 'fanout,accept'];
    const { code, lines } = await terminal(args);
    const text = lines.join('\n');
    assert.equal(code, 0, text);
    assert.match(text, /SCENARIO +CONNECTIONS +THROUGHPUT +P50 +P99 +P99\.9 +LOST +LOAD CPU$/m);
    assert.match(text, /^fanout +20 +[\d.]+ (k |M )?deliveries\/s( +[\d.]+ ms){3} +0 +\d+ %$/m);
    assert.match(text, /^accept +20 +[\d.]+ (k |M )?connections\/s( +[\d.]+ ms){3} +- +\d+ %$/m);
  });

  it('takes the server from the environment, and behind a gateway', async () => {
    await using gateway = await Gateway.to(fw.url);
    const args = ['bench', ...short, '--scenario', 'accept'];
    const outcome = await command(args, { env: { FANWIRE_URL: gateway.url } });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.ok(gateway.connections > 20);
  });

  it('is gone with all its connections when it is interrupted', async () => {
    await using own = await testServer();
    const total = async () => (await own.call('GET', '/ws/stats')).body.total_connections;
    const args = ['bench', own.url, '--scenario', 'fanout', '--connections', '20', '--seconds', '60'];
    await using run = new CommandRun(args);
    while ((await total()) < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    await run.end('SIGINT');
    while ((await total()) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('ends soon when the server is gone', async () => {
    await using gateway = await Gateway.to(fw.url);
    const args = ['bench', gateway.url, '--connections', '20', '--scenario', 'fanout,ingest'];
    await using run = new CommandRun([...args, '--seconds', '60', '--warmup', '0']);
    while (gateway.connections < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    const from = performance.now();
    gateway.redirect(null);
    const { code, stderr } = await run.outcome;
    assert.equal(code, 1);
    assert.match(stderr, /^fanwire: fanout: /);
    assert.ok(performance.now() - from < 10_000);
  });
});

describe('fanwire bench where something is in the way', () => {
  const keys = {
    publish: 'key-that-publishes-only',
    read: 'key-that-reads-only-1',
    both: 'key-that-does-both-1',
  };

  it('says which scope is missing', async () => {
    await using fw = await testServer({
      env: {
        WS_API_KEYS: `a:publish:${keys.publish},b:read:${keys.read},c:publish+read:${keys.both}`,
        WEBSOCKET_AUTH_REQUIRED: 'true',
        SSE_AUTH_REQUIRED: 'true',
        MESSAGE_RATE_LIMIT: '0',
      },
    });
    const cases: [key: string, scenario: string, scope: string][] = [
      [keys.publish, 'ingest', 'read'],
      [keys.publish, 'recover', 'read'],
      [keys.read, 'http-publish', 'publish'],
    ];
    for (const [key, scenario, scope] of cases) {
      const { code, stdout, stderr } = await bench(fw.url, '--scenario', scenario, '--api-key', key);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, new RegExp(`^fanwire: ${scenario}: .*the scope "${scope}".*\\(403 forbidden\\)`));
      assert.ok(!stderr.includes(key));
    }
    for (const scenario of ['fanout', 'sse', 'accept']) {
      const { code, stderr } = await bench(fw.url, '--scenario', scenario);
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(`^fanwire: ${scenario}: .*\\(401 unauthorized\\)\n {2}Give credentials by`),
      );
    }
    const allowed = await bench(fw.url, '--api-key', keys.both);
    assert.equal(allowed.code, 0, allowed.stderr);
    const token = await fw.token('ann', { scopes: ['publish', 'read'] });
    const byToken = await bench(fw.url, '--token', token);
    assert.equal(byToken.code, 0, byToken.stderr);
    assert.deepEqual(
      jsonLines(byToken).map(({ lost }) => lost ?? 0),
      all.map(() => 0),
    );
  });

  it('says which limit is too low, and prints what was measured before', async () => {
    await using fw = await testServer({ env: { SSE_MAX_CONNECTIONS: '5' } });
    const outcome = await bench(fw.url, '--scenario', 'accept,sse,fanout');
    assert.equal(outcome.code, 1);
    assert.deepEqual(
      jsonLines(outcome).map(({ scenario }) => scenario),
      ['accept'],
    );
    assert.match(outcome.stderr, /^fanwire: sse: .*\(503 server_full\)$/m);
    assert.match(
      outcome.stderr,
      /opens 20 connections: raise MAX_CONNECTIONS_TOTAL and SSE_MAX_CONNECTIONS /,
    );
  });

  it('says so for WebSockets, too', async () => {
    await using fw = await testServer({ env: { MAX_CONNECTIONS_TOTAL: '5' } });
    for (const scenario of ['fanout', 'ingest', 'accept', 'recover']) {
      const { code, stdout, stderr } = await bench(fw.url, '--scenario', scenario);
      assert.deepEqual([code, stdout], [1, ''], scenario);
      assert.match(stderr, new RegExp(`^fanwire: ${scenario}: .*\\(503 server_full\\)\n`));
      assert.match(stderr, /raise MAX_CONNECTIONS_TOTAL and WEBSOCKET_MAX_CONNECTIONS of the server/);
    }
  });

  it('says that a rate limit holds it back', async () => {
    await using fw = await testServer({ env: { MESSAGE_RATE_LIMIT: '10' } });
    const { code, stderr } = await bench(fw.url, '--scenario', 'fanout');
    assert.equal(code, 1);
    assert.match(stderr, /^fanwire: fanout: .*MESSAGE_RATE_LIMIT/);
  });

  it('fails where the server does not do what it should', async () => {
    await using fw = await testServer({ env: { RECOVERY_WINDOW_SIZE: '10' } });
    const outcome = await bench(fw.url, '--scenario', 'recover', '--missed', '25');
    assert.equal(outcome.code, 1);
    const [line] = jsonLines(outcome);
    assert.deepEqual([line.lost, line.faults], [20, ['20 clients: not recovered']]);
    assert.match(outcome.stderr, /did not do what it should\.\n {2}recover: 20 clients: not recovered\n$/);
  });
});

describe('the remarks of fanwire bench', () => {
  function measured(loadUtilisation: number): Measurement {
    const usage = { seconds: 1, serverCpuSeconds: null, serverUtilisation: null, loadUtilisation };
    return {
      throughput: 1,
      latency: { p50: 1, p99: 1, p999: 1, samples: 1 },
      usage: { ...usage, serverWaited: null, loadWaited: null },
      lost: 0,
      faults: [],
      remarks: ['another one'],
      details: {},
    };
  }

  it('say when the load was the bottleneck, and not the server', () => {
    assert.equal(isLoadBound(measured(0.5)), false);
    assert.deepEqual(remarksOn(measured(0.5)), ['another one']);
    assert.equal(isLoadBound(measured(0.97)), true);
    assert.match(
      remarksOn(measured(0.97))[0] ?? '',
      /load generator itself was the bottleneck \(97 % of a core\)/,
    );
  });
});
