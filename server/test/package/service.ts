import { Running } from '../docs/shell.ts';
import { type Frame, SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { environment } from './npm.ts';

/** A program that says where it listens, and ends with the tests. */
export class Service implements AsyncDisposable {
  readonly running: Running;
  url = '';
  readonly #clients: { close(): void }[] = [];

  private constructor(running: Running) {
    this.running = running;
  }

  /** On a free port; nothing of the tests' own environment reaches it but PATH. */
  static async start(cwd: string, command: string, ...args: readonly string[]): Promise<Service> {
    const { PATH, HOME } = environment();
    const env = { PATH, HOME, PORT: '0', LOG_LEVEL: 'warn', npm_config_offline: 'true' };
    const service = new Service(new Running(command, args, { cwd, env }));
    const { running } = service;
    const address = /listening on (http:\S+)\s/;
    try {
      await running.printed.until(() => address.test(running.output));
    } catch (thrown) {
      await service[Symbol.asyncDispose]();
      throw thrown;
    }
    service.url = address.exec(running.output)?.[1] ?? '';
    return service;
  }

  /** With a body, it is a POST. */
  async ask(
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; headers: Headers; body: Frame }> {
    const post = { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(this.url + path, {
      ...(body === undefined ? {} : post),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  socket(path: string, headers: Readonly<Record<string, string>> = {}): SocketClient {
    return this.#keep(new SocketClient(this.url.replace('http', 'ws') + path, { headers }));
  }

  stream(path: string, headers: Readonly<Record<string, string>> = {}): StreamClient {
    return this.#keep(new StreamClient(this.url + path, headers));
  }

  /** Asks it to end, with its clients still there. Resolves to its exit code. */
  end(): Promise<number | null> {
    this.running.signal('SIGTERM');
    return this.running.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.running[Symbol.asyncDispose]();
  }

  #keep<C extends { close(): void }>(client: C): C {
    this.#clients.push(client);
    return client;
  }
}
