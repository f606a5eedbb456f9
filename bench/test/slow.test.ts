import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startServer } from '../src/children.ts';
import type { SlowJob } from '../src/load/job.ts';
import { measureSlow } from '../src/load/slow.ts';
import { fanwireMemory } from '../src/targets/fanwire.ts';
import type { Target } from '../src/targets/target.ts';
import { wsLoop } from '../src/targets/ws-loop.ts';
import { runBench } from './run-bench.ts';

function jobFor(target: string, port: number, serverPid: number): SlowJob {
  return {
    target,
    server: { port },
    serverPid,
    subscribers: 12,
    frozen: 3,
    publishers: 2,
    // Far more than the kernel takes of it.
    perSecond: 250,
    contentBytes: 64_000,
    warmupSeconds: 0.1,
    seconds: 1.5,
    tellsClosings: target !== 'ws-loop',
  };
}

async function measure(target: Target) {
  const speech = target.speech({ subscribe: true });
  assert.ok(speech !== null);
  await using server = await startServer(target, { core: null, inspect: false });
  return await measureSlow(jobFor(target.name, server.port, server.pid), speech);
}

describe('slow', () => {
  test('Fanwire closes the frozen, and they are told so when they read on', async () => {
    const { closings, endings, latency, lost, dropped, residentBytes, peakBytes } =
      await measure(fanwireMemory);
    assert.equal(closings?.count, 3);
    assert.ok((closings.firstAfter ?? 0) > 0 && (closings.firstAfter ?? 0) <= (closings.lastAfter ?? 0));
    assert.deepEqual(
      Object.entries(endings).map(([reason, count]) => [reason.slice(0, 16), count]),
      [['closed with 4413', 3]],
    );
    assert.deepEqual([lost, dropped], [0, {}]);
    assert.ok(latency.samples > 0 && latency.p50 <= latency.p99);
    assert.ok((residentBytes ?? 0) <= (peakBytes ?? 0));
  });

  test('a server without a limit keeps everything for them', async () => {
    const { closings, endings, lost, dropped } = await measure(wsLoop);
    assert.equal(closings, null);
    assert.deepEqual(endings, { 'read on': 3 });
    assert.deepEqual([lost, dropped], [0, {}]);
  });

  test('the report compares with and without frozen readers', async () => {
    const { code, stdout, stderr } = await runBench(
      ...['slow', '--subscribers', '10', '--frozen', '2', '--publishers', '2', '--rate', '50'],
      ...['--content', '200', '--targets', 'fanwire-memory,ws-loop'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire-memory, 2 frozen \/ fanwire-memory, none frozen: p99 +[\d.]+×/m);
    assert.match(
      stdout,
      /^goal, at most 1\.10×: fanwire-memory, p50 [\d.]+× .*, fanwire-memory, p99 [\d.]+× /m,
    );
    assert.match(stdout, /^HELD fanwire-memory, 2 frozen, round 1: 2 of 2 frozen were not closed/m);
    assert.doesNotMatch(stdout, /FAILED|LOST|DROPPED/);
  });

  test('somebody has to be left to be measured', async () => {
    const { code, stderr } = await runBench('slow', '--subscribers', '10', '--frozen', '5');
    assert.equal(code, 2);
    assert.match(stderr, /The frozen and the publishers have to leave subscribers/);
  });
});
