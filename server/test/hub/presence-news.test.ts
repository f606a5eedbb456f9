import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LocalPresence } from '../../src/engine/local-presence.ts';
import { Channel } from '../../src/hub/channel.ts';
import { NewsDesk } from '../../src/hub/news-desk.ts';
import type { Subscription } from '../../src/hub/recipient.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { PlainRecipient } from '../support/plain-recipient.ts';

const name = 'c';

/** Somebody who was told who is there, and believes what it hears: that must make sense, and be true in the end. */
class Watcher {
  readonly recipient = new PlainRecipient('watcher');
  readonly subscription: Subscription;
  believed = new Set<string>();
  #read = 0;

  constructor(channel: Channel, present: Iterable<string>) {
    const { recipient } = this;
    this.subscription = {
      recipient,
      channel: name,
      offset: 0,
      state: 'joining',
      index: 0,
      present: null,
      watch: 'always',
      newsAfter: 0,
    };
    this.believed = new Set(present);
    channel.join(this.subscription);
  }

  get told(): string[] {
    return this.recipient.events.map(({ user, joined }) => `${joined ? '+' : '-'}${user}`);
  }

  /** Believes what has come since, without minding whether it knew. */
  hear(): void {
    for (const { user, joined } of this.recipient.events.slice(this.#read)) {
      if (joined) this.believed.add(user);
      else this.believed.delete(user);
    }
    this.#read = this.recipient.events.length;
  }
}

/** A channel whose presence is the engine's, as in the hub. */
class Stage {
  readonly clock = new FakeClock();
  readonly channel = new Channel(name, 'e', 0);
  readonly desk = new NewsDesk(this.clock);
  readonly present = new Set<string>();
  readonly #presence = new LocalPresence(this.clock, (event) => {
    if (!this.channel.presence(event, this.clock.monotonic())) this.desk.add(this.channel);
  });

  watch(): Watcher {
    return new Watcher(this.channel, this.present);
  }

  toggle(user: string): void {
    const leaves = this.present.delete(user);
    if (leaves) void this.#presence.leave(name, user);
    else {
      this.present.add(user);
      void this.#presence.join(name, user);
    }
  }
}

describe('news of who comes and goes', () => {
  it('up to 100 events a second are told as they come, and hold no timer', () => {
    const stage = new Stage();
    const watcher = stage.watch();
    for (let second = 1; second <= 3; second++) {
      for (let n = 0; n < 100; n++) stage.toggle(`u${n}`);
      assert.equal(watcher.told.length, second * 100);
      stage.clock.advance(1000);
    }
    assert.equal(stage.clock.timers, 0);
  });

  it('of more the result is told within a second: who came and went is not mentioned', () => {
    const stage = new Stage();
    const watcher = stage.watch();
    for (let n = 0; n < 10_000; n++) stage.toggle('evil');
    stage.toggle('ann');
    stage.toggle('bob');
    stage.toggle('ann');
    stage.toggle('cid');
    stage.toggle('evil');
    assert.equal(watcher.told.length, 100);
    stage.clock.advance(1000);
    assert.deepEqual(watcher.told.slice(100), ['+bob', '+cid', '+evil']);
    const counts = watcher.recipient.events.slice(100).map(({ count }) => count);
    assert.deepEqual(counts, [1, 2, 3]);
  });

  it('while more than that comes everything is held; afterwards news is told at once again', () => {
    const stage = new Stage();
    const watcher = stage.watch();
    for (let second = 0; second < 10; second++) {
      for (let n = 0; n < 1_001; n++) stage.toggle('evil');
      stage.clock.advance(1000);
    }
    assert.ok(watcher.told.length <= 110, `${watcher.told.length} events`);
    stage.clock.advance(1000);
    assert.equal(stage.clock.timers, 0);
    const before = watcher.told.length;
    stage.toggle('ann');
    assert.deepEqual(watcher.told.slice(before), ['+ann']);
    watcher.hear();
    assert.deepEqual(watcher.believed, stage.present);
  });

  it('all who know the same are told the very same events, so that they are encoded once', () => {
    const stage = new Stage();
    const [one, other] = [stage.watch(), stage.watch()];
    for (let n = 0; n < 301; n++) stage.toggle('evil');
    stage.clock.advance(1000);
    assert.equal(one.told.length, 101);
    for (const [n, event] of one.recipient.events.entries()) assert.equal(event, other.recipient.events[n]);
  });

  it('a channel that all have left keeps no timer', () => {
    const stage = new Stage();
    const watcher = stage.watch();
    for (let n = 0; n < 300; n++) stage.toggle('evil');
    assert.equal(stage.clock.timers, 1);
    stage.channel.leave(watcher.subscription);
    stage.clock.advance(2000);
    assert.equal(stage.clock.timers, 0);
  });
});

type Step =
  | { readonly kind: 'toggle'; readonly user: number; readonly times: number }
  | { readonly kind: 'watch' }
  | { readonly kind: 'list'; readonly who: number }
  | { readonly kind: 'advance'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('toggle' as const),
    user: fc.nat(4),
    times: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 90, max: 130 })),
  }),
  fc.record({ kind: fc.constant('watch' as const) }),
  fc.record({ kind: fc.constant('list' as const), who: fc.nat(10) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 1500 }) }),
);

describe('news of who comes and goes, whatever happens when', () => {
  it('everybody knows the truth two seconds after the last event', () => {
    const run = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const stage = new Stage();
      const watchers = [stage.watch()];
      for (const act of steps) {
        if (act.kind === 'toggle') for (let n = 0; n < act.times; n++) stage.toggle(`u${act.user}`);
        else if (act.kind === 'watch') watchers.push(stage.watch());
        else if (act.kind === 'advance') stage.clock.advance(act.ms);
        else {
          const watcher = watchers[act.who % watchers.length] ?? assert.fail();
          watcher.hear();
          watcher.believed = new Set(stage.present);
          stage.channel.listed(watcher.subscription);
        }
      }
      stage.clock.advance(2000);
      for (const watcher of watchers) {
        watcher.hear();
        assert.deepEqual([...watcher.believed].sort(), [...stage.present].sort());
      }
      stage.clock.advance(2000);
      assert.equal(stage.clock.timers, 0);
    });
    fc.assert(run, { numRuns: 300 });
  });
});
