import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpPublishResult } from '../../server/src/load/job.ts';
import { document, type Run, text } from '../src/http-publish-report.ts';
import { httpTargetNamed } from '../src/targets/registry.ts';

const quiet: HttpPublishResult = {
  seconds: 1,
  serverCpuSeconds: 1,
  serverUtilisation: 1,
  loadUtilisation: 0.5,
  serverWaited: 0,
  loadWaited: 0,
  requests: 10_000,
  requestsPerSecond: 10_000,
  messagesPerSecond: 10_000,
  serverMicrosecondsPerRequest: 100,
  messagesPerServerCpuSecond: 10_000,
  latency: { p50: 1, p99: 2, p999: 3, samples: 10 },
  acknowledged: 20_000,
  kept: 20_000,
};

function runOf(round: number, target: string, changes: Partial<HttpPublishResult> | null, batch = 1): Run {
  const result = changes === null ? null : { ...quiet, ...changes };
  return { round, batch, target, result, error: result === null ? 'it fell over' : null };
}

const options = {
  clients: 50,
  batch: [1],
  seconds: 1,
  warmup: 1,
  rounds: 2,
  targets: [httpTargetNamed('fanwire'), httpTargetNamed('fastify')],
  pin: true,
};

test('the http-publish report compares with bare Fastify, round by round', () => {
  const runs = [
    runOf(0, 'fanwire', { requestsPerSecond: 30_000, serverMicrosecondsPerRequest: 30 }),
    runOf(0, 'fastify', { requestsPerSecond: 60_000, serverMicrosecondsPerRequest: 15 }),
    runOf(1, 'fastify', { requestsPerSecond: 40_000, serverMicrosecondsPerRequest: 25 }),
    runOf(1, 'fanwire', { requestsPerSecond: 10_000, serverMicrosecondsPerRequest: 100 }),
  ];
  const lines = text(options, runs, null).split('\n');
  assert.ok(
    lines.some((line) => /^fanwire \/ fastify +0\.38× +0\.25× +0\.50× +3\.00×$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(lines.some((line) => /^fanwire +20\.0 k +10\.0 k +30\.0 k +100 % +65\.0 +1\.00 ms /.test(line)));
  const { ratios } = document(options, runs, null) as { ratios: { rounds: number[] }[] };
  assert.deepEqual(
    ratios.map((one) => one.rounds),
    [[0.5, 0.25]],
  );
});

test('the http-publish report counts messages where requests have several', () => {
  const runs = [runOf(0, 'fanwire', { messagesPerSecond: 1e6, messagesPerServerCpuSecond: 2e6 }, 100)];
  const shown = text({ ...options, batch: [100] }, runs, null);
  assert.match(shown, /^POST \/api\/batch with 100 messages, medians\n.*messages\/s +messages\/CPU-s/m);
  assert.match(shown, /^fanwire +10\.0 k +10\.0 k +10\.0 k +1\.00 M +2\.00 M /m);
});

test('the http-publish report says what makes its figures doubtful', () => {
  const remarks: readonly (readonly [Partial<HttpPublishResult> | null, RegExp])[] = [
    [null, /^FAILED fanwire, single, round 1: it fell over$/m],
    [
      { loadUtilisation: 0.95, serverUtilisation: 0.6 },
      /^LOAD-BOUND fanwire, single, round 1: the load process was the bottleneck \(95 % of a core, the server 60 %\), the server could have answered more$/m,
    ],
    [{ loadWaited: 0.4 }, /^DISTURBED 1 of 1 runs: .* up to 40 % of the time; CPU per request is /m],
  ];
  for (const [changes, expected] of remarks) {
    assert.match(text(options, [runOf(0, 'fanwire', changes)], null), expected);
  }
  assert.doesNotMatch(text(options, [runOf(0, 'fanwire', {})], null), /^[A-Z]{4,}-?[A-Z]* [a-z]/m);
});
