import {
  type Draft,
  deletedType,
  type HistoryQuery,
  type Message,
  mostNamed,
  type Removal,
  type Retention,
  type Tail,
  type TailQuery,
} from '../engine.ts';
import { Page } from '../page.ts';
import { costOf } from '../usage.ts';
import { Ring } from './ring.ts';
import type { Charge, Usage } from './usage.ts';

/** Messages in order of offset, and so of time. */
interface Sequence {
  readonly length: number;
  at(index: number): Message;
}

/** What a log begins with. */
interface Beginning {
  readonly life: number;
  readonly epoch: string;
  readonly top: number;
  readonly time: number;
  readonly usage: Usage;
}

/**
 * The messages of one channel. Whatever asks for them trims first, so what is in here is exactly what is kept:
 * offsets, times and what is trimmed only ever move forward.
 */
export class ChannelLog implements Sequence {
  readonly channel: string;
  followed = false;
  /** The number of the channel's life. */
  readonly life: number;
  readonly epoch: string;
  /** When its last subscriber left, or of an earlier log its last use; Unix milliseconds. */
  left = 0;
  readonly #retention: Retention;
  #top: number;
  #time: number;
  /** The recovery window: all offsets from its first to the top. */
  readonly #window = new Ring<Message>();
  /** Persisted messages, those in the window too. */
  readonly #persisted = new Ring<Message>();
  /** What each of them counts. */
  readonly #charges = new Ring<Charge>();
  readonly #usage: Usage;
  /** How many of the persisted ones have left the window. */
  #behind = 0;

  /** `top` and `time` are those of the last message of an earlier log of the channel. */
  constructor(channel: string, retention: Retention, { life, epoch, top, time, usage }: Beginning) {
    this.#usage = usage;
    this.channel = channel;
    this.life = life;
    this.epoch = epoch;
    this.#retention = retention;
    this.#top = top;
    this.#time = time;
  }

  /** The last offset given, kept or not. */
  get top(): number {
    return this.#top;
  }

  /** The time of the last message. */
  get time(): number {
    return this.#time;
  }

  /** How many messages are kept. */
  get length(): number {
    return this.#behind + this.#window.length;
  }

  at(index: number): Message {
    return index < this.#behind ? this.#persisted.at(index) : this.#window.at(index - this.#behind);
  }

  /** `age` is the time by which messages grow old. */
  append(draft: Draft, now: number, age = now): Message {
    this.#top += 1;
    if (now > this.#time) this.#time = now;
    const message: Message = {
      id: draft.id,
      channel: this.channel,
      offset: this.#top,
      epoch: this.epoch,
      time: this.#time,
      type: draft.type,
      data: draft.data,
      sender: draft.sender,
      persist: draft.persist,
    };
    this.#window.push(message);
    if (draft.persist) this.#persist(message, draft.account);
    this.trim(age);
    return message;
  }

  /** Puts a tombstone in the place of the one message with this id, or of that at this offset. */
  bury(id: string, offset?: number): Removal {
    const named = this.#withId(id, offset);
    const standing = named.filter(({ type }) => type !== deletedType);
    if (standing.length > 1) return standing.slice(-mostNamed).map((message) => message.offset);
    const message = standing[0] ?? named.at(-1);
    if (message === undefined) return null;
    this.#replace({ ...message, type: deletedType, data: 'null', sender: null });
    return message.offset;
  }

  #withId(id: string, offset?: number): Message[] {
    const first = offset === undefined ? 0 : firstIndex(this, (message) => message.offset >= offset);
    const end = offset === undefined ? this.length : Math.min(first + 1, this.length);
    const found: Message[] = [];
    for (let index = first; index < end; index += 1) {
      const message = this.at(index);
      if (message.id === id && (offset === undefined || message.offset === offset)) found.push(message);
    }
    return found;
  }

