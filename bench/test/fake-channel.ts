import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';

/** How the fake errs, to see the bench notice. */
export interface Faults {
  /** Answers every publish with this error instead of delivering. */
  readonly refuse?: string;
  /** Leaves out this message, counted from 1, for the first subscriber. */
  readonly skip?: number;
  /** Closes the first subscriber, with this code, at its tenth message. */
  readonly closeWith?: number;
}

interface Subscriber {
  readonly stream: Duplex;
  close(code: number): void;
}

interface Action {
  readonly action: string;
  readonly data?: { readonly channel: string; readonly content: string };
  readonly request_id?: string;
}

/** As much of the channel dialect as the bench speaks, in the shape of a tick: one write per connection and turn. */
export class FakeChannel implements AsyncDisposable {
  readonly #server = createServer();
  readonly #subscribers: Subscriber[] = [];
  readonly #faults: Faults;
  #batch: Buffer[] = [];
  #offset = 0;

  static async start(faults: Faults = {}): Promise<FakeChannel> {
    const fake = new FakeChannel(faults);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  private constructor(faults: Faults) {
    this.#faults = faults;
    const wss = new WebSocketServer({ server: this.#server, path: '/ws/connect', perMessageDeflate: false });
    const streams = new WeakMap<object, Duplex>();
    this.#server.prependListener('upgrade', (request, stream) => streams.set(request, stream));
    wss.on('connection', (socket, request) => {
      const stream = streams.get(request);
      if (stream === undefined) return;
      const say = (frame: object) => socket.send(JSON.stringify({ timestamp: Date.now(), ...frame }));
      socket.on('error', () => socket.terminate());
      socket.on('message', (data) => {
        const action = JSON.parse(data.toString()) as Action;
        if (action.action === 'subscribe') {
          this.#subscribers.push({ stream, close: (code) => socket.close(code) });
          say({
            type: 'subscribed',
            content: { epoch: 'fake', offset: this.#offset },
            request_id: action.request_id,
          });
        } else if (faults.refuse !== undefined) {
          say({ type: 'error', content: { type: faults.refuse, error: 'as told', retryable: true } });
        } else if (action.data !== undefined) this.#publish(action.data.channel, action.data.content);
      });
      say({ type: 'connected', content: { connection_id: randomUUID(), user_id: null, protocol: 1 } });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stream } of this.#subscribers) stream.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #publish(channel: string, content: string): void {
    const sender = { user_id: null, connection_id: 'fake' };
    const frame = { type: 'text', id: randomUUID(), channel, content, sender, timestamp: Date.now() };
    const text = Buffer.from(JSON.stringify({ ...frame, offset: ++this.#offset, epoch: 'fake' }));
    const header = Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]);
    if (this.#batch.length === 0) setImmediate(() => this.#deliver());
    this.#batch.push(Buffer.concat([header, text]));
  }

  #deliver(): void {
    const first = this.#offset - this.#batch.length + 1;
    const { skip, closeWith } = this.#faults;
    const bytes = Buffer.concat(this.#batch);
    const withGap = Buffer.concat(this.#batch.filter((_, index) => first + index !== skip));
    this.#batch = [];
    if (closeWith !== undefined && first >= 10) this.#subscribers[0]?.close(closeWith);
    for (const [index, { stream }] of this.#subscribers.entries())
      stream.write(index === 0 ? withGap : bytes);
  }
}

/** Run as a program, it stands in for a server: `node bench/test/fake-channel.ts`. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const fake = await FakeChannel.start();
  process.stdout.write(`listening on http://127.0.0.1:${fake.port}\n`);
}
