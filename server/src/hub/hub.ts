import type { Clock } from '../clock.ts';
import type {
  Draft,
  Engine,
  HistoryPage,
  JsonText,
  Message,
  Position,
  PresenceEvent,
  Receipt,
  Removal,
  Sender,
  Tail,
  TailQuery,
} from '../engine/engine.ts';
import { deletedType } from '../engine/engine.ts';
import { uuidv7 } from '../ids.ts';
import type { ActivityBook } from './activity.ts';
import { Channel } from './channel.ts';
import { Flusher } from './flusher.ts';
import { History, type HistoryRequest } from './history.ts';
import { type HubMeter, noHubMeter } from './meter.ts';
import { mergeNames, type NameQuery, Names } from './names.ts';
import { NewsDesk } from './news-desk.ts';
import type { BacklogPolicy, Encoder, Recipient, Subscription, Watch } from './recipient.ts';
import { Registry, type RegistryOptions } from './registry.ts';
import { type Subscribed, type SubscribeOptions, Subscriber } from './subscriber.ts';
import { type PublishCallback, Tick } from './tick.ts';

/** Everyone's channel, a user's own channel, and the nodes' command channel. */
export const everyone = '$all';
export const userChannel = (user: string): string => `$user:${user}`;
const control = '$control';
/** Behind every name of the server's own: `$all`, `$control`, `$user:…`. */
const pastReserved = '$\u{10ffff}';

export interface Publication {
  readonly channel: string;
  readonly type: string;
  readonly data: JsonText;
  readonly sender: Sender | null;
  /** The publisher's idempotency key; without one the server makes an id. */
  readonly id?: string | undefined;
  /** Whose ids it counts among. @default those of the server's own back ends */
  readonly space?: string | undefined;
  /** Keep it for HISTORY_TTL rather than for the recovery window. Default false. */
  readonly persist?: boolean | undefined;
  /** Whose kept bytes it counts among. @default nobody's */
  readonly account?: string | undefined;
}

/** A command to every node, this one included: whatever its `op` names. */
export interface ControlCommand {
  readonly op: string;
  readonly [field: string]: unknown;
}

/** Hears of what happens in the hub of this node. Must not throw. */
export interface HubObserver {
  /** A recipient is live on a channel, and later is not any more; the server's own `$…` channels are left out. */
  subscribed(recipient: Recipient, channel: string): void;
  unsubscribed(recipient: Recipient, channel: string): void;
  /** A tick's messages are committed and delivered. */
  committed(drafts: readonly Draft[], receipts: readonly Receipt[]): void;
}

export interface HubOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Hears of faults that no client caused. */
  readonly report: (thrown: unknown) => void;
  /** @default one that counts nothing */
  readonly meter?: HubMeter;
  /** @default one that hears nothing */
  readonly observer?: HubObserver | undefined;
  /** Counts messages as they pass. @default nobody does */
  readonly activity?: Pick<ActivityBook, 'record'> | undefined;
  readonly connections?: RegistryOptions | undefined;
  /** Resolves when every thread has done what it was told until now. @default at once */
  readonly fence?: (() => Promise<unknown>) | undefined;
  /** What becomes of a channel's messages that wait for a slow reader. @default disconnect for all */
  readonly backlogPolicy?: (channel: string) => BacklogPolicy;
}

/**
 * Channels, subscriptions and the tick of one node. It knows recipients and an engine, and nothing of dialects,
 * sockets or permissions: whoever calls it has settled those.
 */
export class Hub {
  readonly connections: Registry;
  readonly flusher = new Flusher();
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #report: (thrown: unknown) => void;
  readonly #meter: HubMeter;
  readonly #observer: HubObserver | undefined;
  readonly #policyOf: (channel: string) => BacklogPolicy;
  readonly #fence: (() => Promise<unknown>) | undefined;
  readonly #tick: Tick;
  readonly #channels = new Map<string, Channel>();
  /** Those of `#channels` that have subscribers and are not the server's own. */
  readonly #names = new Names();
  readonly #opening = new Map<string, Promise<void>>();
  readonly #history: History;
  readonly #subscriber: Subscriber;
  readonly #news: NewsDesk;
  readonly #controlListeners: ((command: ControlCommand) => void)[] = [];
  #subscriptions = 0;
  /** Whether the tick under way has messages for a crowd. */
  #isCrowdGiven = false;

