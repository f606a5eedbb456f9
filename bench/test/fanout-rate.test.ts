import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { channelSpeech } from '../../server/src/load/channel-speech.ts';
import { measureFanout } from '../../server/src/load/fanout.ts';
import type { FanoutJob } from '../../server/src/load/job.ts';
import { startServer } from '../src/children.ts';
import { targetNamed } from '../src/targets/registry.ts';
import { CHANNEL } from '../src/targets/target.ts';
import { FakeChannel } from './fake-channel.ts';
import { runBench } from './run-bench.ts';

function jobFor(port: number, changes: Partial<FanoutJob> = {}): FanoutJob {
  return {
    server: { port },
    serverPid: process.pid,
    subscribers: 20,
    publishers: 3,
    channel: CHANNEL,
    transport: 'websocket',
    drive: { perSecond: 100 },
    warmupSeconds: 0.1,
    seconds: 0.5,
    contentBytes: 128,
    ...changes,
  };
}

const speech = channelSpeech({ subscribe: true, channel: CHANNEL });

describe('fanout at a fixed rate', () => {
  for (const name of ['fanwire', 'ws-loop', 'socket.io']) {
    test(`${name} gets the messages of the schedule and delivers them`, async () => {
      const target = targetNamed(name);
      const ownSpeech = target.speech({ subscribe: true });
      assert.ok(ownSpeech !== null);
      await using server = await startServer(target, { core: null, inspect: false });
      const result = await measureFanout(jobFor(server.port), ownSpeech);
      assert.ok(Math.abs(result.publishedPerSecond - 100) < 10, `${result.publishedPerSecond} per second`);
      assert.ok(result.latency.p50 <= result.latency.p99 && result.latency.p99 <= result.latency.p999);
      assert.ok(result.latency.samples >= 17 * 40, 'every listener is sampled');
      assert.ok(result.lateness !== null);
      assert.deepEqual([result.lost, result.dropped, result.sameOrder], [0, {}, true]);
    });
  }

  test('a server that stands still pays for every message that was due meanwhile', async () => {
    await using fake = await FakeChannel.start();
    const measuring = measureFanout(jobFor(fake.port), speech);
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200), 350);
    const { latency, publishedPerSecond, lost } = await measuring;
    assert.ok(Math.abs(publishedPerSecond - 100) < 10);
    assert.ok(latency.p99 > 150, `the first had to wait: ${latency.p99} ms`);
    assert.ok(latency.p50 < 150, 'and the last hardly');
    assert.equal(lost, 0);
  });

  test('stops at once when the server refuses to publish', async () => {
    await using fake = await FakeChannel.start({ refuse: 'rate_limited' });
    await assert.rejects(
      measureFanout(jobFor(fake.port, { seconds: 30 }), speech),
      /a publisher was stopped: rate_limited: as told/,
    );
  });

  test('the report has latencies and their ratios', async () => {
    const { code, stdout, stderr } = await runBench(
      ...['fanout', '--rate', '50', '--subscribers', '20', '--targets', 'fanwire-memory,ws-loop'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /50 messages\/s \(1\.00 k deliveries\/s\)/);
    assert.match(stdout, /^fanwire-memory \/ ws-loop: p99\.9 +[\d.]+× +[\d.]+× +[\d.]+×$/m);
    assert.match(stdout, /^fanwire-memory \/ ws-loop: CPU µs\/delivery /m);
    assert.doesNotMatch(stdout, /FAILED|LOST|ORDER|DROPPED|DUPLICATED/);
  });
});
