import type { Message, PresenceEvent } from '../engine/engine.ts';
import type { HubMeter } from './meter.ts';
import type { Encoder, Subscription } from './recipient.ts';

/** Subscriptions that are sent the very same bytes. */
interface Group {
  readonly encoder: Encoder;
  readonly members: Subscription[];
}

/** Groups larger than this are a crowd, which is written to a slice at a time. */
export const crowd = 64;
/** Rooms larger than this tell nobody who comes and goes, except subscriptions that asked for it always. */
const smallRoom = 100;

/** The live subscribers that this node has on one channel. */
export class Channel {
  readonly name: string;
  readonly epoch: string;
  /** Offset of the last message given to the subscribers. */
  offset: number;
  /** Subscriptions, live or joining: at 0 the hub forgets the channel. */
  users = 0;
  readonly #groups: Group[] = [];
  /** Subscriptions that may not be given all of a batch: those ahead of the channel, and those without echo. */
  readonly #particular = new Set<Subscription>();
  #watchers: Set<Subscription> | null = null;

  constructor(name: string, epoch: string, offset: number) {
    this.name = name;
    this.epoch = epoch;
    this.offset = offset;
  }

  /** Live subscriptions. */
  get size(): number {
    let size = this.#particular.size;
    for (const group of this.#groups) size += group.members.length;
    return size;
  }

  *subscriptions(): Generator<Subscription> {
    for (const group of this.#groups) yield* group.members;
    yield* this.#particular;
  }

  /** The subscription has everything up to its offset and gets what follows from now on. */
  join(subscription: Subscription): void {
    subscription.state = 'live';
    const { recipient } = subscription;
    this.watch(subscription);
    if (subscription.offset > this.offset || !recipient.echo) this.#particular.add(subscription);
    else this.#enter(subscription);
  }

  /** Tells it who comes and goes from now on, if it wants to know. */
  watch(subscription: Subscription): void {
    if (!subscription.watch) return;
    this.#watchers ??= new Set();
    this.#watchers.add(subscription);
  }

  leave(subscription: Subscription): void {
    subscription.state = 'ended';
    this.#watchers?.delete(subscription);
    if (!this.#particular.delete(subscription)) this.#exit(subscription, subscription.recipient.encoder);
  }

  /** To be called when `from` was the recipient's encoder until now. */
  reencode(subscription: Subscription, from: Encoder): void {
    if (subscription.state !== 'live' || this.#particular.has(subscription)) return;
    this.#exit(subscription, from);
    this.#enter(subscription);
  }

  /**
   * Gives the next messages to every subscriber: one encoding for each group, then a reference for each member.
   * The first message is the one behind `offset`.
   */
  deliver(batch: readonly Message[], meter: HubMeter): void {
    const last = batch[batch.length - 1];
    if (!last) return;
    const before = this.offset;
    this.offset = last.offset;
    const count = batch.length;
    for (const { encoder, members } of this.#groups) {
      const bytes = encoder.encode(batch);
      if (bytes.length === 0) continue;
      const urgent = members.length <= crowd;
      for (let i = 0; i < members.length; i++) members[i]?.recipient.push(bytes, count, urgent);
      meter.delivered('live', count * members.length, bytes.length * members.length);
    }
    if (this.#particular.size > 0) this.#deliverParticular(batch, before, meter);
  }

  presence(event: PresenceEvent): void {
    if (!this.#watchers) return;
    const small = event.count <= smallRoom;
    for (const { recipient, watch } of this.#watchers) {
      if (small || watch === 'always') recipient.presence(event);
    }
  }

  #deliverParticular(batch: readonly Message[], before: number, meter: HubMeter): void {
    let messages = 0;
    let size = 0;
    for (const subscription of this.#particular) {
      const { recipient } = subscription;
      const wanted = batch.filter(
        (message) =>
          message.offset > Math.max(before, subscription.offset) &&
          (recipient.echo || message.sender?.connection !== recipient.id),
      );
      const bytes = recipient.encoder.encode(wanted);
      if (bytes.length > 0) {
        recipient.push(bytes, wanted.length, true);
        messages += wanted.length;
        size += bytes.length;
      }
      if (recipient.echo && subscription.offset <= this.offset) {
        this.#particular.delete(subscription);
        this.#enter(subscription);
      }
    }
    if (messages > 0) meter.delivered('live', messages, size);
  }

  #enter(subscription: Subscription): void {
    const { encoder } = subscription.recipient;
    let group = this.#groups.find((candidate) => candidate.encoder === encoder);
    if (!group) {
      group = { encoder, members: [] };
      this.#groups.push(group);
    }
    subscription.index = group.members.push(subscription) - 1;
  }

  #exit(subscription: Subscription, encoder: Encoder): void {
    const place = this.#groups.findIndex((candidate) => candidate.encoder === encoder);
    const members = this.#groups[place]?.members;
    if (!members || members[subscription.index] !== subscription) return;
    const last = members.pop();
    if (last && last !== subscription) {
      members[subscription.index] = last;
      last.index = subscription.index;
    }
    if (members.length === 0) this.#groups.splice(place, 1);
  }
}
