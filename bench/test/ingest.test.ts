import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { measureIngest } from '../../server/src/load/ingest.ts';
import type { IngestJob, IngestResult } from '../../server/src/load/job.ts';
import { channelNames } from '../src/channel-names.ts';
import { startServer } from '../src/children.ts';
import { document, type Run, text } from '../src/ingest-report.ts';
import { targetNamed } from '../src/targets/registry.ts';
import { FakeIngest } from './fake-ingest.ts';
import { runBench } from './run-bench.ts';

function jobFor(port: number, changes: Partial<IngestJob> = {}): IngestJob {
  return {
    server: { port },
    serverPid: process.pid,
    publishers: 3,
    inFlight: 4,
    channels: channelNames(2),
    warmupSeconds: 0.05,
    seconds: 0.1,
    contentBytes: 128,
    ...changes,
  };
}

describe('ingest', () => {
  test('spreads publishes over the channels, each with content of its own', async () => {
    await using fake = await FakeIngest.start();
    const result = await measureIngest(jobFor(fake.port));
    const kept = [...fake.kept.values()].flat();
    assert.ok(result.publishes > 0);
    assert.ok(result.latency.samples > 0 && result.latency.p99 <= result.latency.p999);
    assert.deepEqual([result.acknowledged, result.kept], [kept.length, kept.length]);
    assert.deepEqual([...fake.kept.keys()].sort(), channelNames(2));
    assert.equal(new Set(kept).size, kept.length);
    assert.ok(kept.every((content) => Buffer.byteLength(content) === 128));
  });

  const faults = [
    [{ forget: true }, /^Error: \d+ messages to bench-00000\d were acknowledged, but it has \d+$/],
    [{ refuse: 'unavailable' }, /a publisher was stopped: unavailable: as told/],
    [{ withhold: true }, /no acknowledgement came for 3 seconds/],
  ] as const;
  for (const [fault, expected] of faults) {
    test(`tells of a server that would ${Object.keys(fault).join()}`, async () => {
      await using fake = await FakeIngest.start(fault);
      const changes = 'refuse' in fault ? { seconds: 30 } : { publishers: 1, inFlight: 1 };
      await assert.rejects(measureIngest(jobFor(fake.port, changes)), expected);
    });
  }

  test('one publisher, one at a time, and more channels than publishers', async () => {
    await using server = await startServer(targetNamed('fanwire-memory'), { core: null, inspect: false });
    const job = jobFor(server.port, { publishers: 1, inFlight: 1, channels: channelNames(7) });
    const result = await measureIngest(job);
    assert.ok(result.kept > 0);
    assert.equal(result.kept, result.acknowledged);
  });

  test('measures both engines, prints and writes JSON', async () => {
    const { code, stdout, stderr, document } = await runBench(
      ...['ingest', '--publishers', '3', '--in-flight', '4', '--channels', '5'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^5 channels, medians\n.*\n.*\nfanwire +[\d.]+ k/m);
    assert.match(stdout, /^fanwire \/ fanwire-memory +[\d.]+× +[\d.]+× +[\d.]+× +/m);
    const { runs } = document as { runs: { target: string; channels: number; result: IngestResult }[] };
    assert.deepEqual(
      runs.map((run) => `${run.target} ${run.channels}`),
      ['fanwire 5', 'fanwire-memory 5'],
    );
    assert.ok(runs.every(({ result }) => result.kept === result.acknowledged));
  });

  test('a target that acknowledges nothing is refused with 2', async () => {
    const { code, stderr } = await runBench('ingest', '--targets', 'fanwire,ws-loop');
    assert.equal(code, 2);
    assert.match(stderr, /"ws-loop" is none of fanwire, fanwire-memory/);
  });
});

const quiet: IngestResult = {
  seconds: 1,
  serverCpuSeconds: 1,
  serverUtilisation: 1,
  loadUtilisation: 0.5,
  serverWaited: 0,
  loadWaited: 0,
  publishes: 100_000,
  publishesPerSecond: 100_000,
  serverMicrosecondsPerPublish: 10,
  latency: { p50: 1, p99: 2, p999: 3, samples: 10 },
  acknowledged: 110_000,
  kept: 110_000,
};

function runOf(round: number, target: string, changes: Partial<IngestResult> = {}): Run {
  return { round, channels: 1, target, result: { ...quiet, ...changes }, error: null };
}

const options = {
  publishers: 100,
  inFlight: 32,
  channels: [1],
  seconds: 1,
  warmup: 1,
  rounds: 2,
  targets: [targetNamed('fanwire'), targetNamed('fanwire-memory')],
  pin: true,
};

test('the ingest report compares the engines round by round', () => {
  const runs = [
    runOf(0, 'fanwire', { publishesPerSecond: 80_000, serverMicrosecondsPerPublish: 12 }),
    runOf(0, 'fanwire-memory'),
    runOf(1, 'fanwire-memory', { publishesPerSecond: 50_000 }),
    runOf(1, 'fanwire', { publishesPerSecond: 30_000, serverMicrosecondsPerPublish: 14 }),
  ];
  assert.match(text(options, runs, null), /^fanwire \/ fanwire-memory +0\.70× +0\.60× +0\.80× +1\.30×$/m);
  const { ratios } = document(options, runs, null) as { ratios: { rounds: number[] }[] };
  assert.deepEqual(
    ratios.map((one) => one.rounds),
    [[0.8, 0.6]],
  );
});

test('the ingest report says what makes its figures doubtful', () => {
  const bound = runOf(0, 'fanwire', { loadUtilisation: 0.95, serverUtilisation: 0.5 });
  assert.match(
    text(options, [bound], null),
    /^LOAD-BOUND fanwire, one channel, round 1: .* acknowledged more$/m,
  );
  const waited = runOf(0, 'fanwire', { serverWaited: 0.4 });
  assert.match(text(options, [waited], null), /^DISTURBED 1 of 1 runs: /m);
  const failed: Run = { round: 1, channels: 1, target: 'fanwire', result: null, error: 'it fell over' };
  assert.match(text(options, [failed], null), /^FAILED fanwire, one channel, round 2: it fell over$/m);
  assert.doesNotMatch(text(options, [runOf(0, 'fanwire')], null), /^[A-Z]{4,}/m);
});
