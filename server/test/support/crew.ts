import { Agent, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../src/clock.ts';
import { ChannelClient, type ChannelVisit } from './channel-client.ts';
import { Inbox } from './inbox.ts';
import { type HttpAnswer, TestServer, testSecret } from './server.ts';
import { Directory, type Exit, ServerProcess } from './server-process.ts';

type Headers = Readonly<Record<string, string>>;

/** A line of the log. */
interface Line {
  readonly msg: string;
  readonly worker?: number;
  readonly request?: string;
  readonly connection?: string;
}

interface Closable {
  close(): void;
}

const mortal = `--import=${new URL('./mortal-workers.ts', import.meta.url)}`;

/** `fanwire serve --workers 2` as a process of its own. Its log says which worker has a connection or had a request. */
export class Crew extends TestServer {
  readonly process: ServerProcess;
  readonly lines = new Inbox<Line>('the log');
  readonly #workers = new Map<string, number>();
  /** Ids of connections by that of their request. */
  readonly #connections = new Map<string, string>();
  readonly #gone = new Set<string>();
  #requests = 0;
  #rest = '';

  private constructor(process: ServerProcess, end: () => Promise<void>) {
    super(process.url, systemClock, end);
    this.process = process;
    this.#read(process.stderr);
    process.child.stderr?.on('data', (text: string) => this.#read(text));
  }

  static async start(env: Headers = {}): Promise<Crew> {
    const directory = new Directory();
    const process = await ServerProcess.start({
      env: {
        WORKERS: '2',
        LOG_LEVEL: 'debug',
        JWT_SECRET: testSecret,
        DATABASE_PATH: directory.join('chat.db'),
        NODE_OPTIONS: mortal,
        ...env,
      },
    });
    return new Crew(process, async () => {
      await process[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    });
  }

  /** An id that no other request of the tests has. */
  tag(): string {
    return `request-${++this.#requests}`;
  }

  /** Which worker had the request. */
  async workerOf(request: string): Promise<number> {
    await this.lines.until(
      () => this.#workers.has(request),
      () => `a line of ${request}`,
    );
    return this.#workers.get(request) ?? 0;
  }

  /** Resolves when the server has seen the connection of this request go. */
  async seenGone(request: string): Promise<void> {
    await this.lines.until(
      () => this.#gone.has(this.#connections.get(request) ?? ''),
      () => `the end of the connection of ${request}`,
    );
  }

  /** Opens a connection on this worker; those that came to another one are closed, and gone when this resolves. */
  async on<C extends Closable>(worker: number, open: (headers: Headers) => Promise<C>): Promise<C> {
    let closed = 0;
    for (;;) {
      const request = this.tag();
      const client = await open({ 'x-request-id': request }).catch((thrown: { status?: number }) => {
        // That a place in a room is free again, another worker hears a moment later.
        if (closed === 0 || thrown.status !== 503) throw thrown;
        return null;
      });
      if (client === null) continue;
      if ((await this.workerOf(request)) === worker) return client;
      client.close();
      closed++;
      await this.seenGone(request);
    }
  }

  /** One on each worker. */
  async pair<C extends Closable>(open: (headers: Headers) => Promise<C>): Promise<[C, C]> {
    return [await this.on(1, open), await this.on(2, open)];
  }

  /** Channel clients, the first on worker 1 and the second on worker 2. */
  clients(visit: ChannelVisit = {}): Promise<[ChannelClient, ChannelClient]> {
    return this.pair((headers) =>
      ChannelClient.open(this, { ...visit, headers: { ...visit.headers, ...headers } }),
    );
  }

  /** Asks this worker, on a TCP connection of its own. */
  async askOn(
    worker: number,
    method: string,
    path: string,
    body?: unknown,
    headers: Headers = {},
  ): Promise<HttpAnswer> {
    for (;;) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      try {
        if ((await this.#probe(agent)) !== worker) continue;
        const request = this.tag();
        const answer = await this.#ask(agent, method, path, body, { ...headers, 'x-request-id': request });
        if ((await this.workerOf(request)) !== worker) throw new Error('the connection was not kept');
        return answer;
      } finally {
        agent.destroy();
      }
    }
  }

  /** Asks every worker; the answers are in the order of their numbers. */
  async askAll(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<HttpAnswer[]> {
    return [
      await this.askOn(1, method, path, body, headers),
      await this.askOn(2, method, path, body, headers),
    ];
  }

  /** The first worker fails: by a fault that nobody caught, or without a word. */
  fail(how: 'fault' | 'silence'): void {
    this.process.child.kill(how === 'fault' ? 'SIGUSR2' : 'SIGPIPE');
  }

  end(): Promise<Exit> {
    this.process.child.kill('SIGTERM');
    return this.process.ended();
  }

  async #probe(agent: Agent): Promise<number> {
    const request = this.tag();
    await this.#ask(agent, 'GET', '/health', undefined, { 'x-request-id': request });
    return this.workerOf(request);
  }

  #ask(agent: Agent, method: string, path: string, body: unknown, headers: Headers): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const request = httpRequest(`${this.url}${path}`, { agent, method, headers: { ...json, ...headers } });
      request.on('error', reject);
      request.on('response', (response) => {
        text(response).then((body) => {
          const status = response.statusCode ?? 0;
          const isJson = response.headers['content-type']?.startsWith('application/json');
          const fields = new Headers(
            Object.entries(response.headers).map(([name, value]) => [name, `${value}`]),
          );
          resolve({ status, headers: fields, body: isJson ? JSON.parse(body) : body });
        }, reject);
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) this.#keep(JSON.parse(line));
  }

  #keep(line: Line): void {
    const { msg, worker, request, connection } = line;
    if (worker !== undefined && request !== undefined) this.#workers.set(request, worker);
    if (msg === 'connection opened') this.#connections.set(request ?? '', connection ?? '');
    if (msg === 'connection closed') this.#gone.add(connection ?? '');
    this.lines.put(line);
  }
}
