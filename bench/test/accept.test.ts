import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { measureAccept } from '../../server/src/load/accept.ts';
import type { AcceptJob } from '../../server/src/load/job.ts';
import { startServer } from '../src/children.ts';
import { targetNamed } from '../src/targets/registry.ts';
import { FakeChannel } from './fake-channel.ts';
import { runBench } from './run-bench.ts';

function jobFor(port: number, changes: Partial<AcceptJob> = {}): AcceptJob {
  return {
    server: { port },
    serverPid: process.pid,
    underWay: 5,
    warmupSeconds: 0.05,
    seconds: 0.2,
    ...changes,
  };
}

describe('accept', () => {
  for (const name of ['fanwire-memory', 'ws-loop', 'node-upgrade', 'net']) {
    test(`${name} accepts connections one after another`, async () => {
      const target = targetNamed(name);
      await using server = await startServer(target, { core: null, inspect: false });
      const job = jobFor(server.port, { serverPid: server.pid });
      const result = await measureAccept(job, target.speech({ subscribe: false }));
      assert.ok(result.connections > 50, `${result.connections} connections`);
      assert.ok(result.latency.samples >= result.connections - job.underWay);
      assert.ok(result.latency.p50 > 0 && result.latency.p50 <= result.latency.p99);
      assert.equal(Math.round(result.connectionsPerSecond * result.seconds), result.connections);
    });
  }

  test('says how a connection was refused', async () => {
    await using fake = await FakeChannel.start();
    const speech = targetNamed('ws-loop').speech({ subscribe: false });
    await assert.rejects(
      measureAccept(jobFor(fake.port, { seconds: 30 }), speech),
      /a connection failed: the upgrade was refused: HTTP\/1\.1 400/,
    );
  });

  test('ends when a server greets nobody', async () => {
    const silent = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const speech = targetNamed('ws-loop').speech({ subscribe: false });
    await assert.rejects(
      measureAccept(jobFor(port, { seconds: 30 }), speech),
      /no greeting came for 3 seconds/,
    );
    silent.close();
  });

  test('the report compares with the rivals', async () => {
    const { code, stdout, stderr } = await runBench(
      ...['accept', '--under-way', '5', '--targets', 'fanwire-memory,node-upgrade'],
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire-memory \/ node-upgrade: CPU µs\/connection +[\d.]+×/m);
    assert.doesNotMatch(stdout, /FAILED/);
  });
});
