import assert from 'node:assert/strict';
import type { Ledger, Seen } from './ledger.ts';
import { SocketClient } from './socket-client.ts';
import { StreamClient } from './stream-client.ts';

/** A subscriber that comes back after every break and holds the server to its positions. */
abstract class Subscriber {
  protected readonly channels: readonly string[];
  /** The last offset received, by channel. */
  readonly #offsets = new Map<string, number>();
  readonly #name: string;
  readonly #ledger: Ledger;

  constructor(name: string, ledger: Ledger, channels: readonly string[]) {
    this.#name = name;
    this.#ledger = ledger;
    this.channels = channels;
  }

  offset(channel: string): number {
    return this.#offsets.get(channel) ?? 0;
  }

  /** Resolves once it has everything of its channels up to these offsets; checks all that came on the way. */
  abstract reach(tops: ReadonlyMap<string, number>): Promise<void>;

  protected has(tops: ReadonlyMap<string, number>): boolean {
    return this.channels.every((channel) => this.offset(channel) >= (tops.get(channel) ?? 0));
  }

  protected receive(message: Seen): void {
    const expected = this.offset(message.channel) + 1;
    assert.equal(message.offset, expected, `${this.#name}: the next of ${message.channel} is due`);
    this.#offsets.set(message.channel, message.offset);
    this.#ledger.place(message);
  }

  protected fail(what: unknown): never {
    assert.fail(`${this.#name} was told: ${JSON.stringify(what)}`);
  }
}

/** Frames that change nothing of what it has. */
const silent: ReadonlySet<string> = new Set(['connected', 'heartbeat', 'live']);

/** Resumes by the position of each channel. */
export class SocketSubscriber extends Subscriber {
  #client: SocketClient | null = null;
  #read = 0;
  #epoch: string | null = null;

  /** Resolves when it is connected and has asked for its channels. */
  async connect(url: string): Promise<void> {
    this.check();
    this.close();
    const client = new SocketClient(`${url.replace('http', 'ws')}/ws/connect`, {});
    this.#client = client;
    this.#read = 0;
    await client.opened;
    for (const channel of this.channels) {
      const position =
        this.#epoch === null ? undefined : { epoch: this.#epoch, offset: this.offset(channel) };
      client.send({ action: 'subscribe', data: { channel, history: 0, position } });
    }
  }

  /** Resolves when every channel is live. */
  async subscribed(): Promise<void> {
    const client = this.#client;
    const count = (): number => client?.inbox.all.filter(({ type }) => type === 'subscribed').length ?? 0;
    await client?.inbox.until(() => count() === this.channels.length);
    this.check();
  }

  async reach(tops: ReadonlyMap<string, number>): Promise<void> {
    await this.#client?.inbox.until(() => {
      this.check();
      return this.has(tops);
    });
  }

  /** Reads what has arrived. */
  check(): void {
    const frames = this.#client?.inbox.all ?? [];
    for (; this.#read < frames.length; this.#read++) this.#frame(frames[this.#read]);
  }

  close(): void {
    this.#client?.close();
    this.#client = null;
  }

  #frame(frame: SocketClient['inbox']['all'][number]): void {
    if (frame.type === 'text') this.receive(frame);
    else if (frame.type === 'subscribed') {
      if (this.#epoch !== null && frame.content.recovered === false) this.fail(frame);
      assert.equal(frame.content.gap, undefined);
      this.#epoch ??= frame.content.epoch;
    } else if (!silent.has(frame.type)) this.fail(frame);
  }
}

/** Resumes by `Last-Event-ID`. */
export class StreamSubscriber extends Subscriber {
  #client: StreamClient | null = null;
  #read = 0;
  #lastEventId = '';

  async connect(url: string): Promise<void> {
    this.check();
    this.close();
    const query = this.#lastEventId === '' ? `?channels=${this.channels.join(',')}` : '';
    const headers: Record<string, string> =
      this.#lastEventId === '' ? {} : { 'last-event-id': this.#lastEventId };
    const client = new StreamClient(`${url}/sse/connect${query}`, headers);
    this.#client = client;
    this.#read = 0;
    await client.opened;
  }

  async subscribed(): Promise<void> {
    await this.#client?.inbox.until(() => this.#client?.inbox.all[0]?.event === 'connected');
    this.check();
  }

  async reach(tops: ReadonlyMap<string, number>): Promise<void> {
    await this.#client?.inbox.until(() => {
      this.check();
      return this.has(tops);
    });
  }

  check(): void {
    const events = this.#client?.inbox.all ?? [];
    for (; this.#read < events.length; this.#read++) {
      const item = events[this.#read];
      if (item?.event === 'message') this.receive(item.data);
      else if (item?.event !== 'connected' && item?.event !== 'closed') this.fail(item);
      // As a browser does: the id counts once its event was dispatched.
      this.#lastEventId = item?.id ?? this.#lastEventId;
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = null;
  }
}
