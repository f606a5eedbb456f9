import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecoverJob } from '../../server/src/load/job.ts';
import { Expected, type Position } from '../../server/src/load/missed.ts';
import { measureRecover } from '../../server/src/load/recover.ts';
import { Returner } from '../../server/src/load/returner.ts';
import { stampedContent, writeStamp } from '../../server/src/load/stamp.ts';
import { startServer } from '../src/children.ts';
import { fanwire, fanwireMemory } from '../src/targets/fanwire.ts';
import { CHANNEL, type Target } from '../src/targets/target.ts';
import { runBench } from './run-bench.ts';

function jobFor(port: number, serverPid: number, changes: Partial<RecoverJob> = {}): RecoverJob {
  const server = { port };
  return { server, serverPid, channel: CHANNEL, clients: 30, missed: 25, contentBytes: 128, ...changes };
}

/** With a window that the missed messages do not fit into. */
function forgetful(target: Target): Target {
  const environment = (directory: string) => ({
    ...target.launch.environment(directory),
    RECOVERY_WINDOW_SIZE: '10',
  });
  return { ...target, launch: { ...target.launch, environment } };
}

describe('recover', () => {
  for (const target of [fanwire, fanwireMemory]) {
    test(`${target.name} gives everybody what was missed`, async () => {
      await using server = await startServer(target, { core: null, inspect: false });
      const result = await measureRecover(jobFor(server.port, server.pid));
      assert.deepEqual([result.verified, result.faults], [30, {}]);
      assert.equal(result.latency.samples, 30);
      assert.ok(result.latency.p50 > 0 && result.latency.p99 <= result.seconds * 1000);
    });
  }

  test('tells of a server that does not recover', async () => {
    await using server = await startServer(forgetful(fanwireMemory), { core: null, inspect: false });
    const { verified, faults } = await measureRecover(jobFor(server.port, server.pid));
    assert.deepEqual([verified, faults], [0, { 'not recovered': 30 }]);
  });

  test('the report counts whom it verified', async () => {
    const { code, stdout, stderr } = await runBench('recover', '--clients', '20');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^fanwire +[\d.]+ s .* 20 /m);
    assert.match(stdout, /^fanwire \/ fanwire-memory: until all +[\d.]+×/m);
    assert.match(stdout, /^goal, all 10,000 within 8\.00 s: fanwire not measured, /m);
    assert.doesNotMatch(stdout, /FAILED|WRONG/);
  });
});

const position: Position = { epoch: 'e', offset: 2 };

function delivery(offset: number, changes: object = {}): string {
  const content = Buffer.from(stampedContent(40));
  writeStamp(content, 0, offset - 1);
  const frame = { type: 'text', channel: 'bench', content: content.toString(), offset, epoch: 'e' };
  return JSON.stringify({ ...frame, ...changes });
}

function subscribed(changes: object = {}): string {
  const content = { epoch: 'e', offset: 5, recovered: true, replayed: 3, ...changes };
  return JSON.stringify({ type: 'subscribed', content });
}

/** Missed the messages 3 to 5. */
function returnerOf(onComplete: () => void): Returner {
  return new Returner({
    channel: CHANNEL,
    position,
    last: 5,
    expected: new Expected(CHANNEL, 'e'),
    onComplete,
  });
}

/** What a client that missed the messages 3 to 5 says to these frames. */
function verdict(...frames: string[]): { fault: string | null; completed: number } {
  let completed = 0;
  const returner = returnerOf(() => completed++);
  for (const frame of frames) returner.hear(frame);
  return { fault: returner.fault, completed };
}

describe('a client that comes back', () => {
  test('subscribes with its position', () => {
    const { reply } = returnerOf(() => {}).hear('{"type":"connected","content":{}}');
    assert.deepEqual(JSON.parse(reply ?? ''), {
      action: 'subscribe',
      data: { channel: 'bench', position },
      request_id: 'return',
    });
  });

  test('is content with exactly what it missed, then what is live', () => {
    const frames = [3, 4, 5, 6].map((offset) => delivery(offset));
    assert.deepEqual(verdict(subscribed(), ...frames), { fault: null, completed: 1 });
  });

  const wrong: readonly (readonly [string, string[]])[] = [
    ['not recovered', [subscribed({ recovered: false })]],
    ['the answer to the subscription is not exact', [subscribed({ replayed: 2 })]],
    ['the answer to the subscription is not exact', [subscribed({ offset: 6 })]],
    ['a message left out', [subscribed(), delivery(3), delivery(5)]],
    ['a message twice, or out of order', [subscribed(), delivery(3), delivery(3)]],
    ['a message twice, or out of order', [subscribed(), delivery(2)]],
    ['a message with the content of another', [subscribed(), delivery(3, { content: stampedContent(40) })]],
    ['a message of elsewhere', [subscribed(), delivery(3, { epoch: 'f' })]],
    ['a message of elsewhere', [subscribed(), delivery(3, { channel: 'c' })]],
    ['a frame of type gap among the messages', [subscribed(), '{"type":"gap"}']],
  ];
  for (const [index, [fault, frames]] of wrong.entries()) {
    test(`notices (${index + 1}): ${fault}`, () => assert.equal(verdict(...frames).fault, fault));
  }

  test('compares with what others got, but not blindly', () => {
    const expected = new Expected(CHANNEL, 'e');
    assert.equal(expected.fault(delivery(3), 3), null);
    assert.equal(expected.fault(delivery(3), 3), null);
    assert.equal(expected.fault(delivery(3), 4), 'a message twice, or out of order');
    assert.equal(expected.fault(delivery(4), 3), 'a message left out');
  });
});