  #persist(message: Message, account: string | undefined): void {
    const charge = { account, bytes: costOf(message.data.length) };
    this.#persisted.push(message);
    this.#charges.push(charge);
    this.#usage.add(this.channel, charge);
  }

  /** Lets go of everything that is kept. */
  clear(): void {
    while (this.#charges.length > 0) this.#usage.take(this.channel, this.#charges.shift());
    this.#window.clear();
    this.#persisted.clear();
    this.#behind = 0;
  }

  #replace(message: Message): void {
    for (const ring of [this.#window, this.#persisted]) {
      const index = firstIndex(ring, ({ offset }) => offset >= message.offset);
      if (index < ring.length && ring.at(index).offset === message.offset) ring.set(index, message);
    }
  }

  /** Lets go of what is kept no longer. Returns how many steps that took. */
  trim(now: number): number {
    return this.#trimWindow(now) + this.#trimPersisted(now);
  }

  #trimWindow(now: number): number {
    const window = this.#window;
    const horizon = now - this.#retention.windowTtl;
    // Times never decrease: with the last message all have expired, and none of them needs a visit.
    if (window.length > 0 && this.#time <= horizon) {
      window.clear();
      this.#behind = this.#persisted.length;
      return 1;
    }
    let steps = 0;
    while (
      window.length > this.#retention.windowSize ||
      (window.length > 0 && window.at(0).time <= horizon)
    ) {
      if (window.shift().persist) this.#behind += 1;
      steps += 1;
    }
    return steps;
  }

  /** Persisted messages that are still in the window stay, however short HISTORY_TTL is. */
  #trimPersisted(now: number): number {
    const { historyTtl } = this.#retention;
    if (historyTtl === 0) return 0;
    const persisted = this.#persisted;
    const horizon = now - historyTtl;
    let steps = 0;
    while (this.#behind > 0 && persisted.at(0).time <= horizon) {
      persisted.shift();
      this.#usage.take(this.channel, this.#charges.shift());
      this.#behind -= 1;
      steps += 1;
    }
    return steps;
  }

  /** The lowest offset from which all are kept, up to the top; `top + 1` when none is. */
  completeFrom(): number {
    const windowStart = this.#top - this.#window.length + 1;
    const last = this.#behind - 1;
    if (last < 0 || this.#persisted.at(last).offset !== windowStart - 1) return windowStart;
    // Along the persisted ones `offset - index` never falls, and stays the same as long as no offset is missing:
    // so the start of the last unbroken run can be searched.
    const run = windowStart - 1 - last;
    const start = firstIndex(this.#persisted, ({ offset }, index) => offset - index >= run);
    return this.#persisted.at(start).offset;
  }

  /** How many messages after `offset` are kept. */
  keptAfter(offset: number): number {
    return this.length - firstIndex(this, (message) => message.offset > offset);
  }

  read(query: HistoryQuery): { messages: Message[]; more: boolean } {
    const { after, before, from, to } = query;
    const sequence: Sequence = query.persisted === true ? this.#persisted : this;
    let low = 0;
    let high = sequence.length;
    if (after !== undefined) low = firstIndex(sequence, ({ offset }) => offset > after);
    if (from !== undefined)
      low = Math.max(
        low,
        firstIndex(sequence, ({ time }) => time >= from),
      );
    if (before !== undefined) high = firstIndex(sequence, ({ offset }) => offset >= before);
    if (to !== undefined)
      high = Math.min(
        high,
        firstIndex(sequence, ({ time }) => time > to),
      );
    const forward = before === undefined && (after !== undefined || from !== undefined);
    const page = new Page(query);
    let left = high - low;
    while (left > 0 && page.take(sequence.at(forward ? high - left : low + left - 1))) left -= 1;
    return { messages: forward ? page.messages : page.messages.reverse(), more: left > 0 };
  }

  tail({ count, before = this.#top + 1, persisted = false }: TailQuery): Pick<Tail, 'after' | 'count'> {
    const sequence: Sequence = persisted ? this.#persisted : this;
    const end = firstIndex(sequence, ({ offset }) => offset >= before);
    const start = Math.max(0, end - count);
    const after = start < end ? sequence.at(start).offset - 1 : Math.min(this.#top, before - 1);
    return { after, count: end - start };
  }
}

/** Binary search: the first index for which `holds`, which holds for all behind it too; the length if for none. */
function firstIndex(sequence: Sequence, holds: (message: Message, index: number) => boolean): number {
  let low = 0;
  let high = sequence.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sequence.at(middle), middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
