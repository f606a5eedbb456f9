import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../../src/clock.ts';
import { createServer, type Fanwire, type FanwireOptions, type Log } from '../../src/index.ts';
import { Inbox } from './inbox.ts';
import { TestServer, testSecret } from './server.ts';

/** A fault that the server logged, with what was thrown. */
export interface Fault {
  readonly error: { readonly message: string };
}

/** Keeps the faults that are logged, and drops the rest. */
export class FaultLog implements Log {
  readonly inbox = new Inbox<Fault>('faults');

  debug(): void {}
  info(): void {}

  warn(): void {}

  error(fields: object): void {
    if ('error' in fields) this.inbox.put(fields as Fault);
  }

  /** Messages of what was thrown so far, in order. */
  get messages(): string[] {
    return this.inbox.all.map(({ error }) => error.message);
  }
}

/** A server made by `createServer`, with the clients of the tests. */
export class Embedded extends TestServer {
  readonly fanwire: Fanwire;
  readonly log: FaultLog;

  constructor(url: string, fanwire: Fanwire, log: FaultLog, close: () => Promise<void>) {
    super(url, systemClock, close);
    this.fanwire = fanwire;
    this.log = log;
  }
}

/** Options under which a server touches no disk and takes the tests' tokens. */
export const inMemory = { engine: 'memory', jwt: { secret: testSecret } } as const;

/** On a free port of its own, with the memory engine unless the options say otherwise. */
export async function embedded(options: FanwireOptions = {}): Promise<Embedded> {
  const log = new FaultLog();
  const fanwire = await createServer({ ...inMemory, logger: log, ...options });
  return new Embedded(await fanwire.listen(0), fanwire, log, () => fanwire.close());
}

/** An HTTP server of an application, listening on a free port, with a Fanwire on it. */
export class Hosted extends Embedded {
  readonly http: Server;

  constructor(http: Server, fanwire: Fanwire, log: FaultLog) {
    super(urlOf(http), fanwire, log, async () => {
      await fanwire.close();
      await closeHttp(http);
    });
    this.http = http;
  }
}

/** `http` is the application's server, not listening yet; by default one that answers 200 with the text `theirs`. */
export async function hosted(
  options: FanwireOptions = {},
  http: Server = createHttpServer((_request, response) => response.end('theirs')),
): Promise<Hosted> {
  const log = new FaultLog();
  const fanwire = await createServer({ ...inMemory, logger: log, server: http, ...options });
  await listening(http);
  return new Hosted(http, fanwire, log);
}

const sockets = new WeakMap<Server, Set<Socket>>();

/** On a free port of this machine. */
export function listening(http: Server): Promise<void> {
  const open = new Set<Socket>();
  sockets.set(http, open);
  http.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', resolve);
  });
}

export function urlOf(http: Server): string {
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** With every connection, those that were upgraded included. */
export function closeHttp(http: Server): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => resolve());
    for (const socket of sockets.get(http) ?? []) socket.destroy();
  });
}
