import {
  type ChannelState,
  type Draft,
  type HistoryQuery,
  type Message,
  mostNamed,
  type Receipt,
  type Removal,
  type Retention,
  type Tail,
  type TailQuery,
} from '../engine.ts';
import { weightOf } from '../page.ts';
import { tombstone } from './kit.ts';

/**
 * An engine as naive as can be, to compare others with: every message for ever in an array, and what is kept
 * found anew for each question.
 */
export class Model {
  readonly #retention: Retention;
  readonly #epoch: string;
  readonly #messages: Message[] = [];
  readonly #keyed: { readonly message: Message; readonly space: string }[] = [];
  readonly #removed = new Set<Message>();
  /** By channel: the offset up to which all was cleared. */
  readonly #cleared = new Map<string, number>();
  readonly #followed = new Set<string>();
  readonly delivered: Message[] = [];

  constructor(retention: Retention, epoch: string) {
    this.#retention = retention;
    this.#epoch = epoch;
  }

  follow(channel: string): { epoch: string; offset: number } {
    this.#followed.add(channel);
    return { epoch: this.#epoch, offset: this.#all(channel).length };
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
  }

  append(batch: readonly Draft[], now: number): Receipt[] {
    return batch.map((draft) => {
      const { id, channel, type, data, sender, persist } = draft;
      const horizon = now - this.#retention.idempotencyWindow;
      const first = this.#keyed.find(
        ({ message: m, space }) =>
          m.channel === channel && space === draft.space && m.id === id && m.time > horizon,
      );
      if (draft.keyed && first) return receiptOf(first.message, true);
      const offset = this.#all(channel).length + 1;
      const message = { id, channel, offset, epoch: this.#epoch, time: now, type, data, sender, persist };
      this.#messages.push(message);
      if (draft.keyed) this.#keyed.push({ message, space: draft.space });
      if (this.#followed.has(channel)) this.delivered.push(message);
      return receiptOf(message, false);
    });
  }

  state(channel: string, after: number, now: number): ChannelState {
    const offset = this.#all(channel).length;
    const kept = this.#kept(channel, now).map((message) => message.offset);
    let completeFrom = offset + 1;
    while (kept.includes(completeFrom - 1)) completeFrom -= 1;
    return { epoch: this.#epoch, offset, completeFrom, kept: kept.filter((other) => other > after).length };
  }

  read(channel: string, query: HistoryQuery, now: number): { messages: Message[]; more: boolean } {
    const { limit, bytes = Infinity, after = 0, before = Infinity, from = 0, to = Infinity } = query;
    const messages = this.#kept(channel, now).filter(
      ({ offset, time, persist }) =>
        offset > after && offset < before && time >= from && time <= to && (persist || !query.persisted),
    );
    const forward = (query.after !== undefined || query.from !== undefined) && query.before === undefined;
    if (!forward) messages.reverse();
    let count = 0;
    for (let sum = 0; count < Math.min(limit, messages.length); count++) {
      sum += weightOf(messages[count] as Message);
      if (count > 0 && sum > bytes) break;
    }
    const page = messages.slice(0, count);
    return { messages: forward ? page : page.reverse(), more: messages.length > count };
  }

  tail(channel: string, { count, before = Infinity, persisted = false }: TailQuery, now: number): Tail {
    const offset = this.#all(channel).length;
    const kept = this.#kept(channel, now).filter((m) => m.offset < before && (m.persist || !persisted));
    const tail = count === 0 ? [] : kept.slice(-count);
    const after = (tail[0]?.offset ?? Math.min(offset + 1, before)) - 1;
    return { epoch: this.#epoch, offset, after, count: tail.length };
  }

  remove(channel: string, id: string, now: number, offset?: number): Removal {
    const alike = this.#standing(channel, now).filter(
      (message) => message.id === id && (offset === undefined || message.offset === offset),
    );
    const standing = alike.filter((message) => !this.#removed.has(message));
    if (standing.length > 1) return standing.slice(-mostNamed).map((message) => message.offset);
    const victim = standing[0] ?? alike.at(-1);
    if (victim === undefined) return null;
    this.#removed.add(victim);
    return victim.offset;
  }

  clear(channel: string): number {
    const { length } = this.#all(channel);
    this.#cleared.set(channel, length);
    return length;
  }

  channels({ prefix, after, limit }: { prefix: string; after?: string; limit: number }): string[] {
    const names = [...new Set(this.#messages.map(({ channel }) => channel))];
    return names
      .filter((name) => name.startsWith(prefix) && (after === undefined || behind(name, after) > 0))
      .sort(behind)
      .slice(0, limit);
  }

  /** The id of the message at this offset, kept or not. */
  idAt(channel: string, offset: number): string | undefined {
    return this.#all(channel)[offset - 1]?.id;
  }

  #all(channel: string): Message[] {
    return this.#messages.filter((message) => message.channel === channel);
  }

  /** What readers see. */
  #kept(channel: string, now: number): Message[] {
    const standing = this.#standing(channel, now);
    return standing.map((message) => (this.#removed.has(message) ? tombstone(message) : message));
  }

  #standing(channel: string, now: number): Message[] {
    const { windowSize, windowTtl, historyTtl } = this.#retention;
    const all = this.#all(channel);
    const cleared = this.#cleared.get(channel) ?? 0;
    return all.filter(({ offset, time, persist }) => {
      if (offset <= cleared) return false;
      const inWindow = offset > all.length - windowSize && time > now - windowTtl;
      return inWindow || (persist && (historyTtl === 0 || time > now - historyTtl));
    });
  }
}

function receiptOf({ id, channel, offset, epoch, time }: Message, duplicate: boolean): Receipt {
  return { id, channel, offset, epoch, time, duplicate };
}

/** Compares by code points, which is the order of UTF-8. */
function behind(one: string, other: string): number {
  const [points, others] = [one, other].map((name) =>
    Array.from(name, (character) => character.codePointAt(0) ?? 0),
  );
  for (const [index, point] of (points ?? []).entries()) {
    const difference = point - (others?.[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return (points?.length ?? 0) - (others?.length ?? 0);
}
