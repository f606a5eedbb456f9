import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** How the fake errs, to see the bench notice. At the tenth publish. */
export interface Faults {
  /** Acknowledges a publish that it does not keep. */
  readonly forget?: boolean;
  /** Never acknowledges it. */
  readonly withhold?: boolean;
  /** Answers it with this error. */
  readonly refuse?: string;
}

interface Publish {
  readonly data: { readonly channel: string; readonly content: string };
  readonly request_id: string;
}

const FAULT_AT = 10;

/** As much of the channel dialect and the HTTP API as publishing with acknowledgements needs. */
export class FakeIngest implements AsyncDisposable {
  /** The contents of each channel. */
  readonly kept = new Map<string, string[]>();
  readonly #server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '').replace('/api/channels/', ''));
    response.end(JSON.stringify({ name, offset: this.kept.get(name)?.length ?? 0 }));
  });
  readonly #faults: Faults;
  #publishes = 0;

  static async start(faults: Faults = {}): Promise<FakeIngest> {
    const fake = new FakeIngest(faults);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  private constructor(faults: Faults) {
    this.#faults = faults;
    const wss = new WebSocketServer({ server: this.#server, path: '/ws/connect', perMessageDeflate: false });
    wss.on('connection', (socket) => {
      socket.on('error', () => socket.terminate());
      socket.on('message', (data) => {
        const answer = this.#answer(JSON.parse(data.toString()) as Publish);
        if (answer !== null) socket.send(JSON.stringify(answer));
      });
      socket.send(JSON.stringify({ type: 'connected', content: { user_id: null } }));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ data: { channel, content }, request_id }: Publish): object | null {
    const { forget, withhold, refuse } = this.#faults;
    const isFaulty = ++this.#publishes === FAULT_AT;
    const texts = this.kept.get(channel) ?? [];
    if (!isFaulty || forget !== true) this.kept.set(channel, [...texts, content]);
    if (isFaulty && withhold === true) return null;
    if (isFaulty && refuse !== undefined) {
      return { type: 'error', content: { type: refuse, error: 'as told', retryable: true }, request_id };
    }
    return { type: 'ack', channel, content: { channel, offset: texts.length + 1 }, request_id };
  }
}
