import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type {
  ChannelState,
  Draft,
  HistoryPage,
  HistoryQuery,
  Position,
  Receipt,
} from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { Hub } from '../../src/hub/hub.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';
import { Random } from '../support/random.ts';

/** An engine behind a network: everything takes some turns of the event loop, and how many nobody knows. */
class FarEngine extends MemoryEngine {
  readonly #random: Random;

  constructor(random: Random) {
    const retention = { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
    super({ retention, clock: new FakeClock() });
    this.#random = random;
  }

  override async append(batch: readonly Draft[]): Promise<Receipt[]> {
    await this.#travel();
    return super.append(batch);
  }

  override async read(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    await this.#travel();
    const page = await super.read(channel, query);
    await this.#travel();
    return page;
  }

  override async state(channel: string, after?: number): Promise<ChannelState> {
    const state = await super.state(channel, after);
    await this.#travel();
    return state;
  }

  override async follow(channel: string): Promise<Position> {
    await this.#travel();
    return super.follow(channel);
  }

  async #travel(): Promise<void> {
    for (let turns = this.#random.integer(0, 3); turns > 0; turns--) await setImmediate();
  }
}

const channels = ['a', 'b', 'c'];

/** A hub on a far engine, and what went wrong behind its back. */
async function open(random: Random): Promise<{ hub: Hub; engine: FarEngine; faults: unknown[] }> {
  const engine = new FarEngine(random);
  const faults: unknown[] = [];
  const hub = new Hub({ engine, clock: new FakeClock(), report: (thrown) => faults.push(thrown) });
  await hub.open();
  return { hub, engine, faults };
}

function publish(hub: Hub, channel: string): void {
  hub.publish({ channel, type: 'text', data: '1', sender: null }, () => {});
}

/** Resolves when nothing is under way any more. */
async function quiet(hub: Hub): Promise<void> {
  await hub.settled();
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}

describe('Hub, on an engine that takes its time', () => {
  it('gives every subscriber every message behind its position, once, whoever comes and goes meanwhile', async () => {
    const random = new Random();
    await random.run(async () => {
      const { hub, faults } = await open(random);
      const listeners: { recipient: PlainRecipient; channel: string; from: number }[] = [];
      const joining: Promise<unknown>[] = [];
      for (let n = 0; n < 400; n++) {
        publish(hub, random.pick(channels));
        if (random.next() < 0.3) {
          const recipient = new PlainRecipient(`r${n}`);
          const channel = random.pick(channels);
          const { epoch, offset } = hub.local(channel) ?? (await hub.position(channel));
          const from = random.integer(0, offset);
          joining.push(hub.subscribe(recipient, channel, { position: { epoch, offset: from } }));
          listeners.push({ recipient, channel, from });
        }
        if (random.next() < 0.5) await setImmediate();
        if (random.next() < 0.1) {
          const [gone] = listeners.splice(random.integer(0, listeners.length - 1), 1);
          if (gone) hub.unsubscribe(gone.recipient, gone.channel);
        }
      }
      await Promise.all(joining);
      await quiet(hub);
      for (const { recipient, channel, from } of listeners) {
        const top = hub.local(channel)?.offset ?? 0;
        const expected = Array.from({ length: top - from }, (_, index) => from + index + 1);
        assert.deepEqual(recipient.offsets(channel), expected, `${recipient.id} in ${channel}`);
        assert.deepEqual(recipient.gaps, []);
      }
      assert.deepEqual(faults, []);
      await hub.close();
    });
  });

  it('forgets the channels and the presence of those who leave, at whatever moment they do', async () => {
    const random = new Random();
    await random.run(async () => {
      const { hub, engine, faults } = await open(random);
      const joining: Promise<unknown>[] = [];
      for (let n = 0; n < 300; n++) {
        const recipient = new PlainRecipient(`r${n}`, { user: `u${n % 7}` });
        const channel = random.pick(channels);
        joining.push(hub.subscribe(recipient, channel, { presentAs: recipient.user, history: 5 }));
        publish(hub, channel);
        for (let turns = random.integer(0, 6); turns > 0; turns--) await setImmediate();
        hub.unsubscribe(recipient, channel);
        // Some come back at once, and leave for good.
        if (random.next() < 0.5) {
          joining.push(hub.subscribe(recipient, channel, { presentAs: recipient.user }));
          if (random.next() < 0.5) await setImmediate();
          hub.unsubscribe(recipient, channel);
        }
      }
      await Promise.all(joining);
      await quiet(hub);
      assert.deepEqual(hub.counts, { channels: 0, subscriptions: 0 });
      for (const channel of channels) assert.equal(await engine.presence.count(channel), 0);
      assert.deepEqual(faults, []);
      await hub.close();
    });
  });

  it('forgets who is detached while it is still being attached', async () => {
    const random = new Random();
    await random.run(async () => {
      const { hub } = await open(random);
      const attaching: Promise<unknown>[] = [];
      for (let n = 0; n < 200; n++) {
        const recipient = new PlainRecipient(`r${n}`, { user: `u${n}` });
        attaching.push(hub.attach(recipient));
        for (let turns = random.integer(0, 6); turns > 0; turns--) await setImmediate();
        hub.detach(recipient);
      }
      await Promise.all(attaching);
      await quiet(hub);
      assert.deepEqual(hub.counts, { channels: 0, subscriptions: 0 });
      assert.equal(hub.connections.size, 0);
      await hub.close();
    });
  });

  it('a subscription that fails is none, and the next one works', async () => {
    const random = new Random();
    const { hub, engine } = await open(random);
    const recipient = new PlainRecipient('r');
    hub.connections.add(recipient);
    const follow = engine.follow.bind(engine);
    engine.follow = () => Promise.reject(new Error('no network'));
    await assert.rejects(hub.subscribe(recipient, 'a'), /no network/);
    assert.equal(recipient.subscriptions.size, 0);
    assert.deepEqual(hub.counts, { channels: 0, subscriptions: 0 });
    engine.follow = follow;
    await hub.subscribe(recipient, 'a');
    publish(hub, 'a');
    await quiet(hub);
    assert.deepEqual(recipient.offsets('a'), [1]);
    await hub.close();
  });

  it('whoever left before it subscribes is in no channel', async () => {
    const { hub } = await open(new Random());
    const recipient = new PlainRecipient('r');
    const attaching = hub.attach(recipient);
    hub.detach(recipient);
    await attaching;
    assert.equal(await hub.subscribe(recipient, 'a', { presentAs: 'ann' }), null);
    await quiet(hub);
    assert.deepEqual([recipient.subscriptions.size, hub.counts.subscriptions], [0, 0]);
    assert.equal(hub.local('a'), undefined);
    await hub.close();
  });
});
