import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ApiKeys, parseApiKeys } from '../../src/access/api-keys.ts';
import { Authenticator } from '../../src/access/authenticator.ts';
import { Gate } from '../../src/access/gate.ts';
import { HostRule } from '../../src/access/host.ts';
import { TokenVerifier } from '../../src/access/jwt.ts';
import { OriginRule } from '../../src/access/origin.ts';
import { anonymous, type Principal } from '../../src/access/principal.ts';
import { Revocations } from '../../src/access/revocations.ts';
import { Rooms } from '../../src/access/rooms.ts';
import { Tickets } from '../../src/access/tickets.ts';
import { type ApiParts, createApi } from '../../src/api/app.ts';
import type { Directory } from '../../src/api/directory.ts';
import { LocalDirectory } from '../../src/api/local-directory.ts';
import { MemoryEngine } from '../../src/engine/memory/engine.ts';
import { FanwireError } from '../../src/errors.ts';
import { Activity } from '../../src/hub/activity.ts';
import { Hub } from '../../src/hub/hub.ts';
import { Pipeline } from '../../src/middleware/pipeline.ts';
import { Publishing } from '../../src/publishing/publishing.ts';
import { Capacity } from '../../src/transport/capacity.ts';
import { Enforcer } from '../../src/transport/enforcer.ts';
import type { Log, Node } from '../../src/transport/node.ts';
import { Wheel } from '../../src/transport/wheel.ts';
import { jwt } from '../access/raw-jwt.ts';
import { callersOf, unlimited } from '../support/callers.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ClientOptions, connect, type FakeClient } from './connection.ts';
import { Contract, type OpenApi } from './contract.ts';
import { FakeRecipient } from './recipient.ts';

const secret = 'a secret of more than thirty-two bytes';
const keyText = {
  publish: 'publish-key-0123456',
  read: 'read-key-0123456789',
  manage: 'manage-key-01234567',
};

export interface TestOptions {
  /** @default true */
  readonly open?: boolean;
  readonly sseAuth?: boolean;
  /** @default 1000 */
  readonly maxDataBytes?: number;
  readonly allowedOrigins?: readonly string[];
  readonly production?: boolean;
  readonly parts?: Partial<ApiParts>;
  /** @default the stream has no channels, whatever is asked */
  readonly changeStream?: Directory['changeStream'];
}

export interface LogLine {
  readonly level: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

/** Tests look into answers of every shape. */
type Parsed = ReturnType<typeof JSON.parse>;

/** An answer with its body parsed; null where there is none. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Parsed;
}

export type HeaderFields = Record<string, string>;

/** The shape of every error, with nothing else in it. */
export function assertShape(body: unknown, code: string): void {
  const { error, ...rest } = body as { error: { code: string; message: string } };
  assert.deepEqual(rest, {});
  assert.deepEqual(Object.keys(error), ['code', 'message']);
  assert.equal(error.code, code);
  assert.ok(error.message.length > 0);
}

/** A real server on a port of its own, with the hub and everything else under it. */
export class TestServer implements AsyncDisposable {
  readonly app: FastifyInstance;
  readonly parts: ApiParts;
  readonly node: Node;
  readonly clock: FakeClock;
  readonly rooms: Rooms;
  /** What was reported as a fault of the server. */
  readonly reported: unknown[];
  readonly logged: LogLine[];
  #contract: Contract | undefined;

  private constructor(built: Awaited<ReturnType<typeof build>>) {
    this.app = createApi(built.parts);
    this.parts = built.parts;
    this.node = built.node;
    this.clock = built.clock;
    this.rooms = built.rooms;
    this.reported = built.reported;
    this.logged = built.logged;
  }

  static async start(options: TestOptions = {}): Promise<TestServer> {
    const server = new TestServer(await build(options));
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    return server;
  }

  get port(): number {
    return (this.app.server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get(path: string, headers: HeaderFields = {}): Promise<Answer> {
    return this.request('GET', path, { headers });
  }

  /** A string is sent as it is, anything else as its JSON. */
  post(path: string, body: unknown, headers: HeaderFields = {}): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.request('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: text,
    });
  }

  /** Every answer is held against the description of the API. */
  async request(method: string, path: string, init: Omit<RequestInit, 'method'> = {}): Promise<Answer> {
    const response = await fetch(this.origin + path, { ...init, method });
    const text = await response.text();
    const { status, headers } = response;
    const contentType = headers.get('content-type');
    const body = text === '' ? null : parsed(text, contentType);
    this.#contract ??= new Contract(this.app.swagger() as unknown as OpenApi);
    this.#contract.check({ method, path, status, contentType, body });
    return { status, headers, text, body };
  }

