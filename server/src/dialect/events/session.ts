import type { Position, PresenceEvent } from '../../engine/engine.ts';
import { FanwireError } from '../../errors.ts';
import type { StreamEvent } from '../../frames.ts';
import { everyone, userChannel } from '../../hub/hub.ts';
import type { Gap } from '../../hub/recovery.ts';
import type { Subscribed, SubscribeOptions } from '../../hub/subscriber.ts';
import { connectedContent, encodeAnswer, errorContent, gapContent } from '../channel/codec.ts';
import { defaultReplay } from '../channel/session.ts';
import { Client } from '../client.ts';
import type { Link, Services, Session } from '../dialect.ts';
import { encodeEvent, encodePlace, encodeStart, heartbeat } from './codec.ts';
import { encodeCursor, maxNameBytes, nameBytes } from './cursor.ts';
import { type Framing, OwnCursor, type SharedCursor, type SharedCursors } from './encoders.ts';

/** Durations in milliseconds. */
export interface EventsOptions {
  readonly heartbeatInterval: number;
  readonly retry: number;
}

/** Where a stream begins. */
export interface Start {
  /** Named by the address. */
  readonly channels: readonly string[];
  /** Named by the cursor alone: they were added to the stream while it was open. */
  readonly added: readonly string[];
  /** Where it stood, by channel, the reserved ones included. */
  readonly resumed: ReadonlyMap<string, Position>;
  /** A cursor came that is none of this server's: the client was somewhere, and nobody knows where. */
  readonly lost: boolean;
}

/** How the events of one stream are encoded. */
export interface Encoding {
  readonly frame: Framing;
  readonly cursors: SharedCursors;
}

/** No position of any channel: everything kept is replayed behind a gap. */
const nowhere: Position = { epoch: '', offset: 0 };

/** One event stream. Its only frames from the client come by HTTP, to `change`. */
export class EventsSession implements Session {
  readonly #link: Link;
  readonly #services: Services;
  readonly #client: Client;
  readonly #options: EventsOptions;
  readonly #encoding: Encoding;
  readonly #start: Start;
  /** The channels it begins with, the reserved ones included. */
  readonly #all: readonly string[];
  /** Where channels stood that are new to the stream, when it was told of them and had not been joined to them yet. */
  readonly #located = new Map<string, Position>();
  /** Where to go on in channels that have not been joined yet: each is resumed once. */
  readonly #resumed: Map<string, Position>;
  #own: OwnCursor;
  #shared: SharedCursor | null = null;
  /** Something was replayed: the last cursor that was told may lie before where the stream is. */
  #replayed = false;
  #changing: Promise<unknown> = Promise.resolve();
  #nextHeartbeat: number;
  #closed = false;

