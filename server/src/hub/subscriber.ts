import type { Engine, Message, Position } from '../engine/engine.ts';
import type { Channel } from './channel.ts';
import type { History } from './history.ts';
import type { HubMeter, RecoveryOutcome } from './meter.ts';
import type { Subscription, Watch } from './recipient.ts';
import { type Gap, isPlausible, type Resumption, resume } from './recovery.ts';
import { type Past, Replay, type ReplayStart } from './replay.ts';

export interface SubscribeOptions {
  /** Replay everything after it. */
  readonly position?: Position | undefined;
  /** With `position`: what is older than this time (Unix milliseconds) counts as not kept. */
  readonly notBefore?: number | undefined;
  /** With `position`: no client came back with it, so that it counts as no recovery. */
  readonly fresh?: boolean | undefined;
  /** Without a position: replay the last so many kept messages. */
  readonly history?: number | undefined;
  /** With `history`: only messages that were published to be kept. */
  readonly persisted?: boolean | undefined;
  /** With `history`: where the recipient was told that it is. It gets the history up to there, and all that follows. */
  readonly since?: Position | undefined;
  /** With `history` and `inAnswer`: count neither tombstones nor notices of deletion. */
  readonly undeleted?: boolean | undefined;
  /** Replay nothing behind this offset: what follows was delivered before. */
  readonly until?: number | undefined;
  /** The name under which the recipient counts as present; null when it does not. */
  readonly presentAs?: string | null | undefined;
  /** Hear of users coming and going. */
  readonly watch?: Watch | undefined;
  /** The history is in the answer (`first`), as much of it as one page holds, and not sent as messages. */
  readonly inAnswer?: boolean | undefined;
  /** Called once, before the first replayed message, in the turn in which the answer is true. */
  readonly announce?: ((answer: Subscribed) => void) | undefined;
  /**
   * Called once, where anything was replayed: in the turn in which the recipient has it all and is live, with the
   * position from which it misses nothing. That of the last replayed message may lie far before it.
   */
  readonly live?: ((position: Position) => void) | undefined;
}

/** The answer to a subscription. */
export interface Subscribed extends Position {
  /** Whether the position was resumed without loss; null when none was asked for. */
  readonly recovered: boolean | null;
  readonly replayed: number;
  readonly gap: Gap | null;
  /** Users present in the channel, this one included. Only counted where `presentAs` was given. */
  readonly members: number;
  /** The history that was asked for, where it is in the answer. */
  readonly first: readonly Message[];
}

/** What the answer says, and what is sent before the replay goes on. */
interface Plan extends ReplayStart {
  readonly answer: Subscribed;
  readonly past?: Past;
}

/** Brings a subscription to where its channel is: answer, replay, then live. */
export class Subscriber {
  readonly #engine: Engine;
  readonly #history: History;
  readonly #report: (thrown: unknown) => void;
  readonly #meter: HubMeter;

  constructor(engine: Engine, history: History, report: (thrown: unknown) => void, meter: HubMeter) {
    this.#engine = engine;
    this.#history = history;
    this.#report = report;
    this.#meter = meter;
  }

