import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Draft, Engine, Receipt } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { Arrivals } from '../../src/hub/arrivals.ts';
import { Hub } from '../../src/hub/hub.ts';
import { noHubMeter, type TickFigures } from '../../src/hub/meter.ts';
import type { Recipient } from '../../src/hub/recipient.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Figures } from './figures.ts';

const retention = { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };

/** An engine in memory that takes its time, or fails, as it is told to. */
class TestEngine extends MemoryEngine implements Engine {
  /** Called before each commit. */
  before: () => void = () => {};

  constructor() {
    super({ retention, clock: new FakeClock() });
  }

  override async append(batch: readonly Draft[]): Promise<Receipt[]> {
    this.before();
    return super.append(batch);
  }
}

async function build() {
  const engine = new TestEngine();
  const metrics = new Metrics({ version: '0', engine: 'memory', managementOpen: false });
  const ticks: TickFigures[] = [];
  const tick = (figures: TickFigures): void => {
    metrics.hub.tick(figures);
    ticks.push(figures);
  };
  const hub = new Hub({ engine, clock: new FakeClock(), report: () => {}, meter: { ...noHubMeter, tick } });
  await hub.open();
  const publish = (count: number): Promise<unknown> =>
    Promise.allSettled(
      Array.from({ length: count }, () =>
        hub.published({ channel: 'news', type: 'text', data: '1', sender: null }),
      ),
    );
  const figures = async (): Promise<Figures> => new Figures(await metrics.registry.metrics());
  return { engine, hub, ticks, publish, figures };
}

/** A clock that only moves when it is told to. */
function stopTime(context: TestContext): (ms: number) => void {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  return (ms) => {
    now += ms;
  };
}

describe('a tick', () => {
  it('is one for all that is published in one turn', async () => {
    const { hub, publish, figures } = await build();
    await publish(50);
    const after = await figures();
    assert.equal(after.value('fanwire_tick_messages_count'), 1);
    assert.equal(after.value('fanwire_tick_messages_sum'), 50);
    assert.equal(after.value('fanwire_messages_published_total', { outcome: 'committed' }), 50);
    await hub.close();
  });

  it('that cannot be committed is a failure and has neither commit time nor latency', async () => {
    const { engine, hub, publish, figures } = await build();
    engine.before = () => {
      throw new Error('the disk is full');
    };
    await publish(3);
    const after = await figures();
    assert.equal(after.value('fanwire_engine_commit_failures_total'), 1);
    assert.equal(after.value('fanwire_messages_published_total', { outcome: 'failed' }), 3);
    assert.equal(after.value('fanwire_messages_published_total', { outcome: 'committed' }), 0);
    assert.equal(after.value('fanwire_engine_commit_seconds_count'), 0);
    assert.equal(after.value('fanwire_publish_latency_seconds_count'), 0);
    assert.equal(after.value('fanwire_tick_duration_seconds_count'), 1);
    await hub.close();
  });

  it('tells the engine’s time from the delivery’s, and the wait before it', async (context) => {
    const pass = stopTime(context);
    const { engine, hub, ticks, publish } = await build();
    const slowly: Recipient = {
      id: 'r',
      user: null,
      verifiedUser: null,
      echo: true,
      subscriptions: new Map(),
      serial: 0,
      encoder: {
        encode: () => {
          pass(7);
          return Buffer.from('x');
        },
      },
      push: () => hub.flusher.mark(slowly),
      hurry: () => {},
      flush: () => pass(100),
      drained: () => null,
      presence: () => {},
      gap: () => {},
    };
    await hub.attach(slowly);
    await hub.subscribe(slowly, 'news');
    engine.before = () => pass(20);
    const published = publish(1);
    pass(3);
    await published;
    await hub.settled();
    assert.deepEqual(ticks, [{ messages: 1, committed: true, commit: 20, duration: 127, latency: 130 }]);
    context.mock.restoreAll();
    await hub.close();
  });
});

describe('when the messages of a queue came', () => {
  it('is when the first of them did, once all have left', (context) => {
    const pass = stopTime(context);
    const arrivals = new Arrivals();
    for (let i = 0; i < 10; i++) {
      arrivals.came();
      pass(1);
    }
    assert.equal(arrivals.leave(10), 1000);
    arrivals.came();
    assert.equal(arrivals.leave(1), 1010);
  });

  it('is known to within 64 messages when only some leave', (context) => {
    const pass = stopTime(context);
    const arrivals = new Arrivals();
    let came = 0;
    let left = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 100; i++, came++) {
        arrivals.came();
        pass(1);
      }
      const count = round % 3 === 0 ? 130 : 71;
      const leaving = Math.min(count, came - left);
      const age = 1000 + left - arrivals.leave(leaving);
      assert.ok(age >= 0 && age < 64, `message ${left} counts as ${age} older than it is`);
      left += leaving;
    }
  });

  it('does not grow while the queue never empties', (context) => {
    let looks = 0;
    context.mock.method(performance, 'now', () => looks++);
    const arrivals = new Arrivals();
    for (let i = 0; i < 1000; i++) arrivals.came();
    for (let i = 0; i < 64_000; i++) {
      arrivals.came();
      arrivals.leave(1);
    }
    assert.ok(looks <= 65_000 / 64 + 1);
  });
});
