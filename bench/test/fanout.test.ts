import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { channelSpeech } from '../../server/src/load/channel-speech.ts';
import { measureFanout } from '../../server/src/load/fanout.ts';
import type { FanoutJob } from '../../server/src/load/job.ts';
import { findStamp, readStamp, stampedContent, writeStamp } from '../../server/src/load/stamp.ts';
import { CHANNEL } from '../src/targets/target.ts';
import { FakeChannel } from './fake-channel.ts';

const speech = channelSpeech({ subscribe: true, channel: CHANNEL });

function jobFor(port: number, changes: Partial<FanoutJob> = {}): FanoutJob {
  return {
    server: { port },
    serverPid: process.pid,
    subscribers: 30,
    publishers: 3,
    channel: CHANNEL,
    transport: 'websocket',
    drive: { inFlight: 8 },
    warmupSeconds: 0.05,
    seconds: 0.2,
    contentBytes: 128,
    ...changes,
  };
}

describe('fanout', () => {
  test('counts what every subscriber got', async () => {
    await using fake = await FakeChannel.start();
    const result = await measureFanout(jobFor(fake.port), speech);
    assert.ok(result.deliveries > 0);
    assert.ok(result.latency.samples > 0);
    assert.ok(result.latency.p50 <= result.latency.p99);
    const published = result.publishedPerSecond * result.seconds;
    assert.ok(Math.abs(result.deliveries - published * 30) <= 8 * 30, 'off by no more than the window');
    assert.deepEqual([result.lost, result.dropped, result.sameOrder], [0, {}, true]);
  });

  test('with one in flight there is one publisher, and one message at a time', async () => {
    await using fake = await FakeChannel.start();
    const result = await measureFanout(jobFor(fake.port, { drive: { inFlight: 1 } }), speech);
    assert.ok(result.deliveries > 0);
    assert.deepEqual([result.lost, result.dropped], [0, {}]);
  });

  test('tells of a message that one subscriber never got', async () => {
    await using fake = await FakeChannel.start({ skip: 3 });
    const result = await measureFanout(jobFor(fake.port, { seconds: 0.1 }), speech);
    assert.equal(result.lost, 1);
    assert.equal(result.sameOrder, false);
  });

  test('tells which subscribers the server dropped, and why', async () => {
    await using fake = await FakeChannel.start({ closeWith: 4413 });
    const result = await measureFanout(jobFor(fake.port), speech);
    assert.deepEqual(result.dropped, { 'closed with 4413': 1 });
    assert.equal(result.lost, 0);
  });

  test('stops at once when the server refuses to publish', async () => {
    await using fake = await FakeChannel.start({ refuse: 'rate_limited' });
    const started = performance.now();
    await assert.rejects(
      measureFanout(jobFor(fake.port, { seconds: 30 }), speech),
      /a publisher was stopped: rate_limited: as told/,
    );
    assert.ok(performance.now() - started < 5000);
  });

  test('says how the upgrade was refused', async () => {
    await using fake = await FakeChannel.start();
    const elsewhere = { ...speech, path: '/elsewhere' };
    await assert.rejects(measureFanout(jobFor(fake.port), elsewhere), /upgrade was refused: HTTP\/1.1 400/);
  });
});

describe('stamp', () => {
  test('is found and read in whatever surrounds it', () => {
    const content = stampedContent(128);
    assert.equal(Buffer.byteLength(content), 128);
    const payload = Buffer.from(JSON.stringify({ id: 'a~b', content, sender: null }));
    const at = findStamp(payload);
    writeStamp(payload, at, 987_654_321_012);
    assert.equal(readStamp(payload, at), 987_654_321_012);
    assert.match(payload.toString(), /"content":"~987654321012~x+"/);
  });

  test('is not found where there is none', () => {
    assert.equal(findStamp(Buffer.from('{"type":"heartbeat"}')), -1);
  });
});