  /** Null when the subscription ended before it was live. */
  async join(
    subscription: Subscription,
    channel: Channel,
    options: SubscribeOptions,
  ): Promise<Subscribed | null> {
    if (isPlain(options)) return joinAsItIs(subscription, channel, options);
    const members = await this.#enterPresence(subscription, options.presentAs ?? null);
    if (ended(subscription)) return null;
    const plan = await this.#plan(channel, options, members);
    if (ended(subscription)) return null;
    options.announce?.(plan.answer);
    const replay = new Replay(subscription, plan, this.#history, this.#meter);
    if (plan.past) await replay.past(plan.past);
    while (!replay.ended && replay.offset < channel.offset) await replay.next();
    if (replay.ended) return null;
    subscription.offset = replay.offset;
    channel.join(subscription);
    tellLive(subscription, channel, plan.answer, replay, options);
    return plan.answer;
  }

  /** For a recipient that is live already: the replay alone. */
  async replayOnly(
    subscription: Subscription,
    channel: Channel | undefined,
    options: SubscribeOptions,
  ): Promise<Subscribed | null> {
    if (!channel) return null;
    const members = subscription.present === null ? 0 : await this.#engine.presence.count(channel.name);
    const plan = await this.#plan(channel, options, members);
    if (ended(subscription)) return null;
    options.announce?.(plan.answer);
    const last = Math.min(options.until ?? plan.answer.offset, plan.answer.offset);
    const replay = new Replay(subscription, plan, this.#history, this.#meter);
    if (plan.past) await replay.past(plan.past);
    while (!replay.ended && replay.offset < last) await replay.next(last);
    tellLive(subscription, channel, plan.answer, replay, options);
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
    if (options.history) {
      return options.inAnswer
        ? this.#planPage(channel.name, options, options.history, members)
        : this.#planHistory(channel.name, options, options.history, members);
    }
    const { offset } = channel;
    return { answer: asItIs(channel, members), after: offset, completeFrom: offset + 1 };
  }

  async #planResumption(
    name: string,
    options: SubscribeOptions,
    position: Position,
    members: number,
  ): Promise<Plan> {
    const floor = options.notBefore === undefined ? 0 : await this.#floor(name, options.notBefore);
    let state = await this.#engine.state(name, Math.max(position.offset, floor));
    if (!isPlausible(state, position)) state = await this.#engine.state(name, floor);
    const { epoch, offset } = state;
    const { after, recovered, gap, replayed } = withinLimit(resume(state, position, floor), options.until);
    if (!options.fresh) this.#meter.recovered(outcome(gap));
    const answer = { epoch, offset, recovered, replayed, gap, members, first: [] };
    return { answer, after, completeFrom: Math.max(state.completeFrom, floor + 1) };
  }

  /** The offset up to which everything is older. */
  async #floor(name: string, time: number): Promise<number> {
    const { messages, offset } = await this.#history.read(name, { from: time, limit: 1 });
    return messages[0] ? messages[0].offset - 1 : offset;
  }

  async #planPage(name: string, options: SubscribeOptions, limit: number, members: number): Promise<Plan> {
    const { persisted = false, undeleted = false } = options;
    const { epoch, offset, messages } = await this.#history.read(name, { limit, persisted, undeleted });
    const replayed = messages.length;
    const answer = { epoch, offset, recovered: null, replayed, gap: null, members, first: messages };
    return { answer, after: offset, completeFrom: offset + 1 };
  }

  async #planHistory(name: string, options: SubscribeOptions, count: number, members: number): Promise<Plan> {
    const { since, until, persisted = false } = options;
    const end = since?.offset ?? until;
    const before = end === undefined ? {} : { before: end + 1 };
    const tail = await this.#history.tail(name, { count, persisted, ...before });
    const { epoch, offset } = tail;
    const after = since?.epoch === epoch ? Math.min(since.offset, offset) : offset;
    const replayed = tail.count + offset - after;
    const answer = { epoch, offset, recovered: null, replayed, gap: null, members, first: [] };
    const past = { after: tail.after, to: Math.min(end ?? offset, offset), persisted };
    return { answer, past, after, completeFrom: after + 1 };
  }
}

/** Nothing is to be asked or replayed. */
function isPlain({ position, history, presentAs = null }: SubscribeOptions): boolean {
  return position === undefined && !history && presentAs === null;
}

/** Within one turn: most subscriptions are of this kind. */
function joinAsItIs(subscription: Subscription, channel: Channel, options: SubscribeOptions): Subscribed {
  const answer = asItIs(channel, 0);
  options.announce?.(answer);
  subscription.offset = channel.offset;
  channel.join(subscription);
  return answer;
}

/** The answer to who wants nothing but what comes from now on. */
function asItIs({ epoch, offset }: Channel, members: number): Subscribed {
  return { epoch, offset, recovered: null, replayed: 0, gap: null, members, first: [] };
}

/** Behind everything that was delivered to it, which is where its channel stands, or it itself ahead of that. */
function tellLive(
  subscription: Subscription,
  { epoch, offset }: Channel,
  { replayed }: Subscribed,
  { sent }: Replay,
  { inAnswer = false, live }: SubscribeOptions,
): void {
  if (subscription.state !== 'live' || inAnswer || (replayed === 0 && !sent)) return;
  live?.({ epoch, offset: Math.max(offset, subscription.offset) });
}

function ended(subscription: Subscription): boolean {
  return subscription.state === 'ended';
}

function outcome(gap: Gap | null): RecoveryOutcome {
  if (gap === null) return 'recovered';
  return gap.to === null ? 'other-epoch' : 'gap';
}

function withinLimit(resumption: Resumption, until: number | undefined): Resumption {
  if (until === undefined) return resumption;
  return { ...resumption, replayed: Math.max(0, Math.min(resumption.replayed, until - resumption.after)) };
}
