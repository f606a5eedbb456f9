import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { channelSpeech } from '../../server/src/load/channel-speech.ts';
import { measureFanout } from '../../server/src/load/fanout.ts';
import type { FanoutJob } from '../../server/src/load/job.ts';
import { StreamClient } from '../../server/src/load/stream-client.ts';
import { startServer } from '../src/children.ts';
import { targetNamed } from '../src/targets/registry.ts';
import { CHANNEL } from '../src/targets/target.ts';
import { runBench } from './run-bench.ts';

describe('sse', () => {
  for (const name of ['fanwire', 'fanwire-memory']) {
    test(`${name}: every event stream gets every message, whatever the window`, async () => {
      await using server = await startServer(targetNamed(name), { core: null, inspect: false });
      for (const inFlight of [1, 32]) {
        const job: FanoutJob = {
          server: { port: server.port },
          serverPid: server.pid,
          subscribers: 40,
          publishers: 4,
          channel: CHANNEL,
          transport: 'sse',
          drive: { inFlight },
          warmupSeconds: 0.05,
          seconds: 0.2,
          contentBytes: 128,
        };
        const result = await measureFanout(job, channelSpeech({ subscribe: true, channel: CHANNEL }));
        assert.ok(result.deliveries > 0);
        assert.ok(result.latency.samples > 0);
        const published = result.publishedPerSecond * result.seconds;
        assert.ok(Math.abs(result.deliveries - published * 40) <= inFlight * 40, 'off by the window at most');
        assert.deepEqual([result.lost, result.dropped, result.sameOrder], [0, {}, true]);
      }
    });
  }

  test('a stream that is refused says how', async () => {
    await using server = await startServer(targetNamed('fanwire-memory'), { core: null, inspect: false });
    await assert.rejects(
      StreamClient.open({ server: { port: server.port }, path: '/sse/nowhere' }),
      /the request was refused: HTTP\/1\.1 404 .*not_found/,
    );
  });

  test('the report has the ratio to WebSockets', async () => {
    const { code, stdout, stderr } = await runBench(
      ...['sse', '--subscribers', '20', '--window', '4', '--targets', 'fanwire-memory'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(
      stdout,
      /^fanwire-memory, 4 in flight, event streams \/ fanwire-memory, 4 in flight, WebSockets: deliveries\/s +[\d.]+×/m,
    );
    assert.match(
      stdout,
      /^goal, at least 0\.90×: fanwire-memory with 4 in flight [\d.]+× \((reached|missed)\)$/m,
    );
    assert.doesNotMatch(stdout, /FAILED|LOST|ORDER|DROPPED|DUPLICATED/);
  });

  test('only Fanwire has event streams', async () => {
    const { code, stderr } = await runBench('sse', '--targets', 'ws-loop');
    assert.equal(code, 2);
    assert.match(stderr, /"ws-loop" is none of fanwire, fanwire-memory/);
  });
});
