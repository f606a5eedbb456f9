import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PresenceEvent } from '../../src/engine/engine.ts';
import { Channel } from '../../src/hub/channel.ts';
import { noHubMeter } from '../../src/hub/meter.ts';
import type { Subscription, Watch } from '../../src/hub/recipient.ts';
import { LineEncoder, PlainRecipient, plainMessage } from '../support/plain-recipient.ts';

const name = 'c';

function subscriptionOf(recipient: PlainRecipient, offset: number, watch: Watch | null = null): Subscription {
  return { recipient, channel: name, offset, state: 'joining', index: 0, present: null, watch, newsAfter: 0 };
}

function deliver(channel: Channel, count: number, sender: string | null = null): void {
  const messages = Array.from({ length: count }, (_, n) =>
    plainMessage(name, channel.offset + n + 1, sender),
  );
  channel.deliver(messages, noHubMeter);
}

describe('Channel', () => {
  it('encodes a batch once for all who share an encoder, however many they are', () => {
    const channel = new Channel(name, 'e', 0);
    const [first, second] = [new LineEncoder(), new LineEncoder()];
    const recipients = Array.from(
      { length: 30 },
      (_, n) => new PlainRecipient(`r${n}`, { encoder: n % 3 === 0 ? second : first }),
    );
    for (const recipient of recipients) channel.join(subscriptionOf(recipient, 0));
    deliver(channel, 3);
    deliver(channel, 1);
    assert.deepEqual([first.calls, second.calls], [2, 2]);
    for (const recipient of recipients) assert.deepEqual(recipient.offsets(name), [1, 2, 3, 4]);
  });

  it('gives a subscription that is ahead nothing that it has', () => {
    const channel = new Channel(name, 'e', 5);
    const ahead = new PlainRecipient('ahead');
    channel.join(subscriptionOf(ahead, 8));
    deliver(channel, 2);
    deliver(channel, 3);
    deliver(channel, 1);
    assert.deepEqual(ahead.offsets(name), [9, 10, 11]);
  });

  it('keeps from a recipient without echo its own messages, and no others', () => {
    const channel = new Channel(name, 'e', 0);
    const quiet = new PlainRecipient('quiet', { echo: false });
    const loud = new PlainRecipient('loud');
    for (const recipient of [quiet, loud]) channel.join(subscriptionOf(recipient, 0));
    deliver(channel, 2, 'quiet');
    deliver(channel, 2, 'loud');
    deliver(channel, 1);
    assert.deepEqual(quiet.offsets(name), [3, 4, 5]);
    assert.deepEqual(loud.offsets(name), [1, 2, 3, 4, 5]);
  });

  it('tells small rooms who comes and goes, and large ones only who asked for it always', () => {
    const channel = new Channel(name, 'e', 0);
    const watches: (Watch | null)[] = ['always', 'small', null];
    const recipients = watches.map((watch) => {
      const recipient = new PlainRecipient(String(watch));
      channel.join(subscriptionOf(recipient, 0, watch));
      return recipient;
    });
    const event = (count: number): PresenceEvent => {
      return { channel: name, user: 'u', joined: true, time: 0, count };
    };
    channel.presence(event(100), 0);
    channel.presence(event(101), 0);
    assert.deepEqual(
      recipients.map(({ events }) => events.map(({ count }) => count)),
      [[100, 101], [100], []],
    );
  });
});

type Step =
  | { readonly kind: 'join'; readonly ahead: number; readonly echo: boolean; readonly encoder: number }
  | { readonly kind: 'leave'; readonly who: number }
  | { readonly kind: 'reencode'; readonly who: number; readonly encoder: number }
  | { readonly kind: 'deliver'; readonly count: number; readonly sender: number };

const who = fc.nat({ max: 1000 });
const encoder = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('join' as const),
    ahead: fc.constantFrom(0, 0, 0, 1, 3),
    echo: fc.boolean(),
    encoder,
  }),
  fc.record({ kind: fc.constant('leave' as const), who }),
  fc.record({ kind: fc.constant('reencode' as const), who, encoder }),
  fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 4 }), sender: who }),
);

/** A channel, and beside each recipient what it has to have got. */
class Model {
  readonly channel = new Channel(name, 'e', 0);
  readonly #encoders = [new LineEncoder(), new LineEncoder(), new LineEncoder()];
  readonly #live: { recipient: PlainRecipient; subscription: Subscription; from: number }[] = [];
  readonly expected = new Map<PlainRecipient, number[]>();

  take(act: Step): void {
    if (act.kind === 'join') this.#join(act.ahead, act.echo, act.encoder);
    else if (act.kind === 'leave') this.#leave(act.who);
    else if (act.kind === 'reencode') this.#reencode(act.who, act.encoder);
    else this.#deliver(act.count, act.sender);
  }

  get size(): number {
    return this.#live.length;
  }

  #encoder(index: number): LineEncoder {
    return this.#encoders[index] ?? new LineEncoder();
  }

  #join(ahead: number, echo: boolean, index: number): void {
    const recipient = new PlainRecipient(`r${this.expected.size}`, { echo, encoder: this.#encoder(index) });
    const from = this.channel.offset + ahead;
    const subscription = subscriptionOf(recipient, from);
    this.channel.join(subscription);
    this.#live.push({ recipient, subscription, from });
    this.expected.set(recipient, []);
  }

  #leave(at: number): void {
    const [entry] = this.#live.splice(at % (this.#live.length || 1), 1);
    if (entry) this.channel.leave(entry.subscription);
  }

  #reencode(at: number, index: number): void {
    const entry = this.#live[at % (this.#live.length || 1)];
    if (!entry) return;
    const before = entry.recipient.encoder;
    entry.recipient.encoder = this.#encoder(index);
    this.channel.reencode(entry.subscription, before);
  }

  #deliver(count: number, at: number): void {
    const sender = this.#live[at % (this.#live.length || 1)]?.recipient.id ?? null;
    for (const { recipient, from } of this.#live) {
      if (!recipient.echo && recipient.id === sender) continue;
      for (let n = 1; n <= count; n++) {
        const offset = this.channel.offset + n;
        if (offset > from) this.expected.get(recipient)?.push(offset);
      }
    }
    deliver(this.channel, count, sender);
  }
}

describe('Channel, whoever joins, leaves and changes its encoder when', () => {
  it('gives everybody what it is to get, once and in order', () => {
    const run = fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const model = new Model();
      for (const act of steps) {
        model.take(act);
        assert.equal(model.channel.size, model.size);
        assert.equal([...model.channel.subscriptions()].length, model.size);
      }
      for (const [recipient, offsets] of model.expected) assert.deepEqual(recipient.offsets(name), offsets);
    });
    fc.assert(run, { numRuns: 300 });
  });
});
