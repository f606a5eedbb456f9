import { WebSocket } from 'ws';
import type { Acknowledgement, Ledger, Sent } from './ledger.ts';
import type { Random } from './random.ts';

/** A source of messages with unique ids, and of the will to go on until each is acknowledged. */
abstract class Publisher {
  protected readonly ledger: Ledger;
  /** Sent and not acknowledged, in the order of sending. */
  protected readonly open = new Map<string, Sent>();
  protected stopped = false;
  readonly #name: string;
  readonly #channels: readonly string[];
  readonly #random: Random;
  #count = 0;
  readonly #idle = Promise.withResolvers<void>();

  constructor(name: string, ledger: Ledger, channels: readonly string[], random: Random) {
    this.#name = name;
    this.ledger = ledger;
    this.#channels = channels;
    this.#random = random;
  }

  /** Sends nothing new any more. Resolves when all that was sent is acknowledged. */
  finish(): Promise<void> {
    this.stopped = true;
    if (this.open.size === 0) this.#idle.resolve();
    return this.#idle.promise;
  }

  abstract close(): void;

  protected make(): Sent {
    const id = `${this.#name}-${++this.#count}`;
    const channel = this.#random.pick(this.#channels);
    const sent = { id, channel, content: `${id} ${'x'.repeat(this.#random.integer(0, 400))}` };
    this.open.set(id, sent);
    this.ledger.send(sent);
    return sent;
  }

  protected settle(receipt: Acknowledgement): void {
    this.ledger.acknowledge(receipt);
    this.open.delete(receipt.id);
    if (this.stopped && this.open.size === 0) this.#idle.resolve();
  }
}

/** Messages on their way from one publisher at once. */
const window = 32;

/** Publishes over the channel dialect; after a break it sends again what nobody acknowledged. */
export class SocketPublisher extends Publisher {
  #socket: WebSocket | null = null;

  /** Goes on at this address. */
  connect(url: string): void {
    this.close();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/connect`);
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('open', () => {
      for (const sent of this.open.values()) this.#send(sent);
      this.#fill();
    });
    socket.on('message', (data) => {
      if (socket === this.#socket) this.ledger.guard(() => this.#answer(JSON.parse(String(data))));
    });
  }

  close(): void {
    this.#socket?.terminate();
    this.#socket = null;
  }

  #answer(frame: { type: string; content: Acknowledgement; request_id?: string }): void {
    if (frame.type === 'ack') this.settle(frame.content);
    else if (frame.type === 'error' && frame.request_id) {
      const sent = this.open.get(frame.request_id);
      if (sent) this.#send(sent);
    }
    this.#fill();
  }

  #fill(): void {
    while (!this.stopped && this.#socket?.readyState === WebSocket.OPEN && this.open.size < window) {
      this.#send(this.make());
    }
  }

  #send({ id, channel, content }: Sent): void {
    this.#socket?.send(
      JSON.stringify({ action: 'send_to_channel', request_id: id, data: { channel, content, id } }),
    );
  }
}

/** Publishes over HTTP, one request after the other. */
export class HttpPublisher extends Publisher {
  #life = new AbortController();

  connect(url: string): void {
    this.close();
    this.#life = new AbortController();
    void this.#publish(url, this.#life.signal);
  }

  close(): void {
    this.#life.abort();
  }

  async #publish(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [sent = this.stopped ? null : this.make()] = this.open.values();
      if (!sent) return;
      try {
        const { id, channel, content } = sent;
        const response = await fetch(`${url}/ws/send-to-channel`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ channel, message: { id, content } }),
          signal,
        });
        const answer = (await response.json()) as Acknowledgement;
        if (response.status === 200) this.ledger.guard(() => this.settle(answer));
      } catch {
        // Nobody knows what became of it: the same id goes to the next life of the server.
        return;
      }
    }
  }
}