  constructor(link: Link, services: Services, options: EventsOptions, encoding: Encoding, start: Start) {
    this.#link = link;
    this.#services = services;
    this.#client = new Client(link, services, null, () => {});
    this.#options = options;
    this.#encoding = encoding;
    this.#start = start;
    this.#all = [
      everyone,
      ...(link.verifiedUser === null ? [] : [userChannel(link.verifiedUser)]),
      ...start.channels,
      ...start.added.filter((channel) => services.gate.may(link.principal, 'subscribe', channel)),
    ];
    this.#resumed = new Map(
      start.lost
        ? this.#all.map((channel) => [channel, nowhere])
        : [...start.resumed].filter(([channel]) => this.#all.includes(channel)),
    );
    this.#own = new OwnCursor(new Map(this.#resumed), encoding.frame);
    this.#nextHeartbeat = services.clock.monotonic() + options.heartbeatInterval;
    link.encoder = this.#own;
  }

  open(): Promise<void> {
    const opening = this.#begin();
    this.#changing = opening.catch(() => {});
    return opening;
  }

  async #begin(): Promise<void> {
    this.#services.hub.connections.add(this.#link);
    for (const channel of this.#all) await this.#locate(channel);
    const content = {
      ...connectedContent(this.#link, this.#options.heartbeatInterval),
      channels: this.#all.filter((channel) => !isPersonal(channel)),
    };
    this.#link.send(encodeStart(this.#options.retry, this.#line('connected', content), this.#own.cursor));
    for (const channel of this.#start.added) {
      if (!this.#all.includes(channel)) this.#tellLost(channel);
    }
    for (const channel of this.#all) await this.#subscribeOrTell(channel);
    this.#share();
  }

  /**
   * Adds and removes channels of a live stream, all or nothing; one change after the other. Throws `forbidden` or
   * `limit_reached`.
   */
  change(subscribe: readonly string[], unsubscribe: readonly string[]): Promise<void> {
    const change = this.#changing.then(async () => {
      this.#checkChange(subscribe, unsubscribe);
      this.#unshare();
      try {
        await this.#change(subscribe, unsubscribe);
      } finally {
        this.#share();
      }
    });
    this.#changing = change.catch(() => {});
    return change;
  }

  async #change(subscribe: readonly string[], unsubscribe: readonly string[]): Promise<void> {
    for (const channel of unsubscribe) this.#leave(channel);
    for (const channel of subscribe) await this.#locate(channel);
    // With a cursor, so that a stream that breaks off at once comes back to its new channels.
    const channels = [...this.#own.positions.keys()].filter((channel) => !isPersonal(channel));
    this.#send('channels', { channels }, { cursor: this.#own.cursor });
    for (const channel of subscribe) await this.#subscribe(channel);
  }

  #checkChange(subscribe: readonly string[], unsubscribe: readonly string[]): void {
    for (const channel of subscribe) this.#client.check('subscribe', channel);
    const wanted = new Set(this.channels);
    for (const channel of unsubscribe) wanted.delete(channel);
    for (const channel of subscribe) wanted.add(channel);
    const { maxChannels } = this.#services;
    if (wanted.size <= maxChannels && nameBytes(wanted) <= maxNameBytes) return;
    throw new FanwireError(
      'limit_reached',
      `at most ${maxChannels} channels and ${maxNameBytes} percent-encoded characters together on one stream`,
    );
  }

  /** Channels by name, without the reserved ones. */
  get channels(): string[] {
    return [...this.#link.subscriptions.keys()].filter((channel) => !channel.startsWith('$'));
  }

  command(): { readonly kind: string } {
    return { kind: 'none' };
  }

  execute(): void {}

  fail(error: FanwireError): void {
    this.#send('error', errorContent(error));
  }

  wake(now: number): number {
    if (now >= this.#nextHeartbeat) {
      this.#nextHeartbeat = now + this.#options.heartbeatInterval;
      this.#link.send(heartbeat);
    }
    return this.#nextHeartbeat;
  }

  expelled(channel: string): void {
    const shared = this.#shared !== null;
    this.#unshare();
    this.#own.positions.delete(channel);
    if (shared) this.#share();
    this.#tellLost(channel);
  }

  presence(_event: PresenceEvent): void {}

  gap(channel: string, gap: Gap): void {
    this.#send('gap', { channel, ...gapContent(gap) }, { channel });
  }

  closed(): void {
    this.#closed = true;
    if (this.#shared) this.#encoding.cursors.release(this.#shared);
    this.#shared = null;
  }

  /**
   * The first event's cursor already covers a channel that is new to the client: before what will be replayed of it,
   * so that a stream that breaks off at once misses nothing. It is subscribed to from where it stood now: what is
   * published in between comes as well.
   */
  async #locate(channel: string): Promise<void> {
    if (this.#own.positions.has(channel)) return;
    const { history: count = 0, persisted = false } = this.#replay(channel);
    const { epoch, offset, after } = await this.#services.hub.tail(channel, { count, persisted });
    this.#located.set(channel, { epoch, offset });
    this.#own.positions.set(channel, { epoch, offset: after });
  }

  async #subscribe(channel: string): Promise<void> {
    if (this.#closed || this.#link.subscriptions.has(channel)) return;
    const announce = (answer: Subscribed): void => this.#announce(channel, answer);
    const options = {
      ...this.#replay(channel),
      announce,
      live: () => {
        this.#replayed = true;
      },
      presentAs: isPersonal(channel) ? null : this.#link.user,
    };
    const answer = isPersonal(channel)
      ? await this.#services.hub.subscribe(this.#link, channel, options)
      : await this.#client.subscribe(channel, options);
    this.#resumed.delete(channel);
    this.#located.delete(channel);
    const local = this.#services.hub.local(channel);
    if (answer && local) this.#own.positions.set(channel, { epoch: local.epoch, offset: local.offset });
  }

  /** For a channel that it was admitted to: the permission may have been lost since. */
  async #subscribeOrTell(channel: string): Promise<void> {
    try {
      await this.#subscribe(channel);
    } catch (thrown) {
      if (!(thrown instanceof FanwireError) || thrown.code !== 'forbidden') throw thrown;
      this.#own.positions.delete(channel);
      this.#tellLost(channel);
    }
  }

  /** With a gap comes the cursor behind it, so that it is not told again. */
  #announce(channel: string, { epoch, offset, replayed, gap }: Subscribed): void {
    const before = this.#own.positions.get(channel);
    if (replayed === 0) this.#own.positions.set(channel, { epoch, offset });
    else if (before?.epoch !== epoch) this.#own.positions.set(channel, { epoch, offset: 0 });
    if (gap) this.#send('gap', { channel, ...gapContent(gap) }, { channel, cursor: this.#own.cursor });
  }

  #replay(channel: string): SubscribeOptions {
    const position = this.#resumed.get(channel);
    if (position) return this.#client.resumption(channel, position);
    const since = this.#located.get(channel);
    const readable = this.#services.gate.may(this.#link.principal, 'history', channel);
    if (!isPersonal(channel) && readable) return { history: defaultReplay, persisted: true, since };
    return since ? { position: since, fresh: true } : {};
  }

  #leave(channel: string): void {
    if (this.#client.unsubscribe(channel)) this.#own.positions.delete(channel);
  }

  /** All channels are live: events are the same bytes as those of other streams with the same channels. */
  #share(): void {
    if (this.#closed || this.#shared) return;
    const { cursors, frame } = this.#encoding;
    this.#shared = cursors.acquire(this.#own.positions.keys(), frame);
    this.#services.hub.reencode(this.#link, this.#shared);
    if (!this.#replayed) return;
    this.#replayed = false;
    this.#link.send(encodePlace(encodeCursor(this.#shared.positions())));
  }

  #unshare(): void {
    if (!this.#shared) return;
    this.#own = new OwnCursor(this.#shared.positions(), this.#encoding.frame);
    this.#encoding.cursors.release(this.#shared);
    this.#shared = null;
    this.#services.hub.reencode(this.#link, this.#own);
  }

  #tellLost(channel: string): void {
    const cursor = encodeCursor(this.#shared?.positions() ?? this.#own.positions);
    this.#send('unsubscribed', { reason: 'permission lost' }, { channel, cursor });
  }

  #send(
    event: StreamEvent,
    content: unknown,
    { channel, cursor }: { channel?: string; cursor?: string } = {},
  ): void {
    this.#link.send(encodeEvent(event, this.#line(event, content, channel), cursor ?? null));
  }

  #line(type: StreamEvent, content: unknown, channel?: string): string {
    const now = this.#services.clock.now();
    return encodeAnswer({ type, content, ...(channel === undefined ? {} : { channel }) }, now);
  }
}

function isPersonal(channel: string): boolean {
  return channel.startsWith('$');
}
