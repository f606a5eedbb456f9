import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FanoutResult, IngestResult } from '../../server/src/load/job.ts';
import type { Run } from '../src/comparison.ts';
import { document, type Runs, text } from '../src/durable-report.ts';
import { verdict } from '../src/goal.ts';
import { runBench } from './run-bench.ts';

interface Document {
  readonly fanout: { readonly runs: readonly Run<FanoutResult>[] };
  readonly ingest: { readonly runs: readonly Run<IngestResult>[] };
}

describe('durable', () => {
  test('measures fan-out and ingest on both engines, prints and writes JSON', async () => {
    const { code, stdout, stderr, document } = await runBench(
      ...['durable', '--subscribers', '12', '--window', '4', '--publishers', '3', '--in-flight', '4'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire \/ fanwire-memory: deliveries\/s +[\d.]+× +[\d.]+× +[\d.]+×$/m);
    assert.match(stdout, /^fanwire \/ fanwire-memory: publishes\/s +[\d.]+× +[\d.]+× +[\d.]+×$/m);
    assert.match(stdout, /^goal, at least 0\.85×: fan-out [\d.]+× \(\w+\), ingest [\d.]+× \(\w+\)$/m);
    assert.doesNotMatch(stdout, /FAILED|LOST|DUPLICATED|ORDER|DROPPED/);
    const { fanout, ingest } = document as Document;
    for (const { runs } of [fanout, ingest]) {
      assert.deepEqual(
        runs.map((run) => run.subject),
        ['fanwire', 'fanwire-memory'],
      );
    }
    assert.ok(fanout.runs.every(({ result }) => result !== null && result.deliveries > 0));
    assert.ok(ingest.runs.every(({ result }) => result !== null && result.kept === result.acknowledged));
  });
});

const quiet = {
  seconds: 1,
  serverCpuSeconds: 1,
  serverUtilisation: 1,
  loadUtilisation: 0.5,
  serverWaited: 0,
  loadWaited: 0,
  latency: { p50: 1, p99: 2, p999: 3, samples: 10 },
};

function fanoutOf(round: number, subject: string, deliveriesPerSecond: number): Run<FanoutResult> {
  const result: FanoutResult = {
    ...quiet,
    deliveries: 100_000,
    deliveriesPerSecond,
    publishedPerSecond: 100,
    bytesPerDelivery: 360,
    serverMicrosecondsPerDelivery: 10,
    lateness: null,
    lost: 0,
    dropped: {},
    sameOrder: true,
  };
  return { round, subject, result, error: null };
}

function ingestOf(round: number, subject: string, publishesPerSecond: number): Run<IngestResult> {
  const result: IngestResult = {
    ...quiet,
    publishes: 100_000,
    publishesPerSecond,
    serverMicrosecondsPerPublish: 10,
    acknowledged: 100_000,
    kept: 100_000,
  };
  return { round, subject, result, error: null };
}

const options = {
  subscribers: 1000,
  window: 32,
  publishers: 100,
  inFlight: 32,
  seconds: 1,
  warmup: 1,
  rounds: 2,
  pin: true,
};

test('the durable report says whether sqlite has 0.85 of the rate of memory, by the median of the rounds', () => {
  const runs: Runs = {
    fanout: [
      fanoutOf(0, 'fanwire', 90),
      fanoutOf(0, 'fanwire-memory', 100),
      fanoutOf(1, 'fanwire-memory', 200),
      fanoutOf(1, 'fanwire', 190),
    ],
    ingest: [ingestOf(0, 'fanwire', 70), ingestOf(0, 'fanwire-memory', 100)],
  };
  const shown = text(options, runs, null);
  assert.match(shown, /^fanwire \/ fanwire-memory: deliveries\/s +0\.93× +0\.90× +0\.95×$/m);
  assert.match(shown, /^goal, at least 0\.85×: fan-out 0\.93× \(reached\), ingest 0\.70× \(missed\)$/m);
  const { ratios } = document(options, runs, null) as { ratios: Record<string, number> };
  assert.deepEqual(Object.keys(ratios), ['fan-out', 'ingest']);
  assert.equal(ratios.ingest, 0.7);
});

test('a goal that was not measured is neither reached nor missed', () => {
  assert.equal(
    verdict({ atMost: 1.3 }, [
      ['a', 1.3],
      ['b', 1.31],
      ['c', null],
    ]),
    'goal, at most 1.30×: a 1.30× (reached), b 1.31× (missed), c not measured',
  );
});
