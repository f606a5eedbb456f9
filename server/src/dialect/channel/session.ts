import type { PresenceEvent } from '../../engine/engine.ts';
import type { FanwireError } from '../../errors.ts';
import type { ChannelFrame } from '../../frames.ts';
import { everyone, userChannel } from '../../hub/hub.ts';
import type { SubscribeOptions } from '../../hub/subscriber.ts';
import type { Handed } from '../../publishing/publishing.ts';
import { Client } from '../client.ts';
import type { Expulsion, Frame, Link, Services, Session } from '../dialect.ts';
import { type Reference, readableReference } from '../fields.ts';
import {
  type Command,
  connectedContent,
  decode,
  encodeAck,
  encodeAnswer,
  encodeHistory,
  encodePresence,
  errorContent,
  gapContent,
  presenceContent,
  subscribedContent,
} from './codec.ts';

/** Durations in milliseconds. */
export interface ChannelOptions {
  readonly heartbeatInterval: number;
  readonly disconnectTimeout: number;
}

/** Messages kept for ever that a new subscriber gets when it asks for no history. */
export const defaultReplay = 100;

/** One client of the native dialect. */
export class ChannelSession implements Session<Command> {
  readonly #link: Link;
  readonly #services: Services;
  readonly #client: Client;
  readonly #options: ChannelOptions;
  #nextHeartbeat: number;
  /** Where the automatic channels stood when this connection began to receive them, by name. */
  readonly #automatic = new Map<string, number>();

  constructor(link: Link, services: Services, options: ChannelOptions, settled: () => void) {
    this.#link = link;
    this.#services = services;
    this.#client = new Client(link, services, null, settled);
    this.#options = options;
    this.#nextHeartbeat = services.clock.monotonic() + options.heartbeatInterval;
  }

  async open(): Promise<void> {
    const { user } = this.#link;
    const greet = (): void =>
      this.#answer('connected', connectedContent(this.#link, this.#options.heartbeatInterval));
    await this.#services.hub.attach(this.#link, greet);
    for (const channel of [everyone, userChannel(user ?? '')]) {
      const local = this.#services.hub.local(channel);
      if (local && this.#link.subscriptions.has(channel)) this.#automatic.set(channel, local.offset);
    }
  }

  command(frame: Frame): Command {
    return decode(frame);
  }

  execute(command: Command): void | Promise<void> {
    switch (command.kind) {
      case 'publish':
        return this.#publish(command);
      case 'ping':
        return this.#answer('pong', {}, { ref: command.ref });
      case 'pong':
        return;
      case 'subscribe':
        return this.#subscribe(command);
      case 'unsubscribe':
        return this.#unsubscribe(command);
      case 'history':
        return this.#history(command);
      case 'presence':
        return this.#presence(command);
      case 'refresh':
        return this.#refresh(command);
    }
  }

  fail(error: FanwireError, frame: Frame | null): void {
    const ref = frame ? readableReference(frame, 'request_id') : undefined;
    this.#refuse(error, ref);
  }

  wake(now: number): number {
    const { heartbeatInterval, disconnectTimeout } = this.#options;
    const left = disconnectTimeout - this.#link.silence();
    if (left <= 0) this.#link.close('idle');
    else if (now >= this.#nextHeartbeat) {
      this.#nextHeartbeat = now + heartbeatInterval;
      this.#link.ping();
      this.#answer('heartbeat', {});
    }
    return Math.min(now + left, this.#nextHeartbeat);
  }

  expelled(channel: string, why: Expulsion): void {
    const reason = why === 'deleted' ? 'room deleted' : 'permission lost';
    this.#answer('unsubscribed', { reason }, { channel });
  }

  presence(event: PresenceEvent): void {
    this.#link.tell(encodePresence(event));
  }

  gap(channel: string, gap: { from: number; to: number | null }): void {
    this.#answer('gap', gapContent(gap), { channel });
  }

  closed(): void {}

  get actionMember(): 'action' {
    return 'action';
  }

  answerOwn(action: string, value: unknown, frame: Frame): void {
    const ref = readableReference(frame, 'request_id');
    this.#link.send(encodeAnswer({ type: action, content: value, ref }, this.#services.clock.now()));
  }

  #publish(command: Command & { kind: 'publish' }): Handed {
    const { to, ref } = command;
    return this.#client.publish(
      to,
      command,
      (receipt) => this.#link.send(encodeAck(receipt, ref)),
      (error) => this.#refuse(error, ref),
    );
  }

  async #subscribe(command: Command & { kind: 'subscribe' }): Promise<void> {
    const { channel, history, watch, ref } = command;
    if (history !== undefined && history > 0) this.#client.check('history', channel);
    const announce: SubscribeOptions['announce'] = (answer) =>
      this.#answer('subscribed', subscribedContent(answer), { channel, ref });
    const live: SubscribeOptions['live'] = ({ epoch, offset }) =>
      this.#answer('live', { epoch, offset }, { channel });
    const presentAs = channel.startsWith('$') ? null : this.#link.user;
    await this.#client.subscribe(channel, {
      ...this.#replay(command),
      presentAs,
      watch: watch ? 'always' : undefined,
      announce,
      live,
    });
  }

  #replay({ channel, history, position }: Command & { kind: 'subscribe' }): SubscribeOptions {
    const until = this.#automatic.get(channel);
    this.#automatic.delete(channel);
    if (position) return { ...this.#client.resumption(channel, position), until };
    if (history !== undefined) return { history, until };
    if (until === undefined && this.#link.subscriptions.has(channel)) return {};
    const readable = this.#services.gate.may(this.#link.principal, 'history', channel);
    return { history: readable ? defaultReplay : 0, persisted: true, until };
  }

  #unsubscribe({ channel, ref }: Command & { kind: 'unsubscribe' }): void {
    this.#client.leave(channel);
    this.#answer('unsubscribed', {}, { channel, ref });
  }

  async #history({ channel, query, ref }: Command & { kind: 'history' }): Promise<void> {
    const page = await this.#client.history(channel, query);
    this.#link.send(encodeHistory(channel, page, ref, this.#services.clock.now()));
  }

  async #presence({ channel, limit, cursor, ref }: Command & { kind: 'presence' }): Promise<void> {
    this.#client.check('presence', channel);
    const page = await this.#services.presence.page(channel, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    this.#services.hub.presenceListed(this.#link, channel);
    this.#answer('presence', presenceContent(page), { channel, ref });
  }

  async #refresh({ token, ref }: Command & { kind: 'refresh' }): Promise<void> {
    const { attempts, verifier } = this.#services;
    const principal = await attempts.check(this.#link.client, () => verifier.verify(token));
    this.#client.renew(principal, (channel) => this.expelled(channel, 'kicked'));
    this.#answer('refreshed', { expires_at: principal.expiresAt }, { ref });
  }

  #refuse(error: FanwireError, ref: Reference): void {
    this.#answer('error', errorContent(error), { ref });
  }

  #answer(type: ChannelFrame, content: unknown, more: { channel?: string; ref?: Reference } = {}): void {
    this.#link.send(encodeAnswer({ type, content, ...more }, this.#services.clock.now()));
  }
}
