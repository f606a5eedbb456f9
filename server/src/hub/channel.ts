import type { Message, PresenceEvent } from '../engine/engine.ts';
import type { HubMeter } from './meter.ts';
import { PresenceNews } from './presence-news.ts';
import type { BacklogPolicy, Dispensable, Encoder, Subscription } from './recipient.ts';

/** Subscriptions that are sent the very same bytes. */
interface Group {
  readonly encoder: Encoder;
  readonly members: Subscription[];
}

/** Messages that go out as one piece. */
interface Portion {
  readonly messages: readonly Message[];
  readonly dispensable: Dispensable | undefined;
}

/** Groups larger than this are a crowd, which is written to a slice at a time. */
const crowd = 64;
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
  #news: PresenceNews | null = null;
  readonly #policy: BacklogPolicy;

  constructor(name: string, epoch: string, offset: number, policy: BacklogPolicy = 'disconnect') {
    this.name = name;
    this.#policy = policy;
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
    if (!this.#watchers.has(subscription)) this.listed(subscription);
    this.#watchers.add(subscription);
  }

  /** It has been told who is there: what has come before is no news to it. */
  listed(subscription: Subscription): void {
    subscription.newsAfter = this.#news?.sequence ?? 0;
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
   * The first message is the one behind `offset`. Returns how many are in crowds, which are written to in rounds.
   */
  deliver(batch: readonly Message[], meter: HubMeter): number {
    const last = batch[batch.length - 1];
    if (!last) return 0;
    const before = this.offset;
    this.offset = last.offset;
    for (const portion of this.#portions(batch)) {
      for (const group of this.#groups) give(portion, group, meter);
    }
    if (this.#particular.size > 0) this.#deliverParticular(batch, before, meter);
    let crowded = 0;
    for (const { members } of this.#groups) if (members.length > crowd) crowded += members.length;
    return crowded;
  }

  /** What is encoded together: where a slow reader may go without a message, each by itself. */
  #portions(batch: readonly Message[]): readonly Portion[] {
    const policy = this.#policy;
    if (policy === 'disconnect') return [{ messages: batch, dispensable: undefined }];
    return batch.map((message) => {
      const { channel, offset } = message;
      return { messages: [message], dispensable: { channel, offset, policy } };
    });
  }

  /** Somebody came or left. False when that is held, until `tellNews`. `now` is monotonic. */
  presence(event: PresenceEvent, now: number): boolean {
    if (!this.#watchers || this.#watchers.size === 0) return true;
    this.#news ??= new PresenceNews();
    if (!this.#news.came(event, now)) return false;
    for (const watcher of this.#watchers) tell(watcher, event);
    return true;
  }

  tellNews(now: number): boolean {
    if (!this.#news) return false;
    const news = this.#news.turn(now);
    for (const watcher of this.#watchers ?? []) {
      for (const event of news.since(watcher.newsAfter)) tell(watcher, event);
    }
    return this.#news.holds;
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
      for (const { messages: portion, dispensable } of this.#portions(wanted)) {
        const bytes = recipient.encoder.encode(portion);
        if (bytes.length === 0) continue;
        recipient.push(bytes, portion.length, true, dispensable);
        messages += portion.length;
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

function tell({ recipient, watch }: Subscription, event: PresenceEvent): void {
  if (watch === 'always' || event.count <= smallRoom) recipient.presence(event);
}

/** One encoding, then a reference for each member. */
function give({ messages, dispensable }: Portion, { encoder, members }: Group, meter: HubMeter): void {
  const bytes = encoder.encode(messages);
  if (bytes.length === 0) return;
  const count = messages.length;
  const urgent = members.length <= crowd;
  for (let i = 0; i < members.length; i++) members[i]?.recipient.push(bytes, count, urgent, dispensable);
  meter.delivered('live', count * members.length, bytes.length * members.length);
}
