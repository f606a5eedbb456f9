import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FanoutResult } from '../../server/src/load/job.ts';
import { percentile } from '../../server/src/load/journal.ts';
import { document, type Run, text } from '../src/fanout-report.ts';
import { median, pairedRatios, short, table } from '../src/report.ts';
import { targetNamed } from '../src/targets/registry.ts';

test('median: the middle, or the mean of the middle two, or nothing', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([]), null);
});

test('ratios are taken pair by pair, and a failed half leaves its pair out', () => {
  assert.deepEqual(pairedRatios([2, 9, null, 8], [1, 3, 5, null]), [2, 3]);
});

test('percentile of sorted values', () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => index);
  assert.equal(percentile(values, 0.5), 50);
  assert.equal(percentile(values, 0.99), 99);
  assert.equal(percentile(new Float64Array(), 0.5), 0);
});

test('numbers are short', () => {
  assert.deepEqual([4_812_345, 12_345, 7].map(short), ['4.81 M', '12.3 k', '7.00']);
});

test('a table has aligned columns', () => {
  const lines = table(
    ['name', 'value'],
    [
      ['a', '1'],
      ['longer', '12345'],
    ],
  ).split('\n');
  assert.deepEqual(lines, ['name    value', '──────  ─────', 'a           1', 'longer  12345']);
});

const quiet: FanoutResult = {
  seconds: 1,
  deliveries: 100_000,
  deliveriesPerSecond: 100_000,
  publishedPerSecond: 100,
  bytesPerDelivery: 360,
  serverCpuSeconds: 1,
  serverMicrosecondsPerDelivery: 10,
  serverUtilisation: 1,
  loadUtilisation: 0.5,
  serverWaited: 0,
  loadWaited: 0,
  latency: { p50: 1, p99: 2, p999: 3, samples: 10 },
  lateness: null,
  lost: 0,
  dropped: {},
  sameOrder: true,
};

function runOf(round: number, target: string, changes: Partial<FanoutResult> | null): Run {
  const result = changes === null ? null : { ...quiet, ...changes };
  return { round, window: 32, target, result, error: result === null ? 'it fell over' : null };
}

const options = {
  subscribers: 1000,
  publishers: 4,
  window: [32],
  seconds: 1,
  warmup: 1,
  rounds: 3,
  targets: [targetNamed('fanwire'), targetNamed('ws-loop')],
  pin: true,
};

test('the fanout report compares round by round, whatever order the targets ran in', () => {
  const runs = [
    runOf(0, 'fanwire', { deliveriesPerSecond: 300_000 }),
    runOf(0, 'ws-loop', { deliveriesPerSecond: 100_000 }),
    runOf(1, 'ws-loop', { deliveriesPerSecond: 50_000 }),
    runOf(1, 'fanwire', { deliveriesPerSecond: 100_000 }),
    runOf(2, 'fanwire', null),
    runOf(2, 'ws-loop', { deliveriesPerSecond: 900_000 }),
  ];
  const lines = text(options, runs, null).split('\n');
  assert.ok(
    lines.some((line) => /^fanwire \/ ws-loop +2\.50× +2\.00× +3\.00× +1\.00×$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(
    lines.some((line) => line.startsWith('in flight: published, and not yet received back by its own')),
  );
  assert.match(lines.find((line) => line.startsWith('target')) ?? '', / p50 +p99 +p99\.9 /);
  assert.ok(lines.includes('FAILED fanwire, 32 in flight, round 3: it fell over'));
  const { ratios } = document(options, runs, null) as { ratios: { rounds: number[] }[] };
  assert.deepEqual(
    ratios.map((one) => one.rounds),
    [[3, 2]],
  );
});

test('the fanout report says what makes its figures doubtful', () => {
  const remarks: readonly (readonly [Partial<FanoutResult>, RegExp])[] = [
    [
      { loadUtilisation: 0.95, serverUtilisation: 0.6 },
      /^LOAD-BOUND ws-loop, .* the load process was the bottleneck \(95 % of a core, the server 60 %\)/m,
    ],
    [{ lost: 3 }, /^LOST ws-loop, .*: 3 deliveries never came$/m],
    [{ lost: -3 }, /^DUPLICATED ws-loop, .*: 3 deliveries came more than once$/m],
    [{ sameOrder: false }, /^ORDER ws-loop, /m],
    [{ dropped: { 'closed with 4413': 2 } }, /^DROPPED ws-loop, .*: 2 connections: closed with 4413$/m],
    [{ serverWaited: 0.4 }, /^DISTURBED 1 of 1 runs: .* up to 40 % of the time/m],
  ];
  for (const [changes, expected] of remarks) {
    assert.match(text(options, [runOf(0, 'ws-loop', changes)], null), expected);
  }
  assert.doesNotMatch(text(options, [runOf(0, 'ws-loop', {})], null), /^[A-Z]{4,}/m);
});
