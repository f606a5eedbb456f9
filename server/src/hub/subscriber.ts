import type { Engine, Message, Position } from '../engine/engine.ts';
import type { Channel } from './channel.ts';
import type { Subscription, Watch } from './recipient.ts';
import { type Gap, isPlausible, type Resumption, resume } from './recovery.ts';

export interface SubscribeOptions {
  /** Replay everything after it. */
  readonly position?: Position | undefined;
  /** Without a position: replay the last so many kept messages. */
  readonly history?: number | undefined;
  /** With `history`: only messages that were published to be kept. */
  readonly persisted?: boolean | undefined;
  /** Replay nothing behind this offset: what follows was delivered before. */
  readonly until?: number | undefined;
  /** The name under which the recipient counts as present; null when it does not. */
  readonly presentAs?: string | null | undefined;
  /** Hear of users coming and going. */
  readonly watch?: Watch | undefined;
  /** The history is in the answer (`first`) and not sent as messages. */
  readonly inAnswer?: boolean | undefined;
  /** Called once, before the first replayed message, in the turn in which the answer is true. */
  readonly announce?: ((answer: Subscribed) => void) | undefined;
}

/** The answer to a subscription. */
export interface Subscribed extends Position {
  /** Whether the position was resumed without loss; null when none was asked for. */
  readonly recovered: boolean | null;
  readonly replayed: number;
  readonly gap: Gap | null;
  /** Users present in the channel, this one included. Only counted where `presentAs` was given. */
  readonly members: number;
  /** The history that was asked for; empty for a position. */
  readonly first: readonly Message[];
}

/** Messages read from the engine at once during a replay. */
const pageSize = 200;
/** Bytes of data after which a replay waits for the recipient to have taken them. */
const sliceBytes = 128 * 1024;

/** A replay that has been planned: what the answer says, and the first messages. */
interface Plan {
  readonly answer: Subscribed;
  readonly first: readonly Message[];
  /** The replay goes on behind this offset. */
  readonly after: number;
}

/** Brings a subscription to where its channel is: answer, replay, then live. */
export class Subscriber {
  readonly #engine: Engine;
  readonly #report: (thrown: unknown) => void;

  constructor(engine: Engine, report: (thrown: unknown) => void) {
    this.#engine = engine;
    this.#report = report;
  }

  /** Null when the subscription ended before it was live. */
  async join(
    subscription: Subscription,
    channel: Channel,
    options: SubscribeOptions,
  ): Promise<Subscribed | null> {
    const members = await this.#enterPresence(subscription, options.presentAs ?? null);
    if (ended(subscription)) return null;
    const plan = await this.#plan(channel, options, members);
    if (ended(subscription)) return null;
    options.announce?.(plan.answer);
    const from = plan.after;
    subscription.offset = from;
    await this.#replay(subscription, plan.first);
    while (!ended(subscription) && subscription.offset < channel.offset)
      await this.#catchUp(subscription, channel);
    if (ended(subscription)) return null;
    channel.join(subscription);
    return plan.answer;
  }

  /** For a recipient that is live already: the replay alone. */
  async replayOnly(
    subscription: Subscription,
    channel: Channel | undefined,
    options: SubscribeOptions,
  ): Promise<Subscribed | null> {
    if (!channel) return null;
    const plan = await this.#plan(channel, options, 0);
    if (ended(subscription)) return null;
    options.announce?.(plan.answer);
    const last = Math.min(options.until ?? plan.answer.offset, plan.answer.offset);
    let after = plan.after;
    let page: readonly Message[] = plan.first;
    while (!ended(subscription)) {
      await this.#send(
        subscription,
        page.filter((message) => message.offset <= last),
      );
      after = page[page.length - 1]?.offset ?? after;
      if (after >= last) break;
      const next = await this.#engine.read(channel.name, { after, limit: pageSize });
      if (next.messages.length === 0) break;
      page = next.messages;
    }
    return plan.answer;
  }

  async #enterPresence(subscription: Subscription, name: string | null): Promise<number> {
    if (name === null) return 0;
    await this.#engine.presence.join(subscription.channel, name);
    if (ended(subscription)) {
      this.#engine.presence.leave(subscription.channel, name).catch(this.#report);
      return 0;
    }
    subscription.present = name;
    return this.#engine.presence.count(subscription.channel);
  }

  async #plan(channel: Channel, options: SubscribeOptions, members: number): Promise<Plan> {
    if (options.position) return this.#planResumption(channel.name, options, options.position, members);
    if (options.history) return this.#planHistory(channel.name, options, members);
    const { epoch, offset } = channel;
    return {
      answer: { epoch, offset, recovered: null, replayed: 0, gap: null, members, first: [] },
      first: [],
      after: offset,
    };
  }

  async #planResumption(
    name: string,
    options: SubscribeOptions,
    position: Position,
    members: number,
  ): Promise<Plan> {
    let state = await this.#engine.state(name, position.offset);
    if (!isPlausible(state, position)) state = await this.#engine.state(name, 0);
    const { epoch, offset } = state;
    const { after, recovered, gap, replayed } = withinLimit(resume(state, position), options.until);
    return { answer: { epoch, offset, recovered, replayed, gap, members, first: [] }, first: [], after };
  }

  async #planHistory(name: string, options: SubscribeOptions, members: number): Promise<Plan> {
    const page = await this.#engine.read(name, {
      limit: options.history ?? 0,
      persisted: options.persisted ?? false,
    });
    const { epoch, offset } = page;
    const messages = page.messages.filter((message) => message.offset <= (options.until ?? offset));
    const answer = {
      epoch,
      offset,
      recovered: null,
      replayed: messages.length,
      gap: null,
      members,
      first: messages,
    };
    return { answer, first: options.inAnswer ? [] : messages, after: offset };
  }

  /** One page from where the subscription is; afterwards it stands at the page's end. */
  async #catchUp(subscription: Subscription, channel: Channel): Promise<void> {
    const page = await this.#engine.read(channel.name, { after: subscription.offset, limit: pageSize });
    await this.#replay(subscription, page.messages);
    if (!page.more) subscription.offset = Math.max(subscription.offset, page.offset);
  }

  async #replay(subscription: Subscription, messages: readonly Message[]): Promise<void> {
    await this.#send(subscription, messages);
    const last = messages[messages.length - 1];
    if (last) subscription.offset = Math.max(subscription.offset, last.offset);
  }

  /** In slices, so that a replay never fills the outbox of a slow reader. */
  async #send(subscription: Subscription, messages: readonly Message[]): Promise<void> {
    const { recipient } = subscription;
    let start = 0;
    while (start < messages.length && !ended(subscription)) {
      const end = sliceEnd(messages, start);
      const slice = messages.slice(start, end);
      const bytes = recipient.encoder.encode(slice);
      if (bytes.length > 0) recipient.push(bytes, slice.length);
      start = end;
      if (start < messages.length || messages.length === pageSize) recipient.flush();
      await recipient.drained();
    }
  }
}

function ended(subscription: Subscription): boolean {
  return subscription.state === 'ended';
}

function withinLimit(resumption: Resumption, until: number | undefined): Resumption {
  if (until === undefined) return resumption;
  return { ...resumption, replayed: Math.max(0, Math.min(resumption.replayed, until - resumption.after)) };
}

function sliceEnd(messages: readonly Message[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < messages.length && bytes < sliceBytes) bytes += messages[end++]?.data.length ?? 0;
  return end;
}