  constructor(options: HubOptions) {
    const { engine, clock, report, meter = noHubMeter, observer, activity } = options;
    this.connections = new Registry(options.connections);
    this.#policyOf = options.backlogPolicy ?? (() => 'disconnect');
    this.#observer = observer;
    this.#fence = options.fence;
    this.#engine = engine;
    this.#clock = clock;
    this.#report = report;
    this.#meter = meter;
    this.#tick = new Tick(engine, {
      committed: (drafts, receipts) => {
        activity?.record(drafts, receipts, clock.now());
        observer?.committed(drafts, receipts);
      },
      flush: (written) => {
        this.flusher.flush();
        if (this.#isCrowdGiven) this.flusher.whenWritten(written);
        else written();
        this.#isCrowdGiven = false;
      },
      behind: (resume) => {
        const { full } = this.flusher;
        if (full) this.flusher.whenRoundEnds(resume);
        return full;
      },
      ended: (figures) => meter.tick(figures),
      report,
    });
    this.#history = new History(engine);
    this.#news = new NewsDesk(clock);
    this.#subscriber = new Subscriber(engine, this.#history, report, meter);
  }

  async open(): Promise<void> {
    await this.#engine.open({
      deliver: (messages) => {
        const began = performance.now();
        this.#deliver(messages);
        this.#tick.delivered(performance.now() - began);
      },
      unsure: (channel) => void this.#resync(channel),
      presence: (event) => this.#presence(event),
    });
    const { epoch, offset } = await this.#engine.follow(control);
    this.#channels.set(control, new Channel(control, epoch, offset));
  }

  /** Resolves when everything published so far is committed and delivered, or has failed. */
  settled(): Promise<void> {
    return this.#tick.settled();
  }

  async close(): Promise<void> {
    await this.settled();
    this.#news.close();
    await this.#engine.close();
  }

  get counts(): { channels: number; subscriptions: number } {
    return { channels: this.#channels.size - 1, subscriptions: this.#subscriptions };
  }

  /** More waits to be committed than should: whoever can is to hold back. */
  get crowded(): boolean {
    return this.#tick.crowded;
  }

  /** Into the tick. The callback is called after the commit, in the turn in which the message is delivered. */
  publish(publication: Publication, callback: PublishCallback): void {
    this.#tick.publish(this.#draft(publication), callback);
  }

  /** Like `publish`, for callers off the hot path. */
  published(publication: Publication): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.publish(publication, (error, receipt) => (receipt ? resolve(receipt) : reject(error)));
    });
  }

  /** Commits all or, when it rejects, none of them; receipts are in their order. */
  publishedTogether(publications: readonly Publication[]): Promise<Receipt[]> {
    const receipts: Receipt[] = [];
    if (publications.length === 0) return Promise.resolve(receipts);
    return new Promise((resolve, reject) => {
      const collect: PublishCallback = (error, receipt) => {
        if (receipt === null) reject(error);
        else if (receipts.push(receipt) === publications.length) resolve(receipts);
      };
      for (const publication of publications) this.publish(publication, collect);
    });
  }

  /** Takes one message away, that at the offset where several have the id, and tells the channel. */
  async removeMessage(channel: string, id: string, at?: number): Promise<Removal> {
    const removed = await this.#engine.remove(channel, id, at);
    if (typeof removed === 'number') await this.#tellDeleted(channel, { id, offset: removed });
    return removed;
  }

  /** Takes all kept messages away and tells the channel. Resolves to the offset up to which all is gone. */
  async clearHistory(channel: string): Promise<number> {
    const offset = await this.#engine.clear(channel);
    if (offset > 0) await this.#tellDeleted(channel, { id: null, offset });
    return offset;
  }

  /** Tells every node, this one included; resolves when all threads of this one have acted. */
  async command(command: ControlCommand): Promise<void> {
    await this.published({ channel: control, type: 'control', data: JSON.stringify(command), sender: null });
    await this.#fence?.();
  }

  onCommand(listener: (command: ControlCommand) => void): void {
    this.#controlListeners.push(listener);
  }

  /**
   * Registers a connection and gives it everyone's channel and, to a verified user, its own. `greet` is called when
   * both can be had at once: what it sends comes before everything that they bring.
   */
  async attach(recipient: Recipient, greet?: () => void): Promise<void> {
    this.connections.add(recipient);
    const { verifiedUser } = recipient;
    const names = verifiedUser === null ? [everyone] : [everyone, userChannel(verifiedUser)];
    const ready: Channel[] = [];
    try {
      for (const name of names) ready.push(await this.#acquire(name));
      if (this.connections.get(recipient.id) !== recipient) return;
      greet?.();
      for (const name of names) await this.subscribe(recipient, name);
    } finally {
      for (const channel of ready) this.#release(channel);
    }
  }

  /** Takes a connection out of every channel and of the registry. */
  detach(recipient: Recipient): void {
    this.connections.remove(recipient);
    for (const channel of [...recipient.subscriptions.keys()]) this.unsubscribe(recipient, channel);
  }

  /**
   * Makes the recipient live on the channel, after the replay that `options` ask for, with no gap and no duplicate
   * between. Resolves to null when the recipient left meanwhile. A second call while subscribed replays only.
   */
  async subscribe(
    recipient: Recipient,
    name: string,
    options: SubscribeOptions = {},
  ): Promise<Subscribed | null> {
    // Whoever left while something else was awaited would stay in the channel for ever.
    if (this.connections.get(recipient.id) !== recipient) return null;
    const standing = recipient.subscriptions.get(name);
    if (standing) return this.#subscribeAgain(standing, options);
    const subscription = newSubscription(recipient, name, options.watch ?? null);
    recipient.subscriptions.set(name, subscription);
    this.#subscriptions++;
    try {
      const channel = await this.#acquire(name);
      if (subscription.state === 'ended') {
        this.#release(channel);
        return null;
      }
      subscription.state = 'joining';
      const answer = await this.#subscriber.join(subscription, channel, options);
      if (answer && !name.startsWith('$')) this.#observer?.subscribed(recipient, name);
      return answer;
    } catch (thrown) {
      this.unsubscribe(recipient, name);
      throw thrown;
    }
  }

  #subscribeAgain(subscription: Subscription, options: SubscribeOptions): Promise<Subscribed | null> {
    const channel = this.#channels.get(subscription.channel);
    if (options.watch && subscription.state === 'live') {
      subscription.watch = options.watch;
      channel?.watch(subscription);
    }
    return this.#subscriber.replayOnly(subscription, channel, options);
  }

  /** False when it was not subscribed. */
  unsubscribe(recipient: Recipient, name: string): boolean {
    const subscription = recipient.subscriptions.get(name);
    if (!subscription) return false;
    recipient.subscriptions.delete(name);
    this.#subscriptions--;
    const channel = this.#channels.get(name);
    const { state, present } = subscription;
    if (state === 'live') channel?.leave(subscription);
    if (state === 'live' && !name.startsWith('$')) this.#observer?.unsubscribed(recipient, name);
    subscription.state = 'ended';
    if (present !== null) this.#engine.presence.leave(name, present).catch(this.#report);
    if (channel && state !== 'opening') this.#release(channel);
    return true;
  }

  /** The recipient has been told who is in the channel at this moment. */
  presenceListed(recipient: Recipient, name: string): void {
    const subscription = recipient.subscriptions.get(name);
    if (subscription) this.#channels.get(name)?.listed(subscription);
  }

  /** Changes the encoder of a recipient, in all its channels at once. */
  reencode(recipient: Recipient, encoder: Encoder): void {
    const from = recipient.encoder;
    recipient.encoder = encoder;
    for (const [name, subscription] of recipient.subscriptions) {
      this.#channels.get(name)?.reencode(subscription, from);
    }
  }

  /** Where the channel stands on this node, or undefined when nobody here is subscribed. */
  local(name: string): Channel | undefined {
    return name === control ? undefined : this.#channels.get(name);
  }

  /** One page, read as soon as what is live leaves time for it. */
  history(channel: string, request: HistoryRequest): Promise<HistoryPage> {
    return this.#history.read(channel, request);
  }

  /** Where the channel's last messages begin, found as soon as what is live leaves time for it. */
  tail(channel: string, query: TailQuery): Promise<Tail> {
    return this.#history.tail(channel, query);
  }

  position(channel: string): Promise<Position> {
    return this.#engine.state(channel);
  }

  /** Channels that ever had a message or have a subscriber on this node, without `$…`, ordered by their bytes. */
  async channelNames(query: NameQuery): Promise<string[]> {
    const kept = await this.#keptNames(query);
    return mergeNames(kept, this.#names.page(query)).slice(0, query.limit);
  }

  /** The server's own names lie next to each other: they are stepped over, however many users there are. */
  async #keptNames({ prefix, after, limit }: NameQuery): Promise<string[]> {
    if (prefix.startsWith('$')) return [];
    const page = await this.#engine.channels({ prefix, limit, ...(after === undefined ? {} : { after }) });
    const names = page.filter((name) => !name.startsWith('$'));
    if (names.length === page.length) return names;
    return [...names, ...(await this.#engine.channels({ prefix, limit, after: pastReserved }))];
  }

  /** A message like any other, so that it keeps its place among them and is recovered with them. */
  async #tellDeleted(channel: string, what: { id: string | null; offset: number }): Promise<void> {
    await this.published({ channel, type: deletedType, data: JSON.stringify(what), sender: null });
  }

  #draft({ channel, type, data, sender, id, space = '', persist, account }: Publication): Draft {
    const keyed = id !== undefined;
    return {
      channel,
      id: id ?? uuidv7(this.#clock.now()),
      keyed,
      space,
      type,
      data,
      sender,
      persist: persist ?? false,
      account,
    };
  }

  /** Counts one more user of the channel; the first one makes the engine follow it. To be paid back by `release`. */
  async #acquire(name: string): Promise<Channel> {
    for (;;) {
      const channel = this.#channels.get(name);
      if (channel) {
        channel.users++;
        return channel;
      }
      let opening = this.#opening.get(name);
      if (!opening) {
        opening = this.#follow(name).finally(() => this.#opening.delete(name));
        this.#opening.set(name, opening);
      }
      await opening;
    }
  }

  async #follow(name: string): Promise<void> {
    const { epoch, offset } = await this.#engine.follow(name);
    this.#channels.set(name, new Channel(name, epoch, offset, this.#policyOf(name)));
    if (!name.startsWith('$')) this.#names.add(name);
  }

  #release(channel: Channel): void {
    channel.users--;
    if (channel.users > 0 || channel.name === control) return;
    this.#channels.delete(channel.name);
    this.#names.remove(channel.name);
    this.#engine.unfollow(channel.name).catch(this.#report);
  }

  /** The engine's messages, split by channel: each channel's go out together. */
  #deliver(messages: readonly Message[]): void {
    const first = messages[0];
    if (!first) return;
    if (messages.every((message) => message.channel === first.channel)) {
      this.#deliverTo(first.channel, messages);
      return;
    }
    const byChannel = new Map<string, Message[]>();
    for (const message of messages) {
      const batch = byChannel.get(message.channel);
      if (batch) batch.push(message);
      else byChannel.set(message.channel, [message]);
    }
    for (const [name, batch] of byChannel) this.#deliverTo(name, batch);
  }

  #deliverTo(name: string, messages: readonly Message[]): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    const batch =
      messages[0]?.offset === channel.offset + 1 ? messages : afterOffset(messages, channel.offset);
    const first = batch[0];
    if (!first) return;
    if (first.offset !== channel.offset + 1) {
      void this.#resync(name);
      return;
    }
    try {
      if (name === control) this.#control(channel, batch);
      else this.#deliverBatch(channel, batch);
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  /** Before a crowd is written to, its senders are. */
  #deliverBatch(channel: Channel, batch: readonly Message[]): void {
    const crowd = channel.deliver(batch, this.#meter);
    if (crowd === 0) return;
    this.#isCrowdGiven = true;
    let bytes = 0;
    for (const { data, sender } of batch) {
      bytes += data.length;
      if (sender) this.connections.get(sender.connection)?.hurry();
    }
    this.flusher.gather(channel, batch.length, bytes, crowd);
  }

  #control(channel: Channel, batch: readonly Message[]): void {
    channel.offset = batch[batch.length - 1]?.offset ?? channel.offset;
    for (const message of batch) {
      const command: ControlCommand = JSON.parse(message.data);
      for (const listener of this.#controlListeners) listener(command);
    }
  }

  /** The engine cannot vouch for continuity: read on from the last offset that was delivered. */
  async #resync(name: string): Promise<void> {
    const channel = this.#channels.get(name);
    if (!channel) return;
    try {
      for (;;) {
        const page = await this.#engine.read(name, { after: channel.offset, limit: 500 });
        const first = page.messages[0];
        if (!first) break;
        if (first.offset > channel.offset + 1) this.#tellGap(channel, first.offset - 1);
        channel.deliver(afterOffset(page.messages, channel.offset), this.#meter);
        if (!page.more) break;
      }
    } catch (thrown) {
      this.#report(thrown);
    }
    this.flusher.flush();
  }

  #tellGap(channel: Channel, to: number): void {
    for (const { recipient } of channel.subscriptions())
      recipient.gap(channel.name, { from: channel.offset + 1, to });
  }

  #presence(event: PresenceEvent): void {
    const channel = this.#channels.get(event.channel);
    if (channel && !channel.presence(event, this.#clock.monotonic())) this.#news.add(channel);
  }
}

function newSubscription(recipient: Recipient, channel: string, watch: Watch | null): Subscription {
  return { recipient, channel, offset: 0, state: 'opening', index: 0, present: null, watch, newsAfter: 0 };
}

function afterOffset(messages: readonly Message[], offset: number): readonly Message[] {
  return messages.filter((message) => message.offset > offset);
}
