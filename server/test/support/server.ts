import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signToken, type TokenOrder } from '../../src/access/token-signer.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { loadSettings } from '../../src/config/load.ts';
import { createLog } from '../../src/ops/log.ts';
import { startServer } from '../../src/server.ts';
import type { Log } from '../../src/transport/node.ts';
import { startWorkers } from '../../src/workers/primary.ts';
import { SocketClient, type SocketOptions } from './socket-client.ts';
import { StreamClient } from './stream-client.ts';

/** The whole suite can be run against servers with several workers, as far as it does not move their clock. */
const workers = process.env.TEST_WORKERS;

export const testSecret = 'a-secret-of-the-tests-32-bytes-long';
/** Passes outside production, as a browser on the same machine would send it. */
export const testOrigin = 'http://localhost:3000';

export interface TestServerOptions {
  /** Settings, as in the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Where its log goes. @default nowhere */
  readonly log?: Log;
  /** Database directory; one of its own by default, removed at the end. */
  readonly directory?: string;
}

/** What a test may wish for in a token. */
export type TokenWishes = Partial<Pick<TokenOrder, 'ttlSeconds' | 'channels' | 'scopes'>>;

/** A real server on a free port, and everything that tests opened on it, closed by `await using`. */
export class TestServer implements AsyncDisposable {
  readonly url: string;
  readonly clock: Clock;
  readonly #close: () => Promise<void>;
  readonly #clients: { close(): void }[] = [];

  constructor(url: string, clock: Clock, close: () => Promise<void>) {
    this.url = url;
    this.clock = clock;
    this.#close = close;
  }

  /** A token of the test secret, valid by the server's clock. */
  token(user: string, { ttlSeconds = 3600, ...more }: TokenWishes = {}): Promise<string> {
    return signToken({
      secret: testSecret,
      algorithm: 'HS256',
      user,
      ttlSeconds,
      clock: this.clock,
      ...more,
    });
  }

  /** Opens a WebSocket, buffering frames from its birth. Rejects with a `Refused` when the upgrade is refused. */
  async socket(path: string, options: SocketOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(`${this.url.replace('http', 'ws')}${path}`, options);
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  /** Opens an event stream, buffering events from its birth. Rejects with a `Refused`. */
  async stream(path: string, headers: Readonly<Record<string, string>> = {}): Promise<StreamClient> {
    const client = new StreamClient(`${this.url}${path}`, headers);
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  /** A room-dialect client: token and Origin included. */
  async room(room: string, user: string, query = ''): Promise<SocketClient> {
    const token = await this.token(user);
    return this.socket(`/ws/${encodeURIComponent(room)}?token=${token}${query}`, {
      headers: { origin: testOrigin },
    });
  }

  /** JSON over HTTP. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#close();
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is what the test is about
  readonly body: any;
}

export async function testServer({
  env = {},
  clock = systemClock,
  log = createLog('silent'),
  directory,
}: TestServerOptions = {}): Promise<TestServer> {
  const own = directory === undefined ? mkdtempSync(join(tmpdir(), 'fanwire-test-')) : null;
  const settings = loadSettings({
    PORT: '0',
    DATABASE_PATH: join(directory ?? own ?? '', 'chat.db'),
    JWT_SECRET: testSecret,
    LOG_LEVEL: 'silent',
    ...(workers === undefined ? {} : { WORKERS: workers }),
    ...env,
  });
  const start = clock === systemClock && settings.listen.workers > 1 ? startWorkers : startServer;
  const server = await start(settings, log, clock);
  return new TestServer(server.url, clock, async () => {
    await server.close();
    if (own !== null) rmSync(own, { recursive: true });
  });
}
