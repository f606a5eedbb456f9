import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How the fake errs, to see the bench notice. From the tenth request on. */
export interface Faults {
  /** Answers with this status. */
  readonly refuse?: number;
  /** Acknowledges a request that it does not keep. */
  readonly forget?: boolean;
  /** Never answers again. */
  readonly hang?: boolean;
  /** Ends the connection. */
  readonly hangUp?: boolean;
}

const FAULT_AT = 10;

/** As much of the HTTP API as the bench speaks. */
export class FakePublishApi implements AsyncDisposable {
  /** Data of all messages that it keeps. */
  readonly kept: string[] = [];
  readonly keys = new Set<string>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #faults: Faults;
  #requests = 0;

  static async start(faults: Faults = {}): Promise<FakePublishApi> {
    const fake = new FakePublishApi(faults);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  private constructor(faults: Faults) {
    this.#faults = faults;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.keys.add(String(request.headers['x-api-key']));
    if (request.url === '/api/channels/bench') return answer(response, 200, { offset: this.kept.length });
    const body = JSON.parse(await text(request)) as { data: string; messages?: { data: string }[] };
    const { refuse, forget = false, hang = false, hangUp = false } = this.#faults;
    const faulty = ++this.#requests >= FAULT_AT;
    if (faulty && hang) return;
    if (faulty && hangUp) return void request.socket.destroy();
    if (faulty && refuse !== undefined) return answer(response, refuse, { error: 'as told' });
    const messages = request.url === '/api/batch' ? (body.messages ?? []) : [body];
    if (!(faulty && forget)) this.kept.push(...messages.map((message) => message.data));
    answer(response, 200, { ok: true });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
  response.end(bytes);
}
