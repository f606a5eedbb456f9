import { isReserved } from '../access/names.ts';
import type { Operation } from '../access/permissions.ts';
import { type Principal, withKey } from '../access/principal.ts';
import type { HistoryPage, Position, Receipt, Sender } from '../engine/engine.ts';
import { FanwireError } from '../errors.ts';
import type { HistoryRequest } from '../hub/history.ts';
import { everyone, userChannel } from '../hub/hub.ts';
import type { Subscribed, SubscribeOptions } from '../hub/subscriber.ts';
import type { Author } from '../publishing/author.ts';
import type { Outgoing, Target } from '../publishing/message.ts';
import type { Handed } from '../publishing/publishing.ts';
import type { Link, Services } from './dialect.ts';

/** Called in the turn in which the message is delivered, so that the ack goes out in the same write. */
export type Acknowledge = (receipt: Receipt) => void;
export type Refuse = (error: FanwireError) => void;

/** What a client may do, each operation checked, for the sessions of every dialect. */
export class Client implements Author {
  readonly origin = 'connection';
  readonly link: Link;
  readonly services: Services;
  readonly sender: Sender;
  readonly #settled: () => void;

  constructor(link: Link, services: Services, clientId: string | null, settled: () => void) {
    this.link = link;
    this.services = services;
    const { verifiedUser } = link;
    const claimed = clientId ?? (verifiedUser === null ? link.user : null);
    this.sender = { user: verifiedUser, connection: link.id, client: claimed };
    this.#settled = settled;
  }

  check(operation: Operation, channel: string): void {
    this.services.gate.check(this.link.principal, operation, channel);
  }

  get principal(): Principal {
    return this.link.principal;
  }

  /**
   * Throws `forbidden` or `too_large` at once, or rejects when middleware refuses; what the engine makes of it is told
   * to the callbacks.
   */
  publish(target: Target, message: Outgoing, acknowledge: Acknowledge | null, refuse: Refuse): Handed {
    const { length } = message.data;
    const handed = this.services.publishing.publish(this, target, message, (error, receipt) => {
      this.link.pendingPublishes--;
      this.link.pendingSize -= length;
      if (receipt) acknowledge?.(receipt);
      else if (error) {
        this.link.failed(error.code);
        refuse(error);
      }
      this.#settled();
    });
    // The message has joined the tick, and the callback is called in a later turn.
    if (!handed) return this.#isPending(length);
    return handed.then(() => this.#isPending(length));
  }

  /** Throws `forbidden` or `limit_reached`. Null when the connection went away meanwhile. */
  async subscribe(channel: string, options: SubscribeOptions): Promise<Subscribed | null> {
    this.check('subscribe', channel);
    if (!this.link.subscriptions.has(channel) && this.#chosenChannels >= this.services.maxChannels) {
      throw new FanwireError(
        'limit_reached',
        `at most ${this.services.maxChannels} channels on one connection`,
      );
    }
    return this.services.hub.subscribe(this.link, channel, options);
  }

  /**
   * From a position. `subscribe` is enough for what is in the recovery window; what is older is a gap for those who may
   * not read the history, or anybody could read it by a position made up by hand.
   */
  resumption(channel: string, position: Position): Pick<SubscribeOptions, 'position' | 'notBefore'> {
    const { gate, clock, recoveryWindow } = this.services;
    if (gate.may(this.link.principal, 'history', channel)) return { position };
    return { position, notBefore: clock.now() - recoveryWindow + 1 };
  }

  /** Channels that it is in by its own choice. */
  get #chosenChannels(): number {
    const { subscriptions, verifiedUser } = this.link;
    const automatic = [everyone, ...(verifiedUser === null ? [] : [userChannel(verifiedUser)])];
    return subscriptions.size - automatic.filter((channel) => subscriptions.has(channel)).length;
  }

  /** Throws `not_subscribed`, or `forbidden` for a channel that every connection has. */
  leave(channel: string): void {
    this.requireSubscribed(channel);
    if (isReserved(channel)) throw new FanwireError('forbidden', `"${channel}" cannot be left`);
    this.unsubscribe(channel);
  }

  unsubscribe(channel: string): boolean {
    return this.services.hub.unsubscribe(this.link, channel);
  }

  /** Throws `not_subscribed`. */
  requireSubscribed(channel: string): void {
    if (this.link.subscriptions.has(channel)) return;
    throw new FanwireError('not_subscribed', `this connection is not in "${channel}": join it first`);
  }

  /**
   * Takes over a fresh token: its expiry and permissions hold from now on, and channels that it does not cover are
   * left. What an API key gave stays. Throws `forbidden` when it is another user's.
   */
  renew(principal: Principal, lost: (channel: string) => void): void {
    if (principal.user !== this.link.principal.user) {
      throw new FanwireError('forbidden', 'the fresh token is of another user than the connection');
    }
    this.link.renew(withKey(principal, this.link.principal));
    for (const channel of [...this.link.subscriptions.keys()]) {
      if (this.services.gate.may(principal, 'subscribe', channel)) continue;
      this.unsubscribe(channel);
      lost(channel);
    }
  }

  async history(channel: string, request: HistoryRequest): Promise<HistoryPage> {
    this.check('history', channel);
    return this.services.hub.history(channel, request);
  }

  #isPending(size: number): void {
    this.link.pendingPublishes++;
    this.link.pendingSize += size;
  }
}
