import type { Position, PresenceEvent } from '../../engine/engine.ts';
import type { FanwireError } from '../../errors.ts';
import { everyone, userChannel } from '../../hub/hub.ts';
import type { Gap } from '../../hub/recovery.ts';
import type { Subscribed, SubscribeOptions } from '../../hub/subscriber.ts';
import { connectedContent, encodeAnswer, gapContent } from '../channel/codec.ts';
import { defaultReplay } from '../channel/session.ts';
import { Client } from '../client.ts';
import type { Link, Services, Session } from '../dialect.ts';
import { encodeEvent, encodeStart, heartbeat } from './codec.ts';
import { OwnCursor, type SharedCursor, type SharedCursors } from './encoders.ts';

/** Durations in milliseconds. */
export interface EventsOptions {
  readonly heartbeatInterval: number;
  readonly retry: number;
}

/** Where a stream begins: its channels, and where it stood in those it had before. */
export interface Start {
  readonly channels: readonly string[];
  readonly resumed: ReadonlyMap<string, Position>;
}

/** One event stream. Its only frames from the client come by HTTP, to `change`. */
export class EventsSession implements Session {
  readonly #link: Link;
  readonly #services: Services;
  readonly #client: Client;
  readonly #options: EventsOptions;
  readonly #cursors: SharedCursors;
  readonly #start: Start;
  /** The channels it begins with, the reserved ones included. */
  readonly #all: readonly string[];
  #own: OwnCursor;
  #shared: SharedCursor | null = null;
  #changing: Promise<unknown> = Promise.resolve();
  #nextHeartbeat: number;
  #closed = false;

  constructor(link: Link, services: Services, options: EventsOptions, cursors: SharedCursors, start: Start) {
    this.#link = link;
    this.#services = services;
    this.#client = new Client(link, services, null, () => {});
    this.#options = options;
    this.#cursors = cursors;
    this.#start = start;
    this.#all = [
      everyone,
      ...(link.verifiedUser === null ? [] : [userChannel(link.verifiedUser)]),
      ...start.channels,
    ];
    this.#own = new OwnCursor(new Map([...start.resumed].filter(([channel]) => this.#all.includes(channel))));
    this.#nextHeartbeat = services.clock.now() + options.heartbeatInterval;
    link.encoder = this.#own;
  }

  open(): Promise<void> {
    const opening = this.#begin();
    this.#changing = opening.catch(() => {});
    return opening;
  }

  async #begin(): Promise<void> {
    const { id, user } = this.#link;
    this.#services.hub.connections.add(this.#link);
    for (const channel of this.#all) await this.#locate(channel);
    const content = {
      ...connectedContent(id, user, this.#options.heartbeatInterval),
      channels: this.#start.channels,
    };
    this.#link.send(encodeStart(this.#options.retry, this.#line('connected', content), this.#own.cursor));
    for (const channel of this.#all) await this.#subscribe(channel);
    this.#share();
  }

  /** Adds and removes channels of a live stream; one change after the other. Throws what subscribing throws. */
  change(subscribe: readonly string[], unsubscribe: readonly string[]): Promise<void> {
    const change = this.#changing.then(async () => {
      for (const channel of subscribe) this.#client.check('subscribe', channel);
      this.#unshare();
      try {
        for (const channel of unsubscribe) this.#leave(channel);
        for (const channel of subscribe) await this.#subscribe(channel);
      } finally {
        this.#share();
      }
    });
    this.#changing = change.catch(() => {});
    return change;
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
    this.#send('error', { type: error.code, error: error.message });
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
    this.#send('unsubscribed', { reason: 'permission lost' }, channel);
  }

  presence(_event: PresenceEvent): void {}

  gap(channel: string, gap: Gap): void {
    this.#send('gap', { channel, ...gapContent(gap) }, channel);
  }

  closed(): void {
    this.#closed = true;
    if (this.#shared) this.#cursors.release(this.#shared);
    this.#shared = null;
  }

  /**
   * The first event's cursor already covers a channel that is new to the client: before what will be replayed of it,
   * so that a stream that breaks off at once misses nothing.
   */
  async #locate(channel: string): Promise<void> {
    if (this.#own.positions.has(channel)) return;
    const { history = 0, persisted = false } = this.#replay(channel);
    const { epoch, offset, messages } = await this.#services.hub.history(channel, {
      limit: history,
      persisted,
    });
    const first = messages[0];
    this.#own.positions.set(channel, { epoch, offset: first ? first.offset - 1 : offset });
  }

  async #subscribe(channel: string): Promise<void> {
    if (this.#closed || this.#link.subscriptions.has(channel)) return;
    const announce = (answer: Subscribed): void => {
      if (answer.gap) this.gap(channel, answer.gap);
      if (answer.replayed === 0) this.#own.positions.set(channel, positionOf(answer));
    };
    const options = {
      ...this.#replay(channel),
      announce,
      presentAs: isPersonal(channel) ? null : this.#link.user,
    };
    const answer = isPersonal(channel)
      ? await this.#services.hub.subscribe(this.#link, channel, options)
      : await this.#client.subscribe(channel, options);
    const local = this.#services.hub.local(channel);
    if (answer && local) this.#own.positions.set(channel, { epoch: local.epoch, offset: local.offset });
  }

  #replay(channel: string): SubscribeOptions {
    const position = this.#start.resumed.get(channel);
    if (position) return { position };
    const located = this.#own.positions.get(channel);
    if (isPersonal(channel) && located) return { position: located };
    const readable = this.#services.gate.may(this.#link.principal, 'history', channel);
    return isPersonal(channel) || !readable ? {} : { history: defaultReplay, persisted: true };
  }

  #leave(channel: string): void {
    if (this.#client.unsubscribe(channel)) this.#own.positions.delete(channel);
  }

  /** All channels are live: events are the same bytes as those of other streams with the same channels. */
  #share(): void {
    if (this.#closed || this.#shared) return;
    this.#shared = this.#cursors.acquire(this.#own.positions.keys());
    this.#services.hub.reencode(this.#link, this.#shared);
  }

  #unshare(): void {
    if (!this.#shared) return;
    this.#own = new OwnCursor(this.#shared.positions());
    this.#cursors.release(this.#shared);
    this.#shared = null;
    this.#services.hub.reencode(this.#link, this.#own);
  }

  #send(event: string, content: unknown, channel?: string): void {
    this.#link.send(encodeEvent(event, this.#line(event, content, channel), null));
  }

  #line(type: string, content: unknown, channel?: string): string {
    const now = this.#services.clock.now();
    return encodeAnswer({ type, content, ...(channel === undefined ? {} : { channel }) }, now);
  }
}

function positionOf({ epoch, offset }: Position): Position {
  return { epoch, offset };
}

function isPersonal(channel: string): boolean {
  return channel.startsWith('$');
}
