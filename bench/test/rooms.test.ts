import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { channelSpeech } from '../../server/src/load/channel-speech.ts';
import type { Speech } from '../../server/src/load/speech.ts';
import { channelNames } from '../src/channel-names.ts';
import { startServer } from '../src/children.ts';
import type { RoomsJob, RoomsResult } from '../src/load/job.ts';
import { measureRooms } from '../src/load/rooms.ts';
import { document, type Run, text } from '../src/rooms-report.ts';
import { targetNamed } from '../src/targets/registry.ts';
import type { Target } from '../src/targets/target.ts';
import { FakeChannel } from './fake-channel.ts';
import { runBench } from './run-bench.ts';

function jobFor(port: number, changes: Partial<RoomsJob> = {}): RoomsJob {
  return {
    target: 'fanwire',
    server: { port },
    serverPid: process.pid,
    channels: channelNames(5),
    subscribers: 4,
    drive: { inFlight: 3 },
    warmupSeconds: 0.05,
    seconds: 0.2,
    contentBytes: 128,
    ...changes,
  };
}

function speechOf(target: Target): (channel: string) => Speech {
  return (channel) => {
    const speech = target.speech({ subscribe: true, channel });
    assert.ok(speech !== null);
    return speech;
  };
}

describe('rooms', () => {
  for (const name of ['fanwire', 'fanwire-memory', 'ws-rooms', 'socket.io-rooms']) {
    test(`${name} delivers to the members of a room, and to nobody else`, async () => {
      const target = targetNamed(name);
      await using server = await startServer(target, { core: null, inspect: false });
      for (const window of [3, 40]) {
        const job = jobFor(server.port, { drive: { inFlight: window } });
        const result = await measureRooms(job, speechOf(target));
        assert.ok(result.deliveries > 0);
        const published = result.publishedPerSecond * result.seconds;
        assert.ok(
          Math.abs(result.deliveries - published * 4) <= window * 4,
          'off by no more than the window',
        );
        const { latency, lost, duplicated, astray, dropped, sameOrder } = result;
        assert.ok(latency.p50 <= latency.p99 && latency.p99 <= latency.p999 && latency.samples > 0);
        assert.deepEqual([lost, duplicated, astray, dropped, sameOrder], [0, 0, 0, {}, true]);
      }
    });
  }

  test('one room of one is a room, too', async () => {
    await using fake = await FakeChannel.start();
    const job = jobFor(fake.port, { channels: ['alone'], subscribers: 1 });
    const result = await measureRooms(job, (channel) => channelSpeech({ subscribe: true, channel }));
    assert.ok(result.deliveries > 0);
    assert.deepEqual([result.lost, result.duplicated, result.sameOrder], [0, 0, true]);
  });

  test('tells of messages that come to another room', async () => {
    await using fake = await FakeChannel.start();
    const job = jobFor(fake.port, { channels: channelNames(2) });
    const result = await measureRooms(job, (channel) => channelSpeech({ subscribe: true, channel }));
    assert.ok(result.astray > 0);
    assert.ok(result.duplicated > 0);
  });

  test('stops at once when the server refuses to publish', async () => {
    await using fake = await FakeChannel.start({ refuse: 'rate_limited' });
    const job = jobFor(fake.port, { seconds: 30 });
    await assert.rejects(
      measureRooms(job, (channel) => channelSpeech({ subscribe: true, channel })),
      /a publisher was stopped: rate_limited: as told/,
    );
  });

  test('measures Fanwire beside a rival, prints and writes JSON', async () => {
    const { code, stdout, stderr, document } = await runBench(
      ...['rooms', '--rooms', '6', '--members', '3', '--window', '4'],
      ...['--targets', 'fanwire,ws-rooms'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire \/ ws-rooms +[\d.]+× +[\d.]+× +[\d.]+× +/m);
    assert.doesNotMatch(stdout, /FAILED|LOST|DUPLICATED|ASTRAY|ORDER|DROPPED/);
    const { runs } = document as { runs: { target: string; result: RoomsResult }[] };
    assert.deepEqual(
      runs.map((run) => run.target),
      ['fanwire', 'ws-rooms'],
    );
    assert.ok(runs.every((run) => run.result.deliveries > 0));
  });

  test('publishes on schedule, and counts from when a message was due', async () => {
    const target = targetNamed('fanwire-memory');
    await using server = await startServer(target, { core: null, inspect: false });
    const job = jobFor(server.port, { drive: { perSecond: 200 }, seconds: 1 });
    const result = await measureRooms(job, speechOf(target));
    assert.ok(
      result.publishedPerSecond > 150 && result.publishedPerSecond < 250,
      `${result.publishedPerSecond}`,
    );
    assert.ok(result.lateness !== null);
    assert.deepEqual([result.lost, result.duplicated, result.astray], [0, 0, 0]);
    const { code, stdout } = await runBench(
      ...['rooms', '--rooms', '6', '--members', '3', '--rate', '100'],
      ...['--targets', 'fanwire,ws-rooms'],
    );
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^fanwire \/ ws-rooms: p99 +[\d.]+× /m);
    assert.doesNotMatch(stdout, /FAILED|LOST/);
  });

  test('more connections than a process may hold are refused with 2', async () => {
    const { code, stderr } = await runBench('rooms', '--rooms', '50000', '--members', '10000');
    assert.equal(code, 2);
    assert.match(stderr, /500000000 connections: a process may open \d+ files here/);
  });
});

