import type { Draft, Receipt } from '../engine/engine.ts';

const minute = 60_000;
/** Minutes that are remembered. */
export const activityMinutes = 60;
/** Channels counted by themselves in one minute, and users told apart in one count: beyond, only totals grow. */
const maxChannels = 5_000;
const maxUsers = 10_000;

/** What happened in one minute. */
export interface ActivityPoint {
  /** Unix milliseconds at which the minute began. */
  readonly time: number;
  readonly messages: number;
  /** Different users that published. */
  readonly users: number;
}

class Count {
  messages = 0;
  readonly users = new Set<string>();

  add(user: string | null | undefined): void {
    this.messages++;
    if (user !== null && user !== undefined && this.users.size < maxUsers) this.users.add(user);
  }
}

class Minute {
  readonly start: number;
  readonly all = new Count();
  readonly channels = new Map<string, Count>();

  constructor(start: number) {
    this.start = start;
  }

  add(channel: string, user: string | null | undefined): void {
    this.all.add(user);
    let count = this.channels.get(channel);
    if (!count && this.channels.size < maxChannels) {
      count = new Count();
      this.channels.set(channel, count);
    }
    count?.add(user);
  }
}

/** Messages and active users per minute, counted as messages pass. */
export interface ActivityBook {
  /** One committed batch. Channels of the server itself are not counted. */
  record(drafts: readonly Draft[], receipts: readonly Receipt[], now: number): void;
  /** The last `minutes` minutes up to the running one, oldest first, quiet ones included. */
  page(
    minutes: number,
    channel: string | undefined,
    now: number,
  ): readonly ActivityPoint[] | Promise<readonly ActivityPoint[]>;
}

/** Of the batches that it is told of. */
export class Activity implements ActivityBook {
  /** In the order of their beginning to be counted; minutes in which nothing happened are left out. */
  #minutes: Minute[] = [];

  record(drafts: readonly Draft[], receipts: readonly Receipt[], now: number): void {
    const current = this.#at(now - (now % minute));
    for (let i = 0; i < drafts.length; i++) {
      const draft = drafts[i];
      if (!draft || receipts[i]?.duplicate || draft.channel === '$control') continue;
      current.add(draft.channel, draft.sender?.user);
    }
  }

  page(minutes: number, channel: string | undefined, now: number): ActivityPoint[] {
    const last = now - (now % minute);
    const known = new Map(this.#minutes.map((entry) => [entry.start, entry]));
    return Array.from({ length: minutes }, (_, index) => {
      const time = last - (minutes - 1 - index) * minute;
      const entry = known.get(time);
      const count = channel === undefined ? entry?.all : entry?.channels.get(channel);
      return { time, messages: count?.messages ?? 0, users: count?.users.size ?? 0 };
    });
  }

  #at(start: number): Minute {
    const last = this.#minutes[this.#minutes.length - 1];
    if (last?.start === start) return last;
    // The clock may have been set, forwards or back: of a minute that comes again, what was counted stays.
    const again = this.#minutes.find((known) => known.start === start) ?? new Minute(start);
    const near = this.#minutes.filter(
      (known) => known !== again && Math.abs(known.start - start) < activityMinutes * minute,
    );
    this.#minutes = [...near, again];
    return again;
  }
}
