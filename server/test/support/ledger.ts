import assert from 'node:assert/strict';

/** What one message was when it was sent; the content names it, so that a mix-up is seen. */
export interface Sent {
  readonly id: string;
  readonly channel: string;
  readonly content: string;
}

export interface Acknowledgement {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  readonly duplicate: boolean;
}

/** A message as somebody received it or read it in the history. */
export interface Seen {
  readonly id: string;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  readonly content: unknown;
}

/**
 * The books of a fault test, after Jepsen: what was sent is `ok` (acknowledged), or `unknown` while nobody said. What
 * is `ok` and missing from the history is lost. Every entry is checked against those before it at once.
 */
export class Ledger {
  readonly #sent = new Map<string, Sent>();
  readonly #acknowledged = new Map<string, Acknowledgement>();
  /** By channel and offset, the id that was seen there first. */
  readonly #places = new Map<string, Seen>();
  readonly #epochs = new Set<string>();
  /** Ids whose first acknowledgement was lost and whose retry was recognised. */
  retried = 0;
  #changed: (() => void) | null = null;
  readonly #broken = Promise.withResolvers<never>();

  constructor() {
    this.#broken.promise.catch(() => {});
  }

  get sent(): number {
    return this.#sent.size;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  get epochs(): readonly string[] {
    return [...this.#epochs];
  }

  /** Called at every acknowledgement. */
  onAcknowledged(listener: (() => void) | null): void {
    this.#changed = listener;
  }

  /** What is found in a callback, where nobody would catch it, ends the waits of `unlessBroken`. */
  guard(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#broken.reject(thrown);
    }
  }

  unlessBroken<T>(waiting: Promise<T>): Promise<T> {
    return Promise.race([waiting, this.#broken.promise]);
  }

  send(message: Sent): void {
    this.#sent.set(message.id, message);
  }

  acknowledge(receipt: Acknowledgement): void {
    const { id, channel, offset, epoch, duplicate } = receipt;
    const sent = this.#sent.get(id);
    assert.ok(sent, `acknowledged, but never sent: ${id}`);
    assert.equal(channel, sent.channel, `${id} was acknowledged on another channel`);
    const earlier = this.#acknowledged.get(id);
    if (earlier) assert.equal(offset, earlier.offset, `${id} got a second offset`);
    if (duplicate) this.retried++;
    this.#acknowledged.set(id, receipt);
    this.place({ id, channel, offset, epoch, content: sent.content });
    this.#changed?.();
  }

  /** Somebody saw this message at this place: so has everybody else. */
  place(seen: Seen): void {
    const { id, channel, offset, epoch, content } = seen;
    this.#epochs.add(epoch);
    const key = `${channel}\n${offset}`;
    const earlier = this.#places.get(key);
    if (earlier) {
      assert.equal(id, earlier.id, `two messages at ${channel} ${offset}`);
      assert.deepEqual(content, earlier.content, `two contents at ${channel} ${offset}`);
    } else this.#places.set(key, seen);
    assert.equal(content, this.#sent.get(id)?.content, `${id} has another content than it was sent with`);
  }

  /** Compares the whole history of one channel with the books. */
  check(channel: string, history: readonly Seen[]): void {
    for (const [index, message] of history.entries()) {
      assert.equal(message.offset, index + 1, `the history of ${channel} is not dense`);
      this.place(message);
    }
    const kept = new Map(history.map((message) => [message.id, message]));
    assert.equal(kept.size, history.length, `an id has two places in ${channel}`);
    const lost = [...this.#acknowledged.values()].filter(
      (receipt) => receipt.channel === channel && kept.get(receipt.id)?.offset !== receipt.offset,
    );
    assert.deepEqual(lost, [], `acknowledged and lost in ${channel}`);
    const seen = [...this.#places.values()].filter((place) => place.channel === channel);
    const vanished = seen.filter(({ id }) => !kept.has(id));
    assert.deepEqual(vanished, [], `delivered, but not in the history of ${channel}`);
  }
}