const quiet: RoomsResult = {
  seconds: 1,
  deliveries: 100_000,
  deliveriesPerSecond: 100_000,
  publishedPerSecond: 10_000,
  bytesPerDelivery: 360,
  serverCpuSeconds: 1,
  serverMicrosecondsPerDelivery: 10,
  serverUtilisation: 1,
  loadUtilisation: 0.5,
  serverWaited: 0,
  loadWaited: 0,
  latency: { p50: 1, p99: 2, p999: 3, samples: 10 },
  lost: 0,
  duplicated: 0,
  astray: 0,
  dropped: {},
  sameOrder: true,
  lateness: null,
};

function runOf(round: number, target: string, changes: Partial<RoomsResult> = {}): Run {
  return { round, window: 100, target, result: { ...quiet, ...changes }, error: null };
}

const options = {
  rooms: 1000,
  members: 10,
  window: [100],
  seconds: 1,
  warmup: 1,
  rounds: 2,
  targets: [targetNamed('fanwire'), targetNamed('ws-rooms')],
  pin: true,
};

test('the rooms report compares round by round, whatever order the targets ran in', () => {
  const runs = [
    runOf(0, 'fanwire', { deliveriesPerSecond: 300_000, serverMicrosecondsPerDelivery: 3 }),
    runOf(0, 'ws-rooms'),
    runOf(1, 'ws-rooms', { deliveriesPerSecond: 50_000 }),
    runOf(1, 'fanwire', { serverMicrosecondsPerDelivery: 5 }),
  ];
  const shown = text(options, runs, null);
  assert.match(shown, /^fanwire \/ ws-rooms +2\.50× +2\.00× +3\.00× +0\.40×$/m);
  assert.match(shown, /^fanwire +200 k +100 k +300 k +4\.000 +1\.00 ms +2\.00 ms +3\.00 ms /m);
  const { ratios } = document(options, runs, null) as { ratios: { rounds: number[] }[] };
  assert.deepEqual(
    ratios.map((one) => one.rounds),
    [[3, 2]],
  );
});

test('the rooms report says what makes its figures doubtful', () => {
  const remarks: readonly (readonly [Partial<RoomsResult>, RegExp])[] = [
    [{ loadUtilisation: 0.95, serverUtilisation: 0.5 }, /^LOAD-BOUND ws-rooms, 100 in flight, round 1: /m],
    [{ lost: 3 }, /^LOST ws-rooms, .*: 3 deliveries never came$/m],
    [{ duplicated: 3 }, /^DUPLICATED ws-rooms, .*: 3 deliveries came more than once$/m],
    [{ astray: 3 }, /^ASTRAY ws-rooms, .*: 3 sampled deliveries were of another room$/m],
    [{ sameOrder: false }, /^ORDER ws-rooms, /m],
    [{ dropped: { 'closed with 4413': 2 } }, /^DROPPED ws-rooms, .*: 2 connections: closed with 4413$/m],
    [{ serverWaited: 0.4 }, /^DISTURBED 1 of 1 runs: .* up to 40 % of the time/m],
  ];
  for (const [changes, expected] of remarks) {
    assert.match(text(options, [runOf(0, 'ws-rooms', changes)], null), expected);
  }
  const failed: Run = { round: 1, window: 100, target: 'fanwire', result: null, error: 'it fell over' };
  assert.match(text(options, [failed], null), /^FAILED fanwire, 100 in flight, round 2: it fell over$/m);
  assert.doesNotMatch(text(options, [runOf(0, 'ws-rooms')], null), /^[A-Z]{4,}/m);
});
