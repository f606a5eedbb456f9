import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import { Ledger, type Seen } from './ledger.ts';
import { HttpPublisher, SocketPublisher } from './publishers.ts';
import type { Random } from './random.ts';
import { Directory, type Exit, type ProcessOptions, ServerProcess } from './server-process.ts';
import { SocketSubscriber, StreamSubscriber } from './subscribers.ts';

const channels = ['alpha', 'beta', 'gamma'];
const page = 1000;

/** Publishers and subscribers that outlive the server, and the books that they keep. */
export class Load implements AsyncDisposable {
  readonly ledger = new Ledger();
  readonly #directory = new Directory();
  readonly #random: Random;
  readonly #env: Readonly<Record<string, string>>;
  readonly #publishers: (SocketPublisher | HttpPublisher)[];
  readonly #subscribers: (SocketSubscriber | StreamSubscriber)[];
  #server: ServerProcess | null = null;

  constructor(random: Random, env: Readonly<Record<string, string>> = {}) {
    this.#random = random;
    this.#env = env;
    const { ledger } = this;
    this.#publishers = [
      new SocketPublisher('s1', ledger, channels, random),
      new SocketPublisher('s2', ledger, channels, random),
      new HttpPublisher('h1', ledger, channels, random),
    ];
    this.#subscribers = [
      new SocketSubscriber('socket 1', ledger, channels),
      new SocketSubscriber('socket 2', ledger, ['beta']),
      new StreamSubscriber('stream 1', ledger, channels),
      new StreamSubscriber('stream 2', ledger, ['alpha', 'gamma']),
    ];
  }

  /** Starts a server on the same directory, and everybody comes back. */
  async start(): Promise<ServerProcess> {
    const first = this.#server === null;
    const server = await ServerProcess.start(this.#options);
    this.#server = server;
    const connecting = this.#subscribers.map((subscriber) => subscriber.connect(server.url));
    // Only at the very first time somebody who comes too late would miss the beginning.
    if (first) {
      await Promise.all(connecting);
      for (const subscriber of this.#subscribers) await subscriber.subscribed();
    } else for (const connection of connecting) connection.catch(() => {});
    for (const publisher of this.#publishers) publisher.connect(server.url);
    return server;
  }

  /** Starts a server that is killed before anybody has come, while it opens the file or listens. */
  async startInVain(): Promise<void> {
    await using server = new ServerProcess(this.#options);
    await after(this.#random.next() * 500);
    await server.kill('SIGKILL');
  }

  /** Ends the server at a moment that the seed chooses: after some acknowledgements and a bit of time. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    const { resolve, promise } = Promise.withResolvers<void>();
    let count = this.#random.integer(0, 1500);
    this.ledger.onAcknowledged(() => count-- <= 0 && resolve());
    await this.ledger.unlessBroken(promise);
    this.ledger.onAcknowledged(null);
    await after(this.#random.next() * 20);
    const exit = await this.#server?.kill(signal);
    assert.ok(exit);
    return exit;
  }

  /** Nothing new is sent; once all is acknowledged and delivered, the books are compared with the history. */
  async settle(): Promise<void> {
    await this.ledger.unlessBroken(Promise.all(this.#publishers.map((publisher) => publisher.finish())));
    const tops = new Map<string, number>();
    for (const channel of channels) {
      const history = await this.#history(channel);
      tops.set(channel, history.length);
      this.ledger.check(channel, history);
    }
    assert.equal(this.ledger.acknowledged, this.ledger.sent);
    for (const subscriber of this.#subscribers) await subscriber.reach(tops);
  }

  get #options(): ProcessOptions {
    const path = this.#directory.join('chat.db');
    return { env: { PORT: '0', DATABASE_PATH: path, RECOVERY_WINDOW_SIZE: '1000000', ...this.#env } };
  }

  async #history(channel: string): Promise<Seen[]> {
    const messages: Seen[] = [];
    for (let more = true; more; ) {
      const query = `after=${messages.length}&limit=${page}`;
      const response = await fetch(`${this.#server?.url}/api/channels/${channel}/messages?${query}`);
      const body = (await response.json()) as { messages: Seen[]; more: boolean };
      messages.push(...body.messages);
      more = body.more;
    }
    return messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    for (const client of [...this.#publishers, ...this.#subscribers]) client.close();
    this.#directory[Symbol.dispose]();
  }
}