  /** Somebody who hears these channels, besides everyone's and its own. */
  async listen(channels: readonly string[], user: string | null = null): Promise<FakeRecipient> {
    const recipient = new FakeRecipient(`r${this.parts.hub.connections.size}`, user);
    await this.parts.hub.attach(recipient);
    for (const channel of channels) await this.parts.hub.subscribe(recipient, channel);
    return recipient;
  }

  connect(options: ClientOptions = {}): Promise<FakeClient> {
    return connect(this.node, options);
  }

  /** A private room of `owner`. */
  async privateRoom(channel: string, owner: string, members: string[] = []): Promise<void> {
    const principal = { ...anonymous, via: 'jwt' as const, user: owner };
    await this.rooms.create({ principal, name: owner }, channel, true, members);
  }

  /** The headers of a token that is good for a minute. */
  token(user: string, claims: object = {}): HeaderFields {
    const exp = Math.floor(this.clock.now() / 1000) + 60;
    return { authorization: `Bearer ${jwt('HS256', secret, { sub: user, exp, ...claims })}` };
  }

  /** The headers of the API key that has this one scope. */
  key(scope: keyof typeof keyText): HeaderFields {
    return { 'x-api-key': keyText[scope] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.parts.hub.close();
  }
}

async function build(options: TestOptions) {
  const clock = new FakeClock();
  const reported: unknown[] = [];
  const logged: LogLine[] = [];
  const report = (thrown: unknown): void => void reported.push(thrown);
  const log = recorder(logged);
  const retention = { windowSize: 1000, windowTtl: 600_000, historyTtl: 0, idempotencyWindow: 300_000 };
  const engine = new MemoryEngine({ retention, clock });
  const activity = new Activity();
  const hub = new Hub({ engine, clock, report, activity });
  await hub.open();
  const rooms = new Rooms(hub, engine.rooms);
  const revocations = new Revocations(hub, engine.revocations);
  const enforcer = new Enforcer(hub, { rooms, revocations });
  const capacity = new Capacity({ connections: 1000, websocket: 600, sse: 500 });
  const callers = callersOf(clock, unlimited);
  const gate = new Gate(rooms, 'all', { authRequired: false });
  const { maxDataBytes = 1000 } = options;
  const parts: ApiParts = {
    ...{
      hub,
      engine,
      capacity,
      callers,
      clock,
      report,
      log,
      presence: engine.presence,
      revocations,
      enforcer,
    },
    ...(await access(options, clock, (principal) => revocations.covers(principal))),
    gate,
    publishing: new Publishing({ hub, gate, pipeline: new Pipeline(report), maxDataBytes, report }),
    policy: {
      management: (options.open ?? true) ? 'all' : 'nothing',
      sseAuthRequired: options.sseAuth ?? false,
      maxDataBytes,
      apiKeyHeader: 'X-API-Key',
      pages: { enabled: true, console: true },
    },
    directory: new LocalDirectory({
      ...{ hub, capacity, activity, clock },
      changeStream: options.changeStream ?? (async () => ({ channels: [] })),
    }),
    openStream: async () => {},
    refuseSocket: async () => new FanwireError('upgrade_required', 'a WebSocket is served here'),
    ...options.parts,
  };
  const limits = { messages: 100, bytes: 1_000_000, clock };
  const node: Node = { hub, capacity, callers, clock, log, report, limits, wheel: new Wheel(clock, report) };
  return { parts, node, clock, rooms, reported, logged };
}

async function access(options: TestOptions, clock: FakeClock, revoked: (principal: Principal) => boolean) {
  const tickets = new Tickets({ clock });
  const { production = false } = options;
  const host = new HostRule({ production, listen: '127.0.0.1', publicUrl: null, allowed: ['127.0.0.1'] });
  const keys = Object.entries(keyText).map(([scope, key]) => `${scope}r:${scope}:${key}`);
  const verifier = await TokenVerifier.create({
    ...{ secret, previousSecret: null, algorithms: ['HS256'], publicKey: null, jwksUrl: null },
    ...{ issuer: null, audience: null, expRequired: true, clock, revoked },
  });
  const apiKeys = new ApiKeys(parseApiKeys(keys.join(',')));
  return {
    tickets,
    authenticator: new Authenticator({ verifier, apiKeys, tickets, revoked, apiKeyHeader: 'X-API-Key' }),
    host,
    origin: new OriginRule({ allowed: options.allowedOrigins ?? [], production, own: host }),
  };
}

function parsed(text: string, contentType: string | null): Parsed {
  return contentType?.startsWith('application/json') ? JSON.parse(text) : text;
}

function recorder(lines: LogLine[]): Log {
  const write =
    (level: string) =>
    (fields: object, text: string): void =>
      void lines.push({ ...fields, level, text });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
