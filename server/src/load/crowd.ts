import { Journal } from './journal.ts';
import { findStamp, readStamp } from './stamp.ts';
import type { Subscriber } from './subscriber.ts';

/** A subscriber whose every delivery is looked at: when it came, and in which order. */
export class Witness {
  seen = 0;
  /** Of the message numbers in their order: equal for two witnesses that saw the same. */
  orderHash = 0;
  readonly subscriber: Subscriber;

  /** Without a journal its latencies do not count. */
  constructor(subscriber: Subscriber, journal: Journal | null, onDelivery: (sequence: number) => void) {
    this.subscriber = subscriber;
    subscriber.countFrom(Number.POSITIVE_INFINITY);
    subscriber.watch = (payload) => {
      const at = findStamp(payload);
      if (at === -1) return false;
      const sequence = readStamp(payload, at);
      this.seen++;
      this.orderHash = (Math.imul(this.orderHash, 31) + sequence) | 0;
      journal?.received(sequence);
      onDelivery(sequence);
      return true;
    };
  }
}

/** All connections of a run that are to get every message, and the sums over them. */
export class Crowd {
  readonly journal = new Journal();
  readonly #subscribers: readonly Subscriber[];
  readonly #witnesses = new Map<Subscriber, Witness>();

  /** Deliveries of at least `contentBytes` are only counted, but for witnesses. */
  constructor(subscribers: readonly Subscriber[], contentBytes: number) {
    this.#subscribers = subscribers;
    for (const subscriber of subscribers) subscriber.countFrom(contentBytes);
  }

  /** Makes one of the subscribers a witness whose latencies count. */
  sample(subscriber: Subscriber, onDelivery: (sequence: number) => void = () => {}): void {
    this.#witnesses.set(subscriber, new Witness(subscriber, this.journal, onDelivery));
  }

  /** Makes one of the subscribers a witness. Who publishes has to be one, for its answers are no deliveries. */
  watch(subscriber: Subscriber): void {
    this.#witnesses.set(subscriber, new Witness(subscriber, null, () => {}));
  }

  deliveries(): number {
    return this.#subscribers.reduce((sum, one) => sum + this.#deliveriesTo(one), 0);
  }

  bytes(): number {
    return this.#subscribers.reduce((sum, one) => sum + one.bytesRead, 0);
  }

  /** Messages that open connections have yet to get. Only meaningful after the last publish. */
  missing(): number {
    return this.#subscribers.reduce(
      (sum, one) => (one.closed === null ? sum + this.journal.published - this.#deliveriesTo(one) : sum),
      0,
    );
  }

  /** Connections that have ended, by reason. */
  dropped(): Record<string, number> {
    return tally(this.#subscribers.flatMap((one) => one.closed ?? []));
  }

  /** Whether all open witnesses saw the same messages in the same order. */
  sameOrder(): boolean {
    const open = [...this.#witnesses.values()].filter((one) => one.subscriber.closed === null);
    return new Set(open.map((one) => one.orderHash)).size <= 1;
  }

  #deliveriesTo(subscriber: Subscriber): number {
    return subscriber.counted + (this.#witnesses.get(subscriber)?.seen ?? 0);
  }
}

/** How often each reason occurs. */
export function tally(reasons: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** `count` of the items, or all where there are no more. */
export function evenlySpaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return items.filter((_, index) => index % Math.floor(items.length / count) === 0).slice(0, count);
}
