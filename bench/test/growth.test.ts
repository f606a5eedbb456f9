import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { channelOffset } from '../../server/src/load/channel-figures.ts';
import { channelNames } from '../src/channel-names.ts';
import { startServer } from '../src/children.ts';
import type { Run } from '../src/comparison.ts';
import { fillChannels } from '../src/fill-channels.ts';
import { channelPoints, type Options, subscriberPoints, text } from '../src/growth-report.ts';
import type { RoomsResult } from '../src/load/job.ts';
import { targetNamed } from '../src/targets/registry.ts';
import { FakePublishApi } from './fake-publish-api.ts';
import { runBench } from './run-bench.ts';

describe('growth', () => {
  test('before the fan-out every channel has one message', async () => {
    await using server = await startServer(targetNamed('fanwire-memory'), { core: null, inspect: false });
    const names = channelNames(2500);
    await fillChannels(server.port, names, 128);
    for (const name of [names[0], names[999], names[1000], names[2499]]) {
      assert.equal(await channelOffset({ port: server.port }, name ?? ''), 1);
    }
    assert.equal(await channelOffset({ port: server.port }, 'bench-002500'), 0);
  });

  test('a channel that cannot be filled is told', async () => {
    await using server = await startServer(targetNamed('fanwire-memory'), { core: null, inspect: false });
    await assert.rejects(
      fillChannels(server.port, ['fine', '$reserved'], 128),
      /^Error: of 2 messages 1 were published: \{"ok":false,/,
    );
    await using fake = await FakePublishApi.start();
    await assert.rejects(fillChannels(fake.port, ['fine'], 128), /^Error: of 1 messages 0 were published: /);
  });

  test('measures every size, compares each with the first, and writes JSON', async () => {
    const { code, stdout, stderr, document } = await runBench(
      ...['growth', '--channels', '2,30', '--with-subscribers', '3', '--subscribers', '2,4'],
      ...['--spread', '2', '--window', '4', '--targets', 'fanwire'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire, 30 channels \/ fanwire, 2 channels: CPU µs\/delivery +[\d.]+× /m);
    assert.match(stdout, /^fanwire, 4 subscribers \/ fanwire, 2 subscribers: CPU µs\/delivery +[\d.]+× /m);
    assert.match(stdout, /^goal, at most 1\.30×: fanwire with 30 channels [\d.]+× \(\w+\)$/m);
    assert.doesNotMatch(stdout, /FAILED|LOST|DUPLICATED|ASTRAY|ORDER|DROPPED/);
    const { channels, subscribers } = document as Record<string, { runs: readonly Run<RoomsResult>[] }>;
    const runs = [...(channels?.runs ?? []), ...(subscribers?.runs ?? [])];
    assert.deepEqual(
      runs.map((run) => run.subject),
      ['fanwire, 2 channels', 'fanwire, 30 channels', 'fanwire, 2 subscribers', 'fanwire, 4 subscribers'],
    );
    assert.ok(runs.every(({ result }) => result !== null && result.deliveries > 0));
  });

  test('more measured channels than exist at the smallest size are refused with 2', async () => {
    const { code, stderr } = await runBench(
      'growth',
      '--channels',
      '1,10',
      '--subscribers',
      '5',
      '--spread',
      '2',
    );
    assert.equal(code, 2);
    assert.match(stderr, /2 channels need to exist at every size/);
  });
});

const options: Options = {
  channels: [1, 100_000],
  subscribers: [10, 1000],
  withSubscribers: 100,
  spread: 1,
  window: 32,
  targets: [targetNamed('fanwire'), targetNamed('fanwire-memory')],
  seconds: 1,
  warmup: 1,
  rounds: 2,
  pin: true,
};

function runOf(round: number, subject: string, serverMicrosecondsPerDelivery: number): Run<RoomsResult> {
  const result: RoomsResult = {
    seconds: 1,
    deliveries: 100_000,
    deliveriesPerSecond: 100_000,
    publishedPerSecond: 10_000,
    bytesPerDelivery: 360,
    serverCpuSeconds: 1,
    serverMicrosecondsPerDelivery,
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
  return { round, subject, result, error: null };
}

test('the growth report says whether many channels cost at most 1.3 of one, for each engine', () => {
  const names = channelPoints(options).map((point) => point.name);
  assert.deepEqual(names, [
    'fanwire, 1 channel',
    'fanwire, 100000 channels',
    'fanwire-memory, 1 channel',
    'fanwire-memory, 100000 channels',
  ]);
  const channels = [0, 1].flatMap((round) =>
    [1, round === 0 ? 1.2 : 1.3, 2, 3].map((cost, index) => runOf(round, names[index] ?? '', cost)),
  );
  const subscribers = subscriberPoints(options).map(({ name }) => runOf(0, name, 1));
  const shown = text(options, { channels, subscribers }, null);
  assert.match(
    shown,
    /^fanwire, 100000 channels \/ fanwire, 1 channel: CPU µs\/delivery +1\.25× +1\.20× +1\.30×$/m,
  );
  assert.match(shown, /^fanwire, 1000 subscribers \/ fanwire, 10 subscribers: CPU µs\/delivery +1\.00×/m);
  assert.doesNotMatch(shown, /fanwire-memory, \d+ \w+ \/ fanwire, /);
  const goal =
    'fanwire with 100000 channels 1.25× (reached), fanwire-memory with 100000 channels 1.50× (missed)';
  assert.ok(shown.endsWith(`goal, at most 1.30×: ${goal}`), shown);
});
